"""Verdicts: what they rest on, when they are asked again, many at once, and what they cost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from c3tui.engine import decisions
from c3tui.engine.errors import InputError
from c3tui.engine.site import Site
from c3tui.engine.store import Store
from c3tui.model.cost import Cost, cost_of
from c3tui.model.evidence.judgement import Klass
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Server, Stage, TestState
from c3tui.model.judged import Judged
from c3tui.model.replacement import Decision, Phase, Replacement, Verdict
from tests.support.parts import BYTES, fleet, judged_as, put

BAY, SERIAL = "c3-001/bay02", "ZL200102"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Site, Store]]:
    site, store = fleet(tmp_path)
    yield site, store
    store.close()


@pytest.fixture
def store(world: tuple[Site, Store]) -> Store:
    return world[1]


def judge(store: Store, *judged: Judged) -> list[Verdict]:
    with store.transaction("judge") as transaction:
        for each in judged:
            transaction.put(each)
        return decisions.review(store, transaction, judged)


def asked(store: Store) -> Finding | None:
    found = store.get(Finding, f"verdict.asked-again:{BAY}")
    return found if found and found.state is FindingState.OPEN else None


def test_a_verdict_is_asked_again_when_the_drive_is_judged_worse(store: Store) -> None:
    judge(store, judged_as(BAY, SERIAL, Klass.WATCH, "age"))
    given = decisions.decide(store, BAY, Decision.ACCEPT, "only for a month", "ann")
    assert given.klass is Klass.WATCH and given.digest and given.keeps
    assert judge(store, judged_as(BAY, SERIAL, Klass.WATCH, "age")) == [] and asked(store) is None

    (again,) = judge(store, judged_as(BAY, SERIAL, Klass.REPLACE, "reallocated"))
    assert again.asked_again and not again.keeps and "watch then, and replace now" in again.why
    told = asked(store)
    assert told and SERIAL in told.message and "accepted by ann" in told.message
    assert "only for a month" in told.message and "reallocated says so" in told.message
    # Said once, however often it is judged.
    assert judge(store, judged_as(BAY, SERIAL, Klass.REPLACE, "reallocated")) == []

    anew = decisions.decide(store, BAY, Decision.ACCEPT, "I know", "bob")
    assert anew.keeps and anew.klass is Klass.REPLACE and asked(store) is None
    assert judge(store, judged_as(BAY, SERIAL, Klass.REPLACE, "reallocated")) == []
    told_of = [each.what for each in store.journal(subject=BAY) if "verdict" in each.what]
    assert told_of == ["verdict given", "verdict asked again", "verdict given"]


def test_a_new_reason_to_replace_it_asks_again_and_other_news_does_not(store: Store) -> None:
    judge(store, judged_as(BAY, SERIAL, Klass.REPLACE, "wear"))
    decisions.decide(store, BAY, Decision.USE, "", "ann")
    assert judge(store, judged_as(BAY, SERIAL, Klass.WATCH, "age")) == []
    (again,) = judge(store, judged_as(BAY, SERIAL, Klass.REPLACE, "wear", "pending"))
    assert again.why == "new reasons to replace it: pending says so"
    # The evidence is again what it was given on: it stands.
    assert judge(store, judged_as(BAY, SERIAL, Klass.REPLACE, "wear")) == []
    stands = store.get(Verdict, f"{BAY}:{SERIAL}")
    assert stands and stands.keeps and asked(store) is None


def test_what_was_decided_on_no_evidence_is_asked_again_only_when_it_has_to_go(store: Store) -> None:
    decisions.decide(store, BAY, Decision.USE, "", "ann")
    assert judge(store, judged_as(BAY, SERIAL, Klass.NOT_TESTED, "aborted")) == []
    assert judge(store, judged_as(BAY, "ANOTHER", Klass.REPLACE, "smart")) == []
    assert len(judge(store, judged_as(BAY, SERIAL, Klass.REPLACE, "smart"))) == 1


def test_a_verdict_to_replace_is_not_asked_again_and_its_mark_learns(store: Store) -> None:
    decisions.decide(store, BAY, Decision.REPLACE, "it clicks", "ann")
    assert judge(store, judged_as(BAY, SERIAL, Klass.REPLACE, "smart", numbers={"hours": 9.0})) == []
    (mark,) = store.all(Replacement)
    assert mark.judged and mark.judged.numbers == {"hours": 9.0} and mark.phase is Phase.MARKED
    assert mark.beside == {0: "ZL200100", 1: "ZL200101", 3: "ZL200103"}


def test_many_verdicts_are_given_all_or_none(store: Store) -> None:
    bays = [f"c3-00{n}/bay{slot:02d}" for n in (1, 2) for slot in (1, 2, 3)]
    wrong = [f"c3-001/bay{slot}" for slot in range(20, 28)]
    before = store.cursor
    with pytest.raises(InputError, match=r"nothing was decided, 8 of 14 are refused: .*; and 3 more") as told:
        decisions.decide_many(store, bays + wrong, Decision.REPLACE, "worn", "ann")
    assert str(told.value).count("no bay") == 5 and store.cursor == before
    given = decisions.decide_many(store, [*bays, *bays], Decision.REPLACE, "worn", "ann")
    assert len(given) == 6 and {each.bay for each in store.all(Replacement)} == set(bays)
    decisions.decide_many(store, bays[:2], Decision.ACCEPT, "not so bad", "bob")
    phases = {each.bay: each.phase for each in store.all(Replacement)}
    assert [phases.pop(bay) for bay in bays[:2]] == [Phase.WITHDRAWN] * 2
    assert set(phases.values()) == {Phase.MARKED}


def test_a_verdict_on_what_came_instead_ends_the_mark(store: Store) -> None:
    decisions.decide(store, BAY, Decision.REPLACE, "failed", "ann")
    host = store.get(Server, "c3-001")
    assert host and host.bays[2].drive
    host.bays[2].drive.serial, host.bays[2].drive.test = "NEW1", TestState.NOT_TESTED
    put(store, host)
    decisions.decide(store, BAY, Decision.ACCEPT, "no time to test", "bob")
    (mark,) = store.all(Replacement)
    assert mark.phase is Phase.CLOSED and "NEW1 is accepted: no time to test" in mark.history[-1]
    decisions.decide(store, BAY, Decision.REPLACE, "it failed too", "bob")
    assert [each.old.serial for each in store.all(Replacement) if each.open] == ["NEW1"]


def test_parts_of_servers_are_decided_on_by_their_place(store: Store) -> None:
    decisions.decide(store, "c3-002/PSU2", Decision.REPLACE, "dead", "ann")
    mark = decisions.open_replacement(store, "c3-002/PSU2")
    assert mark and mark.part == "psu" and mark.slot is None and mark.led == "c3-002"
    decisions.decide(store, "c3-002/PSU2", Decision.ACCEPT, "redundant", "bob")
    assert decisions.open_replacement(store, "c3-002/PSU2") is None
    verdict = store.get(Verdict, "c3-002/PSU2:")
    assert verdict and verdict.decision is Decision.ACCEPT
    for wrong in ("c3-009/PSU2", "c3-001/bay", "c3-001"):
        with pytest.raises(InputError, match=r"no server|no bay"):
            decisions.decide(store, wrong, Decision.REPLACE, "dead", "ann")


def cost(world: tuple[Site, Store], bays: list[str], servers: tuple[str, ...] = ()) -> Cost:
    site, store = world
    marked = set(decisions.open_marks(store))
    return cost_of(store.all(Server), site.plan, bays, servers, marked=marked)


def test_the_cost_of_drives_is_told_in_room_and_failure_domains(world: tuple[Site, Store]) -> None:
    found = cost(world, ["c3-002/bay01", "c3-003/bay01"])
    assert (len(found.servers), found.bays, found.raw_bytes) == (2, 2, 2 * BYTES)
    assert found.domains_left == found.domains_before == 4 and not found.grave
    # Four hosts of three drives, two of them with one less: 10 drives at three copies, 85 % full.
    assert found.usable_before == pytest.approx(12 * BYTES / 3 * 0.85)
    assert found.usable_after == pytest.approx(10 * BYTES / 3 * 0.85)
    decisions.decide(world[1], "c3-002/bay01", Decision.REPLACE, "worn", "ann")
    assert cost(world, ["c3-002/bay01"]).raw_bytes == 0


def test_too_few_failure_domains_and_the_control_plane_are_said_loudly(world: tuple[Site, Store]) -> None:
    out = [f"c3-00{n}/bay{slot:02d}" for n in (3, 4) for slot in (1, 2, 3)]
    found = cost(world, out)
    assert (
        found.too_few and found.grave and "ONLY 2 failure domains (hosts) ARE LEFT FOR 3" in found.lines()[0]
    )
    system = cost(world, ["c3-001/bay00"])
    assert system.whole == ("c3-001",) and system.control_plane == ("c3-001",) and system.bays == 4
    assert "ETCD LOSES ITS MAJORITY: c3-001 of 1 members" in system.lines()[0]
    assert cost(world, [], ("c3-004",)).domains_left == 3 and not cost(world, [], ("c3-004",)).grave
    assert set(found.told()) >= {"servers", "bays", "raw_tb", "usable_before", "usable_after", "domains_left"}


def test_once_there_are_nodes_only_their_drives_count(world: tuple[Site, Store]) -> None:
    host = world[1].get(Server, "c3-002")
    assert host
    put(world[1], host.model_copy(update={"stage": Stage.NODE}))
    assert cost(world, ["c3-003/bay01"]).raw_bytes == 0
    assert cost(world, ["c3-002/bay01"]).raw_bytes == BYTES
