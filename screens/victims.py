"""Who was left behind, why in one line, and what the engineer is to do about it."""

import re

from c3tui.model.fleet import Server
from c3tui.model.run import Outcome, Run
from screens.model import FleetModel
from screens.signs import Span


def reason(name: str, text: str) -> str:
    """Why a server stands still, without its own name and address in front: they stand beside it anyway."""
    return re.sub(rf"^{re.escape(name)}( \([^)]*\))?: ", "", text)


def trouble(server: Server) -> str:
    """A server's trouble as a table has it: the sign in front, since colour never speaks alone."""
    return f"! {reason(server.name, server.trouble)}" if server.trouble else ""


def trouble_lines(fleet: FleetModel, server: Server) -> list[list[Span]]:
    """A server's trouble and the remedy of the gravest finding about it."""
    lines: list[list[Span]] = [[(f"{server.name}  ", "strong"), (trouble(server), "bad")]]
    if found := fleet.open_findings(subject=server.name):
        lines.append([("To do  ", "key"), (found[0].remedy, "")])
    return lines


def left_behind(run: Run | None) -> list[str]:
    """The servers a run that has ended went on without, each once."""
    if run is None or run.outcome is not Outcome.WARNING:
        return []
    return list(dict.fromkeys(victim.server for victim in run.victims))
