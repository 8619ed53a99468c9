"""Ends a run between two tasks: when the file named in C3_STOP_FLAG is there, no further task begins."""

import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: c3_stop
    type: aggregate
    short_description: ends a run after the task under way
    description: Looks for a flag file before every task and interrupts the run when it is there.
    requirements:
      - enabled in callbacks_enabled
"""


class CallbackModule(CallbackBase):
    """Looks for the flag before Ansible hands a task to its workers: none is ever cut off."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "c3_stop"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task: object, is_conditional: bool) -> None:
        """Called by the strategy in the main process, before the task is queued for any host."""
        self._look()

    def v2_playbook_on_handler_task_start(self, task: object) -> None:
        """The same for handlers."""
        self._look()

    def _look(self) -> None:
        flag = os.environ.get("C3_STOP_FLAG", "")
        if flag and Path(flag).exists():
            Path(os.environ["C3_STOPPED_MARK"]).touch(mode=0o600)
            # Ansible takes an ordinary exception of a callback for a nuisance and goes on.
            raise KeyboardInterrupt
