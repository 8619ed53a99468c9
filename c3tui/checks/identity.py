"""Rules of identity: each expected server is the machine that stands where it should."""

from collections.abc import Mapping
from dataclasses import dataclass

from c3tui.checks.catalogue import Known, Says, check
from c3tui.checks.network_servers import mac_key
from c3tui.model.finding import Severity
from c3tui.model.identity import IdentityFacts, Place, Seen, real_serial
from c3tui.model.plan import ExpectedServer, Plan

POWER_GRACE = 90.0
"""Seconds for which BMC and MAAS may name another power: MAAS's own view is up to a minute old."""
RACK_MAJORITY, FEWEST_NEIGHBOURS = 0.6, 3
"""A switch is a rack's when at least so large a part of at least so many of its servers hang on it."""


@dataclass(frozen=True)
class Where:
    """What is known of one expected server's place."""

    place: Place
    words: str = ""
    """Why, and where it is or should be; empty in the right place."""


def places(plan: Plan, facts: IdentityFacts) -> dict[str, Where]:
    """Where every expected server was found, in the order of the plan."""
    known = _Map(plan, facts)
    return {each.name: known.where(each) for each in plan.servers}


class _Map:
    """Who should be where, and who is."""

    def __init__(self, plan: Plan, facts: IdentityFacts) -> None:
        self.facts = facts
        self.owners = {each.serial: each for each in plan.servers if each.serial and real_serial(each.serial)}
        self.macs = {mac_key(each.bmc.mac): each for each in plan.servers if each.bmc.mac}
        self.servers = {each.name: each for each in plan.servers}
        self.found: dict[str, list[str]] = {}
        for name, seen in facts.seen.items():
            if seen.serial and name in self.servers:
                self.found.setdefault(seen.serial, []).append(name)

    def where(self, expected: ExpectedServer) -> Where:
        seen = self.facts.seen.get(expected.name)
        if seen is None:
            return Where(Place.NOT_LOOKED, "nobody has looked at it yet")
        if seen.serial and len(holders := self.found[seen.serial]) > 1:
            others = " and ".join(self.at(each) for each in holders if each != expected.name)
            return Where(Place.TWICE, f"serial {seen.serial} answers here and at {others}")
        serial = expected.serial if expected.serial and real_serial(expected.serial) else None
        if seen.serial and serial:
            return self._by_serial(expected, serial, seen.serial)
        if seen.bmc_mac and expected.bmc.mac:
            return self._by_mac(expected, mac_key(expected.bmc.mac), mac_key(seen.bmc_mac))
        if serial and (elsewhere := self.found.get(serial)):
            return Where(Place.WRONG, f"it stands at {self.at(elsewhere[0])}; move it to {_spot(expected)}")
        if not seen.serial:
            silent = "its BMC does not answer" if seen.silent else "nobody could read a serial of it"
            return Where(Place.MISSING if seen.silent else Place.UNKNOWN, silent)
        owner = self.owners.get(seen.serial)
        if owner is not None:
            return self._stranger(expected, None, owner)
        return Where(Place.RIGHT)

    def at(self, name: str) -> str:
        """A place in words."""
        return f"{_spot(self.servers[name])} ({name})"

    def _by_serial(self, expected: ExpectedServer, wanted: str, found: str) -> Where:
        if found == wanted:
            return Where(Place.RIGHT)
        owner = self.owners.get(found)
        if owner is not None:
            return self._stranger(expected, wanted, owner)
        if elsewhere := self.found.get(wanted):
            where = f"it stands at {self.at(elsewhere[0])}"
            return Where(Place.WRONG, f"{where}; here stands serial {found}, which the plan does not have")
        return Where(
            Place.UNKNOWN, f"here stands serial {found}, which the plan does not have; expected is {wanted}"
        )

    def _stranger(self, expected: ExpectedServer, wanted: str | None, owner: ExpectedServer) -> Where:
        """Another expected server stands here."""
        theirs = self.facts.seen.get(owner.name)
        if wanted and theirs and theirs.serial == wanted:
            return Where(
                Place.WRONG,
                f"swapped with {owner.name}: {expected.name} stands at {_spot(owner)} and {owner.name} "
                f"at {_spot(expected)}",
            )
        belongs = f"here stands {owner.name} (serial {owner.serial}), which belongs at {_spot(owner)}"
        elsewhere = self.found.get(wanted) if wanted else None
        if elsewhere:
            belongs += f"; {expected.name} itself stands at {self.at(elsewhere[0])}"
        return Where(Place.WRONG, belongs)

    def _by_mac(self, expected: ExpectedServer, wanted: str, found: str) -> Where:
        """Where no serial can tell, the MAC of the BMC does."""
        if wanted == found:
            return Where(Place.RIGHT)
        if (owner := self.macs.get(found)) is not None:
            return Where(Place.WRONG, f"the BMC of {owner.name} answers here; that belongs at {_spot(owner)}")
        return Where(Place.UNKNOWN, f"a BMC with MAC {found} answers here; the plan expects {wanted}")


def _spot(server: ExpectedServer) -> str:
    return f"{server.rack} u{server.unit:02d}"


def _placed(plan: Plan, known: Known, *wanted: Place) -> Says:
    facts = known.identity or IdentityFacts()
    fields = {each.name: number for number, each in enumerate(plan.servers)}
    for name, where in places(plan, facts).items():
        if where.place in wanted:
            yield name, where.words, (f"servers.{fields[name]}.serial",)


@check(
    "identity.wrong-place",
    step="discovery",
    needs="identity",
    cause="the machine at this BMC address is another expected server: racks and failure domains are wrong",
    remedy="Move the machines (or their IPMI cables), or correct serials and addresses in the plan",
)
def wrong_place(plan: Plan, known: Known) -> Says:
    """Each expected server answers at its own BMC address; swapped pairs are named as such."""
    yield from _placed(plan, known, Place.WRONG)


@check(
    "identity.unknown",
    step="discovery",
    severity=Severity.WARNING,
    needs="identity",
    cause="a machine that the plan does not have answers where an expected one should",
    remedy="Read the label: correct the serial in the plan, or exchange the machine",
)
def unknown(plan: Plan, known: Known) -> Says:
    """What stands in an expected server's place can be told, and is expected."""
    facts = known.identity or IdentityFacts()
    for name, where in places(plan, facts).items():
        seen = facts.seen.get(name)
        if where.place is Place.UNKNOWN and seen and (seen.serial or seen.bmc_mac):
            yield name, where.words, ()


@check(
    "identity.twice",
    step="discovery",
    needs="identity",
    cause="two BMC addresses lead to one machine: only one of them can be its place",
    remedy="Look at both rack units: a BMC with two addresses, or two boards with one serial programmed",
)
def twice(plan: Plan, known: Known) -> Says:
    """One serial, one place."""
    yield from _placed(plan, known, Place.TWICE)


@check(
    "identity.missing",
    step="discovery",
    severity=Severity.WARNING,
    needs="identity",
    cause="an expected server was found nowhere",
    remedy="Is it racked, powered and its IPMI cable in? If it has another address, correct the plan",
)
def missing(plan: Plan, known: Known) -> Says:
    """Every expected server was found somewhere."""
    yield from _placed(plan, known, Place.MISSING)


@check(
    "identity.serials-differ",
    step="discovery",
    severity=Severity.WARNING,
    needs="identity",
    cause="the BMC and the server that MAAS enlisted with it name different serials",
    remedy="Is MAAS's power address of the right machine? If the board was exchanged, have it programmed",
)
def serials_differ(plan: Plan, known: Known) -> Says:
    """The BMC's inventory and the system's own name one serial."""
    for name, seen in _seen(known).items():
        fru, maas = real_serial(seen.fru), real_serial(seen.maas)
        if fru and maas and fru != maas:
            yield name, f"its BMC says serial {fru}, MAAS found {maas}", ()


@check(
    "identity.bmc-mac",
    step="discovery",
    severity=Severity.WARNING,
    needs="identity",
    cause="another BMC than the planned one has this address",
    remedy="Compare the MAC with the label on the server; correct it in the plan, or the BMC's address",
)
def bmc_mac(plan: Plan, known: Known) -> Says:
    """The BMC that answers has the MAC the plan gives it."""
    for server in plan.servers:
        seen = _seen(known).get(server.name)
        if seen and seen.bmc_mac and server.bmc.mac and mac_key(seen.bmc_mac) != mac_key(server.bmc.mac):
            yield (
                server.name,
                f"{server.bmc.address} has MAC {mac_key(seen.bmc_mac)}, planned is {server.bmc.mac}",
                (),
            )


@check(
    "identity.power-differs",
    step="discovery",
    severity=Severity.WARNING,
    needs="identity",
    cause="BMC and MAAS name another power: one of them speaks of another machine, or MAAS cannot reach it",
    remedy="Look at the server's front; then check MAAS's power parameters of this machine",
)
def power_differs(plan: Plan, known: Known) -> Says:
    """BMC and MAAS agree about power, a while after it was last switched."""
    for name, seen in _seen(known).items():
        if seen.power_differs >= POWER_GRACE:
            yield name, seen.power, ()


@check(
    "identity.other-rack",
    step="discovery",
    severity=Severity.WARNING,
    needs="identity",
    cause="its network cables lead to the switch of another rack",
    remedy="Is it in the planned rack? Else correct the cables or the plan",
)
def other_rack(plan: Plan, known: Known) -> Says:
    """By LLDP a server hangs on the switches that its rack's other servers hang on."""
    seen = _seen(known)
    racks = {each.name: each.rack for each in plan.servers}
    homes = _homes(racks, seen)
    for server in plan.servers:
        switches = seen[server.name].switches if server.name in seen else ()
        strange = {homes[each] for each in switches if each in homes}
        if switches and strange and server.rack not in strange:
            names = ", ".join(sorted(switches))
            yield server.name, f"it hangs on {names}, of rack {' and '.join(sorted(strange))}", ()


def _homes(racks: Mapping[str, str], seen: Mapping[str, Seen]) -> dict[str, str]:
    """The rack of each switch that belongs to one."""
    told: dict[str, int] = {}
    on: dict[tuple[str, str], int] = {}
    for name, each in seen.items():
        if each.switches and name in racks:
            told[racks[name]] = told.get(racks[name], 0) + 1
            for switch in each.switches:
                on[switch, racks[name]] = on.get((switch, racks[name]), 0) + 1
    homes: dict[str, str] = {}
    shared: set[str] = set()
    for (switch, rack), number in on.items():
        if number >= FEWEST_NEIGHBOURS and number >= RACK_MAJORITY * told[rack]:
            if switch in homes:
                shared.add(switch)
            homes[switch] = rack
    return {switch: rack for switch, rack in homes.items() if switch not in shared}


@check(
    "identity.stray",
    step="discovery",
    severity=Severity.WARNING,
    needs="identity",
    cause="a BMC answers in the IPMI network that no expected server has",
    remedy="Open the strays (S in discovery, or `c3tui strays SITE`): take it in, or ignore it with a reason",
)
def stray(plan: Plan, known: Known) -> Says:
    """Every BMC in the IPMI network is expected, or somebody has said why not."""
    strays = (known.identity or IdentityFacts()).strays
    if strays:
        named = ", ".join(str(each) for each in strays[:8]) + (" ..." if len(strays) > 8 else "")
        count = f"{len(strays)} BMC{'s' if len(strays) > 1 else ''}"
        yield "site", f"{count} nobody expects: {named}", ("servers",)


def _seen(known: Known) -> Mapping[str, Seen]:
    return (known.identity or IdentityFacts()).seen
