"""What an engineer should be told of a server's other parts: memory, links, power supplies, fans, clock."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from c3tui.checks.drives.policy import DEFAULT, Policy, figure
from c3tui.model.evidence.judgement import Judgement, Klass, Reason, conclude
from c3tui.model.evidence.results import TestEvidence, TestOutcome

FEWEST = 4
"""Servers of a kind before the way most of them are built means anything."""

MAJORITY = 0.75
FAN_APART, FAN_FLOOR = 0.3, 300.0
"""Part of the family's speed, and rpm, that a fan may be apart from the same fan of other servers."""

DEVIATIONS = 6.0
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Dimm:
    """A memory slot. A size of 0 is an empty slot; counts that nobody read are None."""

    slot: str
    gib: float | None
    corrected: int | None = None
    uncorrected: int | None = None


@dataclass(frozen=True)
class Nic:
    """A network port, in Mb/s; ``most`` is what it can do, ``up`` whether it has a link."""

    name: str
    up: bool | None
    mbps: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class PciDevice:
    """A card's link: lanes and GT/s, now and at most."""

    name: str
    lanes: int | None
    lanes_most: int | None
    speed: float | None = None
    speed_most: float | None = None


@dataclass(frozen=True)
class Psu:
    """A power supply; ``good`` is None when the BMC does not say."""

    name: str
    present: bool
    good: bool | None = None


@dataclass(frozen=True)
class Fan:
    """A fan; rpm is None when it cannot be read."""

    name: str
    rpm: float | None


@dataclass(frozen=True)
class Probe:
    """The largest packet that got through whole from a port, in bytes, beside the port's MTU."""

    name: str
    target: str
    mtu: int
    largest: int


@dataclass(frozen=True)
class ServerHardware:
    """What was read of a server. A section that nobody could read is None: it is not tested."""

    server: str
    kind: str = ""
    """Vendor and product, or the profile: servers of a kind are built alike."""
    dimms: tuple[Dimm, ...] | None = None
    nics: tuple[Nic, ...] | None = None
    pci: tuple[PciDevice, ...] | None = None
    psus: tuple[Psu, ...] | None = None
    fans: tuple[Fan, ...] | None = None
    clock_s: float | None = None
    """Seconds that its clock is ahead of ours; below zero behind."""
    probes: tuple[Probe, ...] = ()
    """Packets that were cut on their way."""
    tests: tuple[TestEvidence, ...] = ()


SECTIONS = {
    "dimms": "memory",
    "nics": "network ports",
    "pci": "PCIe links",
    "psus": "power supplies",
    "fans": "fans",
    "clock_s": "the clock",
}


def judge_servers(servers: Sequence[ServerHardware], policy: Policy = DEFAULT) -> dict[str, Judgement]:
    """What an engineer should be told of each server, by its name."""
    found: dict[str, list[Reason]] = {each.server: list(_alone(each, policy)) for each in servers}
    kinds: dict[str, list[ServerHardware]] = defaultdict(list)
    for each in servers:
        kinds[each.kind].append(each)
    for same in kinds.values():
        for server, reason in (*_layout(same), *_fans(same)):
            found[server].append(reason)
    return {name: conclude(reasons, "every part read is as it should be") for name, reasons in found.items()}


def _alone(server: ServerHardware, policy: Policy) -> Iterator[Reason]:
    for section, says in SECTIONS.items():
        if getattr(server, section) is None:
            yield Reason(rule="unread", klass=Klass.NOT_TESTED, text=f"not tested: {says} could not be read")
    for dimm in server.dimms or ():
        yield from _ecc(dimm, policy)
    for nic in server.nics or ():
        yield from _nic(nic)
    for probe in server.probes:
        text = (
            f"{probe.name} takes {probe.mtu} bytes, and only {probe.largest} reach the {probe.target} whole: "
            "the MTU of a switch port or a tunnel on the way"
        )
        yield Reason(
            rule="mtu", klass=Klass.WATCH, text=text, value=probe.largest, limit=probe.mtu, place=probe.name
        )
    for device in server.pci or ():
        yield from _pci(device)
    for psu in server.psus or ():
        yield from _psu(psu)
    if server.clock_s is not None:
        side = "ahead" if server.clock_s > 0 else "behind"
        reason = policy.limits["clock"].reason(abs(server.clock_s), f"the clock is {side}: ")
        if reason:
            yield reason
    yield from _tests(server.tests)


def _ecc(dimm: Dimm, policy: Policy) -> Iterator[Reason]:
    for rule, value in (("ecc-corrected", dimm.corrected), ("ecc-uncorrected", dimm.uncorrected)):
        if value is not None and (reason := policy.limits[rule].reason(value, f"DIMM {dimm.slot}: ")):
            yield reason.model_copy(update={"place": dimm.slot})


def _nic(nic: Nic) -> Iterator[Reason]:
    if nic.up and nic.mbps is not None and nic.most is not None and nic.mbps < nic.most:
        text = f"{nic.name} runs at {nic.mbps} of {nic.most} Mb/s: cable, transceiver or switch port"
        yield Reason(
            rule="nic-speed", klass=Klass.WATCH, text=text, value=nic.mbps, limit=nic.most, place=nic.name
        )


def _pci(device: PciDevice) -> Iterator[Reason]:
    for rule, now, most, unit in (
        ("pcie-width", device.lanes, device.lanes_most, "lanes"),
        ("pcie-speed", device.speed, device.speed_most, "GT/s"),
    ):
        if now is not None and most is not None and now < most:
            text = f"{device.name} has {figure(now)} of {figure(most)} {unit}: reseat it, or try another slot"
            yield Reason(rule=rule, klass=Klass.WATCH, text=text, value=now, limit=most, place=device.name)


def _psu(psu: Psu) -> Iterator[Reason]:
    if not psu.present:
        text = f"power supply {psu.name} is missing"
        yield Reason(rule="psu", klass=Klass.WATCH, text=text, place=psu.name)
    elif psu.good is False:
        text = f"power supply {psu.name} gives no power: its cord, its circuit, then the supply"
        yield Reason(rule="psu", klass=Klass.REPLACE, text=text, place=psu.name)
    elif psu.good is None:
        text = f"not tested: power supply {psu.name} does not say whether it works"
        yield Reason(rule="psu", klass=Klass.NOT_TESTED, text=text, place=psu.name)


def _tests(tests: Sequence[TestEvidence]) -> Iterator[Reason]:
    for each in tests:
        detail = f": {each.detail}" if each.detail else ""
        match each.outcome:
            case TestOutcome.FAILED:
                yield Reason(rule="test-failed", klass=Klass.REPLACE, text=f"{each.name} failed{detail}")
            case TestOutcome.DEGRADED:
                yield Reason(rule="degraded", klass=Klass.WATCH, text=f"{each.name}: degraded{detail}")
            case TestOutcome.NOT_RUN:
                text = f"not tested: {each.name} did not run to its end{detail}"
                yield Reason(rule="not-run", klass=Klass.NOT_TESTED, text=text)


def _layout(same: Sequence[ServerHardware]) -> Iterator[tuple[str, Reason]]:
    """Memory that sits otherwise than in most servers of the kind."""
    read = {each.server: _filled(each) for each in same if each.dimms is not None}
    if len(read) < FEWEST:
        return
    common, many = Counter(read.values()).most_common(1)[0]
    if many < MAJORITY * len(read):
        return
    usual = dict(common)
    for server, own in read.items():
        if text := _difference(dict(own), usual):
            text += f" ({many} of {len(read)} servers of its kind are alike)"
            yield server, Reason(rule="dimm-layout", klass=Klass.WATCH, text=text)


def _filled(server: ServerHardware) -> tuple[tuple[str, float], ...]:
    return tuple(sorted((each.slot, each.gib) for each in server.dimms or () if each.gib))


def _difference(own: dict[str, float], usual: dict[str, float]) -> str:
    missing = sorted(usual.keys() - own.keys())
    strange = sorted(own.keys() - usual.keys())
    if missing and strange and len(missing) == len(strange):
        return f"DIMM in the wrong slot: {', '.join(strange)} filled instead of {', '.join(missing)}"
    other = [
        f"DIMM {slot} has {figure(own[slot])} GiB, not {figure(usual[slot])}"
        for slot in sorted(own.keys() & usual.keys())
        if own[slot] != usual[slot]
    ]
    said = [f"DIMM missing in {', '.join(missing)}"] if missing else []
    said += [f"DIMM too many in {', '.join(strange)}"] if strange else []
    return "; ".join(said + other)


def _fans(same: Sequence[ServerHardware]) -> Iterator[tuple[str, Reason]]:
    """Fans that stand still, and those far from the same fan of the other servers."""
    families: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for each in same:
        for fan in each.fans or ():
            if fan.rpm is None:
                text = f"not tested: fan {fan.name} cannot be read"
                yield each.server, Reason(rule="fan", klass=Klass.NOT_TESTED, text=text, place=fan.name)
            elif fan.rpm <= 0:
                text = f"fan {fan.name} stands still"
                yield each.server, Reason(rule="fan", klass=Klass.REPLACE, text=text, value=0, place=fan.name)
            else:
                families[fan.name].append((each.server, fan.rpm))
    for name, known in families.items():
        yield from _fans_apart(name, known)


def _fans_apart(name: str, known: Sequence[tuple[str, float]]) -> Iterator[tuple[str, Reason]]:
    if len(known) < FEWEST:
        return
    centre = median([rpm for _, rpm in known])
    spread = median([abs(rpm - centre) for _, rpm in known]) * MAD_TO_SIGMA
    least = max(DEVIATIONS * spread, FAN_APART * centre, FAN_FLOOR)
    for server, rpm in known:
        if abs(rpm - centre) >= least:
            text = f"fan {name} {rpm:.0f} rpm, in {len(known) - 1} others {centre:.0f} +- {spread:.0f}"
            yield (
                server,
                Reason(rule="fan", klass=Klass.WATCH, text=text, value=rpm, limit=centre, place=name),
            )
