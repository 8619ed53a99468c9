"""Where expected servers are found: each rule fires on what it is for, and is quiet about the rest."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from c3tui.checks.catalogue import Known, judge
from c3tui.checks.identity import places
from c3tui.model.identity import IdentityFacts, Place, Seen, Tolerance, real_serial
from c3tui.model.plan import Plan
from tests.support.networks import plan_with

NAMES = ("c3-001", "c3-002", "c3-003", "c3-004")
PLAN = plan_with(
    {"servers.0.serial": "S1", "servers.1.serial": "S2", "servers.0.bmc.mac": "ac:1f:6b:00:00:01"}
)
GOOD = IdentityFacts({name: Seen(fru=f"S{n}", maas=f"S{n}") for n, name in enumerate(NAMES, 1)})


def seen(**serials: str) -> IdentityFacts:
    """As all well, but other serials, by ``c3_001``; an empty one is a BMC that does not answer."""
    changed = {
        name.replace("_", "-"): Seen(fru=serial) if serial else Seen(silent=True)
        for name, serial in serials.items()
    }
    return IdentityFacts({**GOOD.seen, **changed})


def said(facts: IdentityFacts, plan: Plan = PLAN) -> dict[str, str]:
    found = judge(plan, "discovery", Known(identity=facts))
    return {each.id: each.message for each in found}


def test_all_well_says_nothing() -> None:
    assert said(GOOD) == {}
    assert {each.place for each in places(PLAN, GOOD).values()} == {Place.RIGHT}
    assert said(IdentityFacts()) == {}
    assert {each.place for each in places(PLAN, IdentityFacts()).values()} == {Place.NOT_LOOKED}


def test_a_swapped_pair_is_named_as_swapped() -> None:
    assert said(seen(c3_001="S2", c3_002="S1")) == {
        "identity.wrong-place:c3-001": "swapped with c3-002: c3-001 stands at r01 u03 and c3-002 at r01 u01",
        "identity.wrong-place:c3-002": "swapped with c3-001: c3-002 stands at r01 u01 and c3-001 at r01 u03",
    }


def test_three_in_a_ring_are_told_where_each_belongs() -> None:
    found = said(seen(c3_001="S2", c3_002="S3", c3_003="S1"))
    assert set(found) == {f"identity.wrong-place:c3-00{n}" for n in (1, 2, 3)}
    assert found["identity.wrong-place:c3-001"] == (
        "here stands c3-002 (serial S2), which belongs at r01 u03; c3-001 itself stands at r01 u05 (c3-003)"
    )


def test_one_serial_at_two_addresses_is_twice() -> None:
    found = said(seen(c3_002="S1"))
    assert found == {
        "identity.twice:c3-001": "serial S1 answers here and at r01 u03 (c3-002)",
        "identity.twice:c3-002": "serial S1 answers here and at r01 u01 (c3-001)",
    }


def test_a_stranger_is_unknown_and_a_silent_one_missing() -> None:
    assert said(seen(c3_001="X9", c3_002="")) == {
        "identity.unknown:c3-001": "here stands serial X9, which the plan does not have; expected is S1",
        "identity.missing:c3-002": "its BMC does not answer",
    }


def test_a_silent_address_whose_server_stands_elsewhere_is_in_the_wrong_place() -> None:
    found = said(seen(c3_001="", c3_002="S1"))
    assert found["identity.wrong-place:c3-001"] == "it stands at r01 u03 (c3-002); move it to r01 u01"
    assert "identity.missing:c3-001" not in found


@pytest.mark.parametrize("text", ["0123456789", "To be filled by O.E.M.", "0000000", "", " Default string "])
def test_a_placeholder_is_no_serial(text: str) -> None:
    assert real_serial(text) == ""
    facts = IdentityFacts({**GOOD.seen, "c3-001": Seen(fru=text), "c3-002": Seen(fru=text)})
    assert said(facts) == {}


def test_maas_tells_the_serial_where_the_bmc_does_not() -> None:
    facts = IdentityFacts(
        {**GOOD.seen, "c3-001": Seen(fru="0123456789", maas="S2"), "c3-002": Seen(maas="S1")}
    )
    assert set(said(facts)) == {"identity.wrong-place:c3-001", "identity.wrong-place:c3-002"}


def test_the_two_ends_naming_two_serials_is_told() -> None:
    facts = IdentityFacts({**GOOD.seen, "c3-001": Seen(fru="S1", maas="S7")})
    assert said(facts) == {"identity.serials-differ:c3-001": "its BMC says serial S1, MAAS found S7"}


def test_the_mac_tells_where_no_serial_can() -> None:
    plan = plan_with({"servers.2.serial": None, "servers.3.serial": None})
    facts = IdentityFacts(
        {
            "c3-003": Seen(fru="", bmc_mac="AC-1F-6B-00-00-04"),
            "c3-004": Seen(bmc_mac="ac:1f:6b:00:00:77"),
        }
    )
    found = {name: each for name, each in places(plan, facts).items() if name in facts.seen}
    assert found["c3-003"].place is Place.WRONG
    assert found["c3-003"].words == "the BMC of c3-004 answers here; that belongs at r02 u07"
    assert found["c3-004"].place is Place.UNKNOWN
    assert "identity.bmc-mac:c3-003" in said(facts, plan)
    right = IdentityFacts({"c3-003": Seen(bmc_mac="AC:1F:6B:00:00:03")})
    assert said(right, plan) == {}


def test_power_counts_only_after_its_grace() -> None:
    def facts(seconds: float) -> IdentityFacts:
        words = "the BMC says on, MAAS says off"
        return IdentityFacts(
            {**GOOD.seen, "c3-001": replace(GOOD.seen["c3-001"], power_differs=seconds, power=words)}
        )

    assert said(facts(0)) == said(facts(89)) == {}
    assert said(facts(90)) == {"identity.power-differs:c3-001": "the BMC says on, MAAS says off"}


def room(switches: dict[int, str]) -> tuple[Plan, IdentityFacts]:
    """Eight servers in two racks, each on its rack's switch, but for those named."""
    servers: list[dict[str, Any]] = [
        {
            "name": f"s{n}",
            "rack": f"r0{1 + n // 4}",
            "unit": 1 + n % 4,
            "serial": f"S{n}",
            "bmc": {"address": f"10.0.0.{20 + n}"},
        }
        for n in range(8)
    ]
    plan = plan_with({"servers": servers, "kubernetes.control_plane": ["s0"]})
    told = {n: switches.get(n, f"sw{1 + n // 4}") for n in range(8)}
    return plan, IdentityFacts({f"s{n}": Seen(fru=f"S{n}", switches=(told[n],)) for n in range(8)})


def test_a_server_on_another_racks_switch_is_told() -> None:
    plan, facts = room({})
    assert said(facts, plan) == {}
    plan, facts = room({1: "sw2"})
    assert said(facts, plan) == {"identity.other-rack:s1": "it hangs on sw2, of rack r02"}
    # One switch for both racks, or a switch that nobody else hangs on, says nothing.
    for shared in ({n: "sw" for n in range(8)}, {1: "core"}):
        plan, facts = room(shared)
        assert said(facts, plan) == {}


def test_strays_are_one_finding() -> None:
    facts = replace(GOOD, strays=(IPv4Address("10.0.0.99"),))
    assert said(facts) == {"identity.stray:site": "1 BMC nobody expects: 10.0.0.99"}


def test_scopes_of_tolerances() -> None:
    def covers(scope: str) -> bool:
        made = Tolerance(id="x", check="c", scope=scope, what="w", reason="r", by="b")
        return made.covers("r01", "c3-001", "standard")

    assert all(covers(each) for each in ("site", "rack:r01", "server:c3-001", "batch:standard"))
    assert not any(covers(each) for each in ("rack:r02", "server:c3-0011", "batch:dense", "r01"))
