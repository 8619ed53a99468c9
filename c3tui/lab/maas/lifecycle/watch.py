"""What MAAS does by itself: asks BMCs for the power, and gives up machines it hears nothing of."""

from c3tui.lab.maas.lifecycle.power import PowerError, log_in
from c3tui.lab.maas.lifecycle.sets import abort_rows
from c3tui.lab.maas.records import Machine
from c3tui.lab.maas.region import POWER_LAG, POWER_PERIOD, Region, duration
from c3tui.lab.maas.status import ROW_RUNNING, NodeStatus, ScriptStatus

_AFTER_TIMEOUT = {
    NodeStatus.COMMISSIONING: NodeStatus.FAILED_COMMISSIONING,
    NodeStatus.TESTING: NodeStatus.FAILED_TESTING,
    NodeStatus.DEPLOYING: NodeStatus.FAILED_DEPLOYMENT,
    NodeStatus.DISK_ERASING: NodeStatus.FAILED_DISK_ERASING,
}

OVERRUN_GRACE = 300.0
"""Simulated seconds that the region gives the machine to end an overdue script itself."""


def look_at_power(region: Region) -> None:
    """Ask every BMC whose time has come; a failed query is power state ``error``."""
    now = region.now()
    for machine in region.db.machines.values():
        if machine.power_type != "ipmi" or now < machine.query_due:
            continue
        machine.query_due = now + POWER_PERIOD
        if not machine.power_parameters.get("power_user"):
            continue
        box = region.room.by_bmc(str(machine.power_parameters.get("power_address", "")))
        try:
            if box is None or not box.bmc.alive:
                raise PowerError("no answer")
            log_in(machine, box.bmc)
            machine.power_state = "on" if box.powered else "off"
        except PowerError:
            machine.power_state = "error"


def give_up(region: Region, active: set[str], stood_still: float) -> None:
    """Fail machines in transit that were silent for ``node_timeout`` minutes.

    ``stood_still`` is simulated time in which the lab itself was held up: nobody's silence.
    """
    now = region.now()
    minutes = int(region.db.config["node_timeout"])
    for machine in region.db.machines.values():
        if machine.system_id in active:
            machine.waiting_since = now
            _ping(region, machine)
            _stop_overrun(region, machine)
        elif machine.status in _AFTER_TIMEOUT:
            machine.waiting_since = min(now, machine.waiting_since + stood_still)
            if now - machine.waiting_since > minutes * 60:
                _time_out(region, machine, minutes)


def _ping(region: Region, machine: Machine) -> None:
    """The ephemeral system says every while that it lives, however long a script runs."""
    numbers = {NodeStatus.COMMISSIONING: machine.commissioning_set, NodeStatus.TESTING: machine.testing_set}
    each = region.db.set_of(machine.system_id, numbers.get(machine.status))
    if each is not None and each.last_ping is not None:
        each.last_ping = region.now()


def _stop_overrun(region: Region, machine: Machine) -> None:
    """A script that runs on long after its time costs the whole machine: its neighbours are aborted."""
    each = region.db.set_of(machine.system_id, machine.testing_set)
    if machine.status is not NodeStatus.TESTING or each is None:
        return
    for row in each.rows:
        script = region.db.script_by_name(row.name)
        if row.status is not ScriptStatus.RUNNING or not script or not script.timeout or not row.started:
            continue
        if region.now() <= row.started + script.timeout + OVERRUN_GRACE:
            continue
        row.status, row.ended = ScriptStatus.TIMED_OUT, region.now()
        abort_rows(region, each)
        reason = f"{row.name} has run past it's timeout({duration(script.timeout)})"
        machine.error_description = reason
        region.move(machine, NodeStatus.FAILED_TESTING)
        region.event(machine, "Marking node failed", reason, level="ERROR")
        if box := region.box_of(machine):
            machine.query_due = region.now() + POWER_LAG
            region.room.power_off(box)
        return


def _time_out(region: Region, machine: Machine, minutes: int) -> None:
    status = machine.status
    for number in (machine.commissioning_set, machine.testing_set, machine.installation_set):
        each = region.db.set_of(machine.system_id, number)
        for row in each.rows if each else []:
            if row.status in ROW_RUNNING:
                row.status, row.ended = ScriptStatus.TIMED_OUT, region.now()
        abort_rows(region, each)
    reason = f"Node operation '{status.label}' timed out after {minutes} minutes."
    machine.error_description = reason
    region.move(machine, _AFTER_TIMEOUT[status])
    region.event(machine, "Marking node failed", reason, level="ERROR")
