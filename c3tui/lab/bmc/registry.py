"""The table of commands: who may call which, with how much data, and what answers it."""

from collections.abc import Callable
from dataclasses import dataclass

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.controller import Controller
from c3tui.lab.bmc.message import Request
from c3tui.lab.bmc.sessions import Session


@dataclass(frozen=True)
class Call:
    """A command under way at one BMC."""

    bmc: Controller
    data: bytes
    session: Session | None
    """None for a command outside of any session."""


Handler = Callable[[Call], bytes]


@dataclass(frozen=True)
class Command:
    """One command: its handler, the privilege it wants and the least data it takes."""

    handler: Handler
    privilege: Privilege
    length: int


class Registry:
    """Commands of one or more network functions."""

    def __init__(self, *parts: "Registry") -> None:
        self._commands: dict[tuple[int, int], Command] = {}
        for part in parts:
            self._commands.update(part._commands)

    def add(
        self, netfn: int, number: int, privilege: Privilege, length: int = 0
    ) -> Callable[[Handler], Handler]:
        """Register the decorated handler; it may index ``length`` bytes of data without looking."""

        def register(handler: Handler) -> Handler:
            self._commands[netfn, number] = Command(handler, privilege, length)
            return handler

        return register

    def is_open(self, request: Request) -> bool:
        """Whether a request may come outside of any session."""
        command = self._commands.get((request.netfn, request.command))
        return command is not None and command.privilege is Privilege.NONE

    def find(self, request: Request, privilege: Privilege) -> Command:
        """The command of a request.

        Raises:
            Refused: there is none, not at that LUN, not at that privilege, or data is missing.
        """
        command = self._commands.get((request.netfn, request.command))
        if command is None:
            raise Refused(Completion.INVALID_COMMAND)
        if request.lun:
            raise Refused(Completion.INVALID_FOR_LUN)
        if privilege < command.privilege:
            raise Refused(Completion.INSUFFICIENT_PRIVILEGE)
        if len(request.data) < command.length:
            raise Refused(Completion.LENGTH_INVALID)
        return command
