"""What a found server lacks: against the plan's least figures, and part by part against a golden server."""

from collections import Counter
from collections.abc import Iterator, Sequence

from c3tui.checks.catalogue import Known, Says, check
from c3tui.model.finding import Severity
from c3tui.model.fleet import Server, Use
from c3tui.model.hwprofile import Difference, DriveFact, Parts
from c3tui.model.plan import HardwareProfile, Plan


def lacks(server: Server, profile: HardwareProfile) -> list[str]:
    """Every figure that is below the profile, found against expected."""
    figures = (
        ("CPUs", float(server.cpus), float(profile.cpus)),
        ("GiB of memory", server.memory_mib / 1024, profile.memory_gib),
        ("data drives", float(len(server.drives(Use.DATA))), float(profile.data_drives)),
        ("network ports", float(len(server.macs)), float(profile.nics)),
    )
    return [f"{found:g} of {expected:g} {what}" for what, found, expected in figures if found < expected]


def differences(golden: Parts, found: Parts) -> list[Difference]:
    """Everything that differs. What either side does not know is not compared."""
    said = [*_processors(golden, found), *_memory(golden, found)]
    return [*said, *_drives(golden, found), *_ports(golden, found), *_firmware(golden, found)]


def _processors(golden: Parts, found: Parts) -> Iterator[Difference]:
    if golden.cpu_model and found.cpu_model and golden.cpu_model != found.cpu_model:
        yield Difference("profile.cpu", f"{found.cpu_model} instead of {golden.cpu_model}")
    if golden.sockets and found.sockets and golden.sockets != found.sockets:
        yield Difference("profile.cpu", f"{found.sockets} processors instead of {golden.sockets}")
    elif golden.threads and found.threads and golden.threads != found.threads:
        yield Difference("profile.cpu", f"{found.threads} CPU threads instead of {golden.threads}")


def _memory(golden: Parts, found: Parts) -> Iterator[Difference]:
    if golden.dimms is None or found.dimms is None:
        if golden.memory_mib and found.memory_mib and golden.memory_mib != found.memory_mib:
            what = f"{found.memory_mib / 1024:g} GiB of memory instead of {golden.memory_mib / 1024:g}"
            yield Difference("profile.memory", what)
        return
    wanted = {each.slot: each.size_mib for each in golden.dimms}
    there = {each.slot: each.size_mib for each in found.dimms}
    empty = [slot for slot in wanted if slot not in there]
    extra = [slot for slot in there if slot not in wanted]
    for slot in [slot for slot in wanted if slot in there and wanted[slot] != there[slot]]:
        what = f"{slot} holds {_gib(there[slot])} instead of {_gib(wanted[slot])}"
        yield Difference("profile.dimm-size", what)
    while empty and (moved := _moved(empty, extra, wanted, there)):
        slot, other = moved
        empty.remove(slot)
        extra.remove(other)
        what = f"the {_gib(wanted[slot])} module of {slot} sits in {other}"
        yield Difference("profile.dimm-wrong-slot", what)
    if empty:
        count = f"{len(there)} of {len(wanted)} DIMMs"
        yield Difference("profile.dimm-missing", f"{count}: nothing in {', '.join(empty)}")
    if extra:
        yield Difference("profile.dimm-extra", f"the golden server has nothing in {', '.join(extra)}")


def _moved(
    empty: Sequence[str], extra: Sequence[str], wanted: dict[str, int], there: dict[str, int]
) -> tuple[str, str] | None:
    """An empty slot, and the slot where a module like its own sits instead."""
    for slot in empty:
        for other in extra:
            if wanted[slot] == there[other]:
                return slot, other
    return None


def _gib(mib: int) -> str:
    return f"{mib / 1024:g} GiB"


def _drives(golden: Parts, found: Parts) -> Iterator[Difference]:
    if len(golden.drives) != len(found.drives):
        have, want = _bays(found.drives), _bays(golden.drives)
        gone = f": nothing in {_slots(want - have)}" if want - have else ""
        more = f": also in {_slots(have - want)}" if have - want else ""
        what = f"{len(found.drives)} of {len(golden.drives)} drives{gone}{more}"
        yield Difference("profile.drive-count", what)
    if all(each.bay is not None for each in [*golden.drives, *found.drives]):
        yield from _by_bay(golden.drives, found.drives)
        return
    for kind, number in _kinds(found.drives).items():
        expected = _kinds(golden.drives).get(kind, 0)
        if number > expected:
            what = f"{number} drives of {kind[0]} with {_tb(kind[1])} instead of {expected}"
            yield Difference("profile.drive-model", what)


def _by_bay(golden: Sequence[DriveFact], found: Sequence[DriveFact]) -> Iterator[Difference]:
    """Alike differences are one: a server with twelve other drives has one trouble, not twelve."""
    wanted = {each.bay: each for each in golden}
    kinds: dict[tuple[str, str], set[int]] = {}
    for drive in found:
        sister = wanted.get(drive.bay)
        if sister is None or drive.bay is None:
            continue
        if sister.model != drive.model:
            kinds.setdefault(("profile.drive-model", f"{drive.model} instead of {sister.model}"), set()).add(
                drive.bay
            )
        elif sister.size != drive.size:
            what = f"{_tb(drive.size)} instead of {_tb(sister.size)}"
            kinds.setdefault(("profile.drive-size", what), set()).add(drive.bay)
        elif sister.firmware and drive.firmware and sister.firmware != drive.firmware:
            what = f"{drive.model} firmware {drive.firmware} instead of {sister.firmware}"
            kinds.setdefault(("profile.drive-firmware", what), set()).add(drive.bay)
    for (id, what), slots in kinds.items():
        # Which bays have the older firmware is chance; a model in the wrong bay is not.
        where = "" if id == "profile.drive-firmware" else f" in {_slots(slots)}"
        yield Difference(id, what + where)


def _bays(drives: Sequence[DriveFact]) -> set[int]:
    return {each.bay for each in drives if each.bay is not None}


def _slots(slots: set[int]) -> str:
    return f"bay{'s' if len(slots) > 1 else ''} {', '.join(str(each) for each in sorted(slots))}"


def _kinds(drives: Sequence[DriveFact]) -> Counter[tuple[str, int]]:
    return Counter((each.model, each.size) for each in drives)


def _tb(size: int) -> str:
    return f"{size / 1e12:.3g} TB"


def _ports(golden: Parts, found: Parts) -> Iterator[Difference]:
    if len(golden.ports) != len(found.ports):
        yield Difference("profile.nic-count", f"{len(found.ports)} of {len(golden.ports)} network ports")
    wanted = {each.name: each for each in golden.ports}
    for port in found.ports:
        sister = wanted.get(port.name)
        if sister and sister.speed and port.speed != sister.speed:
            now = f"{port.speed / 1000:g}" if port.speed else "no link"
            yield Difference("profile.nic-speed", f"{port.name} {now} of {sister.speed / 1000:g} Gbit/s")


def _firmware(golden: Parts, found: Parts) -> Iterator[Difference]:
    said = [("BIOS", golden.bios, found.bios), ("BMC", golden.bmc, found.bmc)]
    wanted = {each.name: each.firmware for each in golden.ports}
    ports: dict[tuple[str, str], list[str]] = {}
    for port in found.ports:
        if (before := wanted.get(port.name)) and port.firmware and port.firmware != before:
            ports.setdefault((before, port.firmware), []).append(port.name)
    said += [(" ".join(names), before, now) for (before, now), names in ports.items()]
    for name, before, now in said:
        if before and now and before != now:
            yield Difference("profile.firmware", f"{name} firmware {now} instead of {before}")


def _enter(id: str, cause: str, remedy: str, severity: Severity = Severity.WARNING) -> None:
    """Enter the rule that gives the differences of one id."""

    @check(id, step="discovery", severity=severity, needs="parts", cause=cause, remedy=remedy)
    def rule(plan: Plan, known: Known) -> Says:
        for server, found in (known.parts or {}).items():
            for difference in found:
                if difference.check == id:
                    yield server, difference.what, ()


_SEAT = "Reseat it, or put it where the golden server has it; accept it if it is meant so (T)"
_PART = "Find out which of the two is what was ordered; accept it if it is meant so (T)"
_FLASH = "Flash what the golden server has, or accept the difference for a rack or a batch (T)"

for _id, _cause, _remedy in (
    ("profile.cpu", "its processors are not those of the golden server", _PART),
    ("profile.memory", "it has another amount of memory than the golden server", _SEAT),
    ("profile.dimm-missing", "a memory module is missing, or the board does not see it", _SEAT),
    ("profile.dimm-wrong-slot", "a memory module sits in another slot: channels run unbalanced", _SEAT),
    ("profile.dimm-size", "a memory module has another size", _PART),
    ("profile.dimm-extra", "memory sits where the golden server has none", _PART),
    ("profile.drive-count", "it has more or fewer drives", _SEAT),
    ("profile.drive-model", "a bay holds another model of drive", _PART),
    ("profile.drive-size", "a drive of the same model has another size", _PART),
    ("profile.drive-firmware", "drives of one model run another firmware", _FLASH),
    ("profile.nic-count", "it has more or fewer network ports", _PART),
    ("profile.nic-speed", "a port is slower: cable, transceiver or switch port", "Look at cable and port"),
    ("profile.firmware", "BIOS, BMC or network ports run another firmware", _FLASH),
):
    _enter(_id, _cause, _remedy)
