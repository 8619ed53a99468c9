"""What commissioning learned about a server, written into the fleet: bays, drives, ports."""

from c3tui.clients.maas import Maas, Machine
from c3tui.clients.maas.bays import BaySlot
from c3tui.engine.errors import BadAnswer
from c3tui.engine.step import Context
from c3tui.model.finding import Severity, finding
from c3tui.model.fleet import Bay, Drive, Server, TestState, Use

GUESSED = "discovery.bays-guessed"


async def read_bays(maas: Maas, machine: Machine) -> list[Bay]:
    """The bays of a commissioned machine, with the drives MAAS saw in them.

    Raises:
        BadAnswer: the bay map is missing or makes no sense.
    """
    slots = await maas.bays(machine.system_id)
    if slots is None:
        raise BadAnswer(
            "the bay map did not run: C3 cannot tell which drive sits where",
            where=machine.hostname,
            remedy="Read the output of c3-bays in MAAS, then run discovery again",
        )
    return [_bay(slot, machine) for slot in slots]


def _bay(slot: BaySlot, machine: Machine) -> Bay:
    if slot.serial is None:
        return Bay(slot=slot.slot, path=slot.by_path, guessed=slot.guessed)
    disk = machine.disk(slot.serial)
    return Bay(
        slot=slot.slot,
        path=slot.by_path,
        guessed=slot.guessed,
        drive=Drive(
            serial=slot.serial,
            model=slot.model,
            wwn=slot.wwn,
            size=slot.size,
            rotational=slot.rotational,
            by_id=disk.id_path if disk else "",
            use=Use.SYSTEM if disk and disk.boot else Use.DATA,
        ),
    )


def compare_bays(ctx: Context, server: Server) -> None:
    """Say where the numbers of bays are guesses: nobody may pull a drive by such a number alone."""
    guessed = [bay.slot for bay in server.bays if bay.guessed]
    if not guessed:
        ctx.fixed(GUESSED, server.name)
        return
    numbers = ", ".join(str(slot) for slot in guessed)
    ctx.find(
        finding(
            GUESSED,
            server.name,
            ctx.step,
            Severity.WARNING,
            f"no bay map: {len(guessed)} of {len(server.bays)} bays are numbered by the order of their paths "
            f"({numbers})",
            "Tell drives by their serial before one is pulled; a RAID controller may need storcli in the "
            "commissioning image",
        )
    )


def remember_tests(old: list[Bay], new: list[Bay]) -> list[Bay]:
    """New bays, with what the tests said of drives that were there before."""
    known = {bay.drive.serial: bay.drive for bay in old if bay.drive}
    for bay in new:
        if bay.drive and (before := known.get(bay.drive.serial)):
            bay.drive.test, bay.drive.test_detail = before.test, before.test_detail
            if bay.drive.test is TestState.RUNNING:
                bay.drive.test = TestState.NOT_TESTED
    return new


async def take_in(ctx: Context, maas: Maas, server: Server, machine: Machine) -> Server:
    """Read a commissioned machine into its server's record.

    Raises:
        BadAnswer: the bay map is missing or makes no sense.
    """
    bays = remember_tests(server.bays, await read_bays(maas, machine))
    return ctx.update(
        server.name,
        note="inventory read",
        system_id=machine.system_id,
        maas_status=machine.status_name,
        serial=machine.serial or server.serial,
        cpus=machine.cpus,
        memory_mib=machine.memory_mib,
        macs=list(machine.macs),
        bays=bays,
    )
