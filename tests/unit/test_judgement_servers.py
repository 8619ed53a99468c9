"""A server's other parts: memory, ports, cards, power supplies, fans, clock; what is unread is not good."""

from dataclasses import replace

import pytest

from c3tui.checks.drives import Policy
from c3tui.checks.server_hardware import (
    Dimm,
    Fan,
    Nic,
    PciDevice,
    Psu,
    ServerHardware,
    judge_servers,
)
from c3tui.model.evidence import Klass, TestEvidence, TestOutcome
from c3tui.model.evidence.judgement import Judgement
from c3tui.model.thresholds import Threshold

SOUND = ServerHardware(
    server="s0",
    kind="ACME 2U",
    dimms=tuple(Dimm(slot, gib, 0, 0) for slot, gib in (("A1", 32), ("A2", 0), ("B1", 32), ("B2", 0))),
    nics=(Nic("eno1", True, 25000, 25000), Nic("eno2", False, None, 25000)),
    pci=(PciDevice("HBA", 8, 8, 8.0, 8.0),),
    psus=(Psu("PS1", True, True), Psu("PS2", True, True)),
    fans=(Fan("FAN1", 5400), Fan("FAN2", 5500)),
    clock_s=0.2,
)
MANY = [replace(SOUND, server=f"s{nth}") for nth in range(6)]


def told(one: ServerHardware) -> Judgement:
    """What is said of one server among five sound ones."""
    judged = judge_servers([one, *MANY[1:]])
    assert all(judged[f"s{nth}"].klass is Klass.GOOD for nth in range(1, 6)), judged
    return judged["s0"]


def test_a_sound_server_is_sound() -> None:
    assert told(SOUND).klass is Klass.GOOD


@pytest.mark.parametrize(
    ("changes", "klass", "words"),
    [
        ({"dimms": (Dimm("A1", 32), Dimm("B2", 32))}, Klass.WATCH, "wrong slot: B2 filled instead of B1"),
        ({"dimms": (Dimm("A1", 32),)}, Klass.WATCH, "DIMM missing in B1 (5 of 6 servers"),
        ({"dimms": (Dimm("A1", 32), Dimm("B1", 16))}, Klass.WATCH, "DIMM B1 has 16 GiB, not 32"),
        ({"dimms": (Dimm("A1", 32, 9, 0), Dimm("B1", 32))}, Klass.GOOD, "every part"),
        (
            {"dimms": (Dimm("A1", 32, 10, 0), Dimm("B1", 32))},
            Klass.WATCH,
            "DIMM A1: 10 corrected memory errors",
        ),
        ({"dimms": (Dimm("A1", 32, 0, 1), Dimm("B1", 32))}, Klass.REPLACE, "DIMM A1: 1 memory errors"),
        ({"nics": (Nic("eno1", True, 1000, 25000),)}, Klass.WATCH, "eno1 runs at 1000 of 25000 Mb/s"),
        ({"pci": (PciDevice("HBA", 4, 8),)}, Klass.WATCH, "HBA has 4 of 8 lanes"),
        ({"pci": (PciDevice("HBA", 8, 8, 2.5, 8.0),)}, Klass.WATCH, "HBA has 2.5 of 8 GT/s"),
        (
            {"psus": (Psu("PS1", True, True), Psu("PS2", True, False))},
            Klass.REPLACE,
            "supply PS2 gives no power",
        ),
        ({"psus": (Psu("PS1", True, True), Psu("PS2", False))}, Klass.WATCH, "supply PS2 is missing"),
        ({"psus": (Psu("PS1", True, None),)}, Klass.NOT_TESTED, "PS1 does not say"),
        ({"fans": (Fan("FAN1", 0),)}, Klass.REPLACE, "fan FAN1 stands still"),
        ({"fans": (Fan("FAN1", None),)}, Klass.NOT_TESTED, "FAN1 cannot be read"),
        (
            {"fans": (Fan("FAN1", 2100), Fan("FAN2", 5500))},
            Klass.WATCH,
            "fan FAN1 2100 rpm, in 5 others 5400",
        ),
        ({"fans": (Fan("FAN1", 12000),)}, Klass.WATCH, "fan FAN1 12000 rpm"),
        ({"fans": (Fan("FAN1", 4900),)}, Klass.GOOD, "every part"),
        ({"clock_s": -7.5}, Klass.WATCH, "the clock is behind: 7.5 s off (watch from 5)"),
        ({"clock_s": None}, Klass.NOT_TESTED, "the clock could not be read"),
        ({"nics": None}, Klass.NOT_TESTED, "network ports could not be read"),
    ],
)
def test_one_part_that_is_not_as_it_should_be(changes: dict[str, object], klass: Klass, words: str) -> None:
    judged = told(replace(SOUND, **changes))  # type: ignore[arg-type]
    assert judged.klass is klass and words in judged.headline, judged


def test_no_layout_is_usual_where_servers_differ_or_are_few() -> None:
    half = [replace(each, dimms=(Dimm("A1", 32 if nth % 2 else 16),)) for nth, each in enumerate(MANY)]
    assert all(each.klass is Klass.GOOD for each in judge_servers(half).values())
    few = [MANY[0], replace(MANY[1], dimms=(Dimm("A1", 32),), fans=(Fan("FAN1", 900),))]
    assert all(each.klass is Klass.GOOD for each in judge_servers(few).values())


def test_tests_of_memory_and_cpu_count() -> None:
    for outcome, klass in ((TestOutcome.FAILED, Klass.REPLACE), (TestOutcome.NOT_RUN, Klass.NOT_TESTED)):
        test = TestEvidence(name="memtester", part="memory", outcome=outcome, detail="timed out")
        assert told(replace(SOUND, tests=(test,))).klass is klass


def test_a_site_has_its_own_limit_for_the_clock() -> None:
    late = replace(SOUND, clock_s=3.0)
    judged = judge_servers([late], Policy({"clock": Threshold(watch=1)}))
    assert judged["s0"].klass is Klass.WATCH
