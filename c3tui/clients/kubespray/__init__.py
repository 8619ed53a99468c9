"""Kubespray: inventory, playbook runs in a child process, their records, progress and hints."""

from c3tui.clients.kubespray.hints import advise, hint
from c3tui.clients.kubespray.inventory import Inventory, Node, render
from c3tui.clients.kubespray.job import Job, load
from c3tui.clients.kubespray.progress import Progress, planned_tasks
from c3tui.clients.kubespray.record import HostStats, Kind, Record, Status
from c3tui.clients.kubespray.result import Ending, Failure, Result
from c3tui.clients.kubespray.run import run_playbook, stop
from c3tui.clients.kubespray.software import tree

__all__ = [
    "Ending",
    "Failure",
    "HostStats",
    "Inventory",
    "Job",
    "Kind",
    "Node",
    "Progress",
    "Record",
    "Result",
    "Status",
    "advise",
    "hint",
    "load",
    "planned_tasks",
    "render",
    "run_playbook",
    "stop",
    "tree",
]
