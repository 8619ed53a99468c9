"""Parts on their way out: marks, moves by hand, serials scanned, and the list one walks with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from c3tui.engine import decisions
from c3tui.engine.decisions import Mark
from c3tui.engine.decisions.moves import label
from c3tui.engine.errors import InputError
from c3tui.engine.store import Store
from c3tui.model.finding import Finding, FindingState, Severity, finding
from c3tui.model.fleet import Server, Stage
from c3tui.model.light import Why, new_light
from c3tui.model.replacement import Decision, Kind, Phase, Replacement, Verdict, kind_of, place_id
from c3tui.model.walklist import Errand, pages, text, walk_list
from tests.support.parts import fleet, put

BAY = "c3-001/bay02"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    _, store = fleet(tmp_path)
    yield store
    store.close()


def mark(store: Store, bay: str = BAY, reason: str = "8 pending sectors") -> Replacement:
    decisions.decide(store, bay, Decision.REPLACE, reason, "ann")
    found = decisions.open_replacement(store, bay)
    assert found
    return found


def a_part(store: Store, part: Kind, place: str, **more: object) -> Replacement:
    wanted = Mark("c3-003", part, place, "dead", **more)  # type: ignore[arg-type]
    return decisions.mark(store, wanted, "ann", {"c3-003"})


def in_production(store: Store, name: str = "c3-001") -> None:
    host = store.get(Server, name)
    assert host
    put(store, host.model_copy(update={"in_production": True, "stage": Stage.NODE}))


def test_places_have_names_and_names_tell_the_kind() -> None:
    assert place_id("c3-001", Kind.DRIVE, "bay3") == "c3-001/bay03" == place_id("c3-001", Kind.DRIVE, "3")
    assert place_id("c3-001", Kind.DIMM, " P1-DIMMA1 ") == "c3-001/P1-DIMMA1"
    assert place_id("c3-001", Kind.SERVER, "whatever") == "c3-001"
    for part, place in ((Kind.DRIVE, "x"), (Kind.PSU, ""), (Kind.FAN, "a/b"), (Kind.FAN, "F\x1b[2J")):
        with pytest.raises(ValueError):
            place_id("c3-001", part, place)
    told = {"bay03": "drive", "P1-DIMMA1": "dimm", "PSU2": "psu", "FAN3": "fan", "eno1": "nic", "": "server"}
    assert {place: kind_of(place) for place in told} == told


def test_other_parts_are_marked_once_and_a_server_says_what_becomes_of_its_drives(store: Store) -> None:
    psu = a_part(store, Kind.PSU, "PSU2", serial=" P123 ", model="PWS-1K")
    assert psu.bay == "c3-003/PSU2" and psu.old.serial == "P123" and psu.open
    with pytest.raises(InputError, match="on its way out already"):
        a_part(store, Kind.PSU, "PSU2")
    with pytest.raises(InputError, match="no place of a dimm"):
        a_part(store, Kind.DIMM, "")
    with pytest.raises(InputError, match="what becomes of its drives"):
        a_part(store, Kind.SERVER, "")
    whole = a_part(store, Kind.SERVER, "", drives_move=True)
    assert whole.bay == "c3-003" and whole.old.serial == "SRV0003" and len(whole.beside) == 4
    assert "drives move into the new one" in whole.history[0]
    with pytest.raises(InputError, match="no server"):
        decisions.mark(store, Mark("c3-099", Kind.FAN, "FAN1", "loud"), "ann", {"c3-003"})


def test_a_part_c3_cannot_see_goes_through_its_phases_on_somebodys_word(store: Store) -> None:
    fan = a_part(store, Kind.FAN, "FAN3")
    with pytest.raises(InputError, match="wants a note"):
        decisions.move(store, fan.id, Phase.PULLED, " ", "ann")
    with pytest.raises(InputError, match="nothing is in its place yet"):
        decisions.move(store, fan.id, Phase.RETESTED, "spins", "ann")
    decisions.move(store, fan.id, Phase.PULLED, "out", "ann")
    with pytest.raises(InputError, match="pulled already"):
        decisions.move(store, fan.id, Phase.LOCATED, "found", "ann")
    decisions.move(store, fan.id, Phase.REPLACED, "new one in", "bob", model="FAN-0158")
    decisions.move(store, fan.id, Phase.RETESTED, "5400 rpm", "bob")
    closed = decisions.move(store, fan.id, Phase.CLOSED, "done", "bob")
    assert not closed.open and closed.new and closed.new.model == "FAN-0158"
    assert [line.split()[2] for line in closed.history] == [
        "marked:",
        "pulled:",
        "replaced:",
        "retested:",
        "closed:",
    ]
    assert "(by hand, bob)" in closed.history[-1]
    for gone in (Phase.MARKED, Phase.WITHDRAWN):
        with pytest.raises(InputError):
            decisions.move(store, a_part(store, Kind.FAN, f"FAN{gone}"[:8]).id, gone, "x", "ann")


def test_nobodys_word_is_taken_for_a_swap_that_c3_sees(store: Store) -> None:
    drive = mark(store)
    decisions.move(store, drive.id, Phase.PULLED, "it is on my desk", "ann")
    with pytest.raises(InputError, match="sees this swap for itself"):
        decisions.move(store, drive.id, Phase.REPLACED, "in", "ann", serial="NEW1")


def test_a_drive_in_production_is_moved_by_hand_and_used_on_that_word(store: Store) -> None:
    drive = mark(store)
    put(store, finding("drive.replace", BAY, "hardware", Severity.CRITICAL, "it is bad", "swap it"))
    in_production(store)
    with pytest.raises(InputError, match="serial of the new drive is missing"):
        decisions.move(store, drive.id, Phase.REPLACED, "in", "ann")
    decisions.move(store, drive.id, Phase.REPLACED, "in", "ann", serial="NEW1")
    host = store.get(Server, "c3-001")
    assert host and host.bays[2].drive and host.bays[2].drive.serial == "NEW1"
    assert host.bays[2].drive.test == "not tested" and host.bays[2].drive.use == "data"
    assert [each.state for each in store.all(Finding)] == [FindingState.FIXED]
    decisions.move(store, drive.id, Phase.CLOSED, "its OSD is up", "ann")
    verdict = store.get(Verdict, f"{BAY}:NEW1")
    assert verdict and verdict.keeps and verdict.reason == "its OSD is up"


def test_a_scanned_serial_is_read_off_whatever_the_scanner_typed() -> None:
    scanned = (
        " ZL2AAAA1\r\n",
        "S/N: ZL2AAAA1",
        "SN:ZL2AAAA1\t",
        "Serial Number: ZL2AAAA1",
        "\x02ZL2AAAA1\x03",
    )
    assert {label(each) for each in scanned} == {"ZL2AAAA1"}


def test_a_scanned_serial_is_paired_by_what_is_known(store: Store) -> None:
    with pytest.raises(InputError, match="no part waits"):
        decisions.announce(store, "NEW1", "ann")
    mark(store)
    paired = decisions.announce(store, " NEW1 ", "ann")
    assert (paired.bay, paired.announced, paired.phase) == (BAY, "NEW1", Phase.MARKED)
    first, second = mark(store, "c3-002/bay01"), mark(store, "c3-002/bay03")
    with pytest.raises(InputError, match="2 parts wait for a new one: c3-002/bay01, c3-002/bay03"):
        decisions.announce(store, "NEW2", "ann")
    decisions.move(store, second.id, Phase.PULLED, "out", "ann")
    assert decisions.announce(store, "NEW2", "ann").id == second.id
    assert decisions.announce(store, "NEW3", "ann", first.bay).id == first.id
    assert decisions.announce(store, "NEW4", "ann", first.id).announced == "NEW4"
    psu = a_part(store, Kind.PSU, "PSU1")
    assert decisions.announce(store, "P9", "ann", psu.id).phase is Phase.REPLACED


@pytest.mark.parametrize(
    ("scanned", "says"),
    [
        ("zl200102", "is the part that is to go out"),
        ("ST16000NM001G", "is a model, not a serial"),
        ("ZL200403", r"sits in c3-004/bay03 \(r02 unit 7\)"),
        ("SRV0002", "is the serial of server c3-002"),
        ("TAKEN", "was scanned for c3-002/bay01 already"),
        ("ZL200303", "was taken out of c3-003/bay03: burnt"),
        (" \r\n", "no serial was scanned"),
    ],
)
def test_a_serial_that_cannot_be_that_of_the_new_drive_is_refused(
    store: Store, scanned: str, says: str
) -> None:
    drive, other, gone = mark(store), mark(store, "c3-002/bay01"), mark(store, "c3-003/bay03", "burnt")
    decisions.announce(store, "TAKEN", "ann", other.id)
    decisions.move(store, gone.id, Phase.PULLED, "out", "ann")
    host = store.get(Server, "c3-003")
    assert host
    host.bays[3].drive = None
    put(store, host)
    with pytest.raises(InputError, match=says):
        decisions.announce(store, scanned, "ann", drive.id)


def test_a_mark_is_taken_back_as_long_as_nothing_else_is_there(store: Store) -> None:
    drive, psu = mark(store), a_part(store, Kind.PSU, "PSU1")
    with pytest.raises(InputError, match="wants a reason"):
        decisions.withdraw(store, psu.id, " ", "bob")
    assert decisions.withdraw(store, psu.id, "it was the cable", "bob").phase is Phase.WITHDRAWN
    put(store, finding("replacement.same-drive", BAY, "hardware", Severity.WARNING, "it is back", "swap it"))
    assert decisions.withdraw(store, drive.id, "fine", "bob").phase is Phase.WITHDRAWN
    assert [each.state for each in store.all(Finding)] == [FindingState.FIXED]
    fan = a_part(store, Kind.FAN, "FAN1")
    decisions.move(store, fan.id, Phase.REPLACED, "in", "bob")
    with pytest.raises(InputError, match="its place is taken"):
        decisions.withdraw(store, fan.id, "no", "bob")


def errands(store: Store, *lit: str) -> list[Errand]:
    servers = {each.name: each for each in store.all(Server)}
    lights = [new_light(led, Why.REPLACEMENT, "x", "ann") for led in lit]
    return walk_list([each for each in store.all(Replacement) if each.open], servers, lights)


def test_the_walk_list_is_in_walking_order_with_what_shines(store: Store) -> None:
    for bay in ("c3-004/bay01", "c3-001/bay03", BAY, "c3-003/bay01"):
        mark(store, bay)
    a_part(store, Kind.PSU, "PSU2")
    found = errands(store, "c3-001", BAY)
    assert [each.bay for each in found] == [
        BAY,
        "c3-001/bay03",
        "c3-003/bay01",
        "c3-003/PSU2",
        "c3-004/bay01",
    ]
    assert [each.led for each in found] == ["bay", "server", "off", "off", "off"]
    printed = text(found, "small")
    assert max(map(len, printed.splitlines())) <= 80
    for word in (
        "Rack r01: 2 parts",
        "Rack r02: 3 parts",
        "ZL200102",
        "16 TB",
        "8 pending sectors",
        "LED bay",
    ):
        assert word in printed


def test_a_page_for_each_rack_has_room_for_the_new_serials(store: Store) -> None:
    for bay in ("c3-001/bay01", BAY, "c3-003/bay01"):
        mark(store, bay, "long " * 60 + "\x1b[2J\u2588")
    in_production(store, "c3-003")
    sheets = pages(errands(store), "small").split("\f")
    assert ["Rack r01" in sheet for sheet in sheets] == [True, False] and "Rack r02" in sheets[1]
    assert sheets[0].count("in   ______") == 2 and "drain its OSD first" in sheets[1]
    whole = "\n".join(sheets)
    assert max(map(len, whole.splitlines())) <= 80 and "\x1b" not in whole
    assert all(ord(char) < 0x100 for char in whole)
    long = [
        each.model_copy(update={"bay": f"c3-001/bay{n}"}) for n in range(30) for each in errands(store)[:1]
    ]
    many = pages(long, "small").split("\f")
    assert len(many) > 2 and "page 2 of" in many[1] and all(len(each.splitlines()) <= 60 for each in many)
    assert sum(each.count("serials compared") for each in many) == 30
