"""Waiting for MAAS to be done with a machine, and saying so meanwhile."""

from collections.abc import Collection

from c3tui.clients.maas import Maas, Machine
from c3tui.engine.errors import StepError, Unreachable
from c3tui.engine.step import Context


async def settled(
    ctx: Context, maas: Maas, name: str, system_id: str, *, limit: float, good: Collection[int]
) -> Machine:
    """Wait until MAAS is no longer busy with a machine.

    Args:
        limit: seconds to wait at most.
        good: MAAS states that count as success.

    Raises:
        StepError: it ended in another state, with MAAS's own reason; or MAAS has it no longer.
        Unreachable: MAAS was still busy, or silent, after ``limit`` seconds.
    """
    silent = False

    def done(machine: Machine) -> bool:
        nonlocal silent
        silent = False
        ctx.progress(name, machine.status_name.lower(), detail=machine.status_message)
        return not machine.busy

    def unanswered(error: Unreachable) -> None:
        nonlocal silent
        ctx.progress(name, "waiting for MAAS to answer", detail=error.what)
        if not silent:
            ctx.say(str(error), name, "warning")
        silent = True

    poll = ctx.plan.endpoints.maas.poll
    machines = await maas.wait([system_id], done, poll=poll, limit=limit, on_silence=unanswered)
    machine = machines.get(system_id)
    if machine is None:
        raise StepError("MAAS has it no longer", where=name, remedy="Run discovery again")
    ctx.update(name, maas_status=machine.status_name)
    if machine.status not in good:
        raise StepError(
            machine.error or f"MAAS says {machine.status_name}",
            where=name,
            remedy="Read the machine's results in MAAS, mend the cause, then run this step again",
        )
    return machine
