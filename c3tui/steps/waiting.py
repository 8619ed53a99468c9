"""Waiting for MAAS to be done with a machine, and saying so meanwhile."""

from collections.abc import Callable, Collection

from c3tui.clients.maas import Maas, Machine
from c3tui.engine.errors import StepError, Unreachable
from c3tui.engine.step import Context
from c3tui.steps import peers

Says = Callable[[Machine], tuple[str, str]]
"""What a server does, and the detail of it."""


class Silence:
    """Says that MAAS is silent: in a server's progress each time, in the log once."""

    def __init__(self, ctx: Context, name: str) -> None:
        self._ctx = ctx
        self._name = name
        self._silent = False

    def __call__(self, error: Unreachable) -> None:
        """It did not answer."""
        self._ctx.progress(self._name, "waiting for MAAS to answer", detail=error.what)
        if not self._silent:
            self._ctx.say(str(error), self._name, "warning")
        self._silent = True

    def over(self) -> None:
        """It answered."""
        self._silent = False


def words_of_maas(machine: Machine) -> tuple[str, str]:
    """The status, and the text of the latest event."""
    return machine.status_name.lower(), machine.status_message


async def settled(
    ctx: Context,
    maas: Maas,
    name: str,
    system_id: str,
    *,
    limit: float,
    good: Collection[int],
    says: Says = words_of_maas,
) -> Machine:
    """Wait until MAAS is no longer busy with a machine.

    Args:
        limit: seconds to wait at most.
        good: MAAS states that count as success.
        says: what the server's progress says meanwhile.

    Raises:
        StepError: it ended in another state, with MAAS's own reason; or MAAS has it no longer.
        Unreachable: MAAS was still busy, or silent, after ``limit`` seconds.
    """
    silence = Silence(ctx, name)

    def done(machine: Machine) -> bool:
        silence.over()
        phase, detail = says(machine)
        ctx.progress(name, phase, detail=detail)
        return not machine.busy

    watch = await peers.machines(ctx, maas)
    machine = await watch.wait(system_id, done, limit=limit, on_silence=silence)
    if machine is None:
        raise StepError("MAAS has it no longer", where=name, remedy="Run discovery again")
    ctx.update(name, maas_status=machine.status_name)
    if machine.busy:
        raise Unreachable(
            f"MAAS is still at {machine.status_name.lower()} after {limit:.0f} s",
            where=name,
            remedy="Look at its console; when MAAS is done with it, run this step again",
        )
    if machine.status not in good:
        raise StepError(
            machine.error or f"MAAS says {machine.status_name}",
            where=name,
            remedy="Read the machine's results in MAAS, mend the cause, then run this step again",
        )
    return machine
