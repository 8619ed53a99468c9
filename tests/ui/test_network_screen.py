"""The network screen: judged while one types, drawn to scale, and every page does what it says."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from c3tui.app import C3App
from c3tui.engine.errors import InputError
from c3tui.model.addresses import Binding
from c3tui.model.finding import Severity, finding
from screens.network import NetworkScreen
from screens.widgets.space import AddressMap
from tests.ui.records import Record
from tests.ui.views import LARGE, SMALL, app_of, rows, sees, text, until


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    record = Record(tmp_path / "small")
    yield record
    record.close()


@pytest.fixture
async def small(record: Record) -> AsyncIterator[Pilot[None]]:
    async with app_of(record).run_test(size=SMALL) as pilot:
        await pilot.press("1")
        await sees(pilot, "PXE net", "API VIP")
        yield pilot


def screen(pilot: Pilot[None]) -> NetworkScreen:
    assert isinstance(pilot.app, C3App) and isinstance(pilot.app.screen, NetworkScreen)
    return pilot.app.screen


def shown(pilot: Pilot[None]) -> str:
    assert isinstance(pilot.app, C3App)
    return text(pilot.app)


async def type_into(pilot: Pilot[None], path: str, value: str) -> None:
    """Put the cursor into a field and write over what it has; the last character by its key."""
    if screen(pilot).page != "form":
        await pilot.press("escape")
    screen(pilot).form.go_to(path)
    await until(
        pilot, lambda: getattr(pilot.app.focused, "id", "") == path.replace(".", "-").replace("_", "-")
    )
    box = pilot.app.focused
    assert isinstance(box, Input)
    box.value, last = value[:-1], value[-1]
    await pilot.press("end", last)


async def test_a_finding_comes_under_its_field_while_one_types(small: Pilot[None], record: Record) -> None:
    await type_into(small, "networks.cluster.vip", "10.20.0.1")
    await sees(small, "API VIP*", "! gateway 10.20.0.1 and API address")
    lines = rows(screen(small).app)  # type: ignore[arg-type]
    at = next(nth for nth, line in enumerate(lines) if "API VIP*" in line)
    assert "! gateway 10.20.0.1" in lines[at + 1], lines[at + 1]
    await small.press("2")
    await sees(small, "! API address 10.20.0.12 and nodes", "To do: Move one of the two ranges")
    await small.press("backspace", "backspace", "9")
    await until(small, lambda: "share" not in shown(small))
    assert record.link.told("edit") == []


async def test_the_rules_hold_for_what_is_typed_last(small: Pilot[None]) -> None:
    await type_into(small, "networks.cluster.vip", "10.20.0.12")
    await small.press("escape")
    await until(small, lambda: screen(small)._shown == screen(small)._wanted)
    judged = screen(small).judged
    assert judged.plan and str(judged.plan.networks.cluster.vip) == "10.20.0.12"
    await small.press("u")
    await until(small, lambda: not screen(small).judged.under)
    assert "API VIP*" not in shown(small)


async def test_a_value_that_is_none_keeps_the_last_drawing_and_is_not_written(
    small: Pilot[None], record: Record
) -> None:
    await type_into(small, "networks.cluster.vip", "10.20.0.12")
    await until(small, lambda: "Drawing X" in shown(small))
    await small.press("x")
    await sees(small, "! 10.20.0.12x is no address")
    await small.press("enter")
    await sees(small, "Not written: API VIP 10.20.0.12x is no address")
    assert record.link.told("edit") == []
    await small.press("escape", "d")
    await sees(small, "LAST GOOD, a value is bad", "X API address and nodes both claim 10.20.0.12")


async def test_a_host_instead_of_its_network_is_told_the_network(small: Pilot[None]) -> None:
    await type_into(small, "networks.cluster.cidr", "10.20.0.7/16")
    await sees(small, "is a host", "10.20.0.0/16")
    await type_into(small, "networks.cluster.vlan", "4095")
    await sees(small, "must be less than or equal to", "4094")
    await type_into(small, "networks.pxe.dynamic", "10.1.0.9-10.1.0.2")
    await sees(small, "! range ends at 10.1.0.2, before its")


async def test_residents_and_dhcp_are_written_whole(small: Pilot[None], record: Record) -> None:
    await type_into(small, "networks.cluster.reserved.0", "10.20.4.0-10.20.4.9 printers")
    await type_into(small, "networks.cluster.dynamic", "10.20.5.0-10.20.5.99")
    await type_into(small, "networks.ipmi.gateway", "10.0.0.1")
    await small.press("enter")
    await until(small, lambda: len(record.link.told("edit")) == 1)
    assert record.link.told("edit")[0]["changes"] == {
        "networks.ipmi.gateway": "10.0.0.1",
        "networks.cluster.dynamic": {"start": "10.20.5.0", "end": "10.20.5.99"},
        "networks.cluster.reserved": [{"start": "10.20.4.0", "end": "10.20.4.9", "purpose": "printers"}],
    }


async def test_the_drawing_is_to_scale_and_walks_and_zooms(small: Pilot[None]) -> None:
    await small.press("d")
    await sees(small, "10.20.0.0/16 as written  a sign is 128 addresses", "G gateway", "n nodes, free")
    await sees(small, "P pods, 12 slices", ".128.0 PPPPPPpp", "IPMI 10.0.0.0/24")
    await small.press("end")
    await sees(small, "10.20.255.128/25 pods, free")
    await small.press("home", "enter", "enter")
    await sees(small, "10.20.0.0/24 as written  a sign is 1 address", ".G...V....NNNNNNNNNNNNnn")
    await small.press("right")
    await sees(small, "10.20.0.1 gateway .1")
    await small.press("minus", "minus")
    await sees(small, "10.20.0.0/16 as written")


async def test_wide_form_and_drawing_stand_side_by_side(record: Record) -> None:
    async with app_of(record, "rich").run_test(size=LARGE) as pilot:
        await pilot.press("1")
        await sees(pilot, "Cluster L2 10.20.0.0/16", "a sign is 128 addresses", "nobody's")
        await type_into(pilot, "networks.cluster.pods.cidr", "10.20.64.0/18")
        await sees(pilot, "10.20.0.0/16 as edited", ".64.0 PPPPPPpp", ".128.0 ....")


async def test_hosts_are_bound_planned_or_held(small: Pilot[None], record: Record) -> None:
    record.put(Binding(id="c3-001", index=0), Binding(id="old", index=20))
    await small.press("a")
    await sees(small, "1 bound, 11 planned (r binds them), 1 held, their servers gone")
    await sees(small, "c3-001       r01 u01   10.20.0.10      10.20.128.1-62", "old ", "held, gone")
    await small.press("l")
    await sees(small, "Only a server that left the plan can be released")
    await small.press("end", "l")
    await sees(small, "Type old", "node 10.20.0.30")
    await small.press(*"old", "enter")
    await sees(small, "How do you know that it is gone?")
    await small.press(*"shredded", "enter")
    await until(small, lambda: record.link.told("release") == [{"server": "old", "reason": "shredded"}])
    await small.press("slash", *"u07", "enter")
    await sees(small, "filter: u07", "c3-004", "c3-010")


@pytest.mark.parametrize(
    ("down", "name", "words", "mode"),
    [
        (1, "hosts.csv", "c3-012,r02,11", 0o600),
        (2, "etc-hosts.txt", "10.20.0.10", 0o644),
        (3, "switch-sheet.txt", "MACs on one port", 0o644),
    ],
)
async def test_tables_are_exported_and_nothing_is_overwritten_unasked(
    small: Pilot[None], record: Record, down: int, name: str, words: str, mode: int
) -> None:
    path = record.site.files.directory / name
    await small.press("a", "x", *["down"] * down, "enter")
    await sees(small, name)
    await small.press("enter")
    await sees(small, "Written:")
    assert words in path.read_text() and path.stat().st_mode & 0o777 == mode
    path.write_text("mine")
    await small.press("x", *["down"] * down, "enter")
    await sees(small, "File (a relative path")
    await small.press("enter")
    await sees(small, "exists.")
    await small.press("enter")
    await sees(small, "the file is as it was")
    assert path.read_text() == "mine"
    await small.press("x", *["down"] * down, "enter", "enter")
    await sees(small, "exists.")
    await small.press("y")
    await until(small, lambda: words in path.read_text())


async def test_the_site_itself_is_never_an_export(small: Pilot[None], record: Record) -> None:
    before = record.site.files.plan.read_text()
    record_key = "export:csv"
    screen(small).session.drafts[record_key] = "site.yaml"
    await small.press("a", "x", "down", "enter", "enter")
    await sees(small, "the site itself lives by that file")
    assert record.site.files.plan.read_text() == before


async def test_an_import_is_shown_by_line_before_it_is_taken(small: Pilot[None], record: Record) -> None:
    table = record.site.files.directory / "servers.csv"
    table.write_text("rack,unit,bmc\n")
    told = {"added": ["c3-013"], "changed": [], "racks": [], "faults": [{"line": 3, "message": "no unit"}]}
    record.link.answers["import"] = told
    await small.press("a", "i")
    await sees(small, "servers.csv")
    await small.press("enter")
    await sees(small, "1 good line: 1 new", "- line 3: no unit", "Take 1 server into the plan")
    await small.press("enter")
    await sees(small, "Nothing was imported")
    await small.press("i", "enter")
    await sees(small, "- line 3: no unit")
    await small.press("down", "enter")
    await until(small, lambda: len(record.link.told("import")) == 3)
    assert [each.get("preview") for each in record.link.told("import")] == [True, True, None]


async def test_sizing_proposes_and_takes_into_the_form(small: Pilot[None], record: Record) -> None:
    await small.press("z", *"300", "tab", *"110")
    await sees(small, "10.20.0.0/15", "10.21.0.0/16, /25", "16384 65536 131072", "too small for 300 nodes")
    await small.press("y")
    await sees(small, "Cluster L2*", "10.20.0.0/15", "10.20.0.10-10.20.1.53", "Pods/node*")
    assert record.link.told("edit") == []
    await small.press("w")
    await until(small, lambda: len(record.link.told("edit")) == 1)
    changes = record.link.told("edit")[0]["changes"]
    assert changes["networks.cluster.cidr"] == "10.20.0.0/15" and changes["kubernetes.max_pods"] == 110
    await small.press("z", *"9999999")
    await sees(small, "! 9999999 nodes")


async def test_the_changes_in_maas_and_what_is_left_alone(small: Pilot[None], record: Record) -> None:
    told = "reserved range 10.20.8.0-10.20.8.9 (printers) is not in the plan"
    record.link.answers["check"] = {"summary": "", "missing": ["reserve a", "set b"], "done": False}
    record.put(finding("network.maas-resident", "site", "network", Severity.INFO, told, "Add it", ""))
    await small.press("c", "escape", "m")
    await sees(small, "m[MAAS +2]", "r makes 2 changes", "  1 reserve a", "Of others, and left alone:", told)
    await small.press("r")
    await until(small, lambda: record.link.told("run") == [{"step": "network"}])


async def test_the_sweep_starts_stops_and_shows_who_answers(small: Pilot[None], record: Record) -> None:
    record.link.answers["sweep"] = {"asked": 503, "found": 2, "parts": ["vip", "nodes"], "untested": []}
    await small.press("p")
    await sees(small, "Nobody was asked yet")
    await small.press("p")
    await sees(small, "API VIP and node range: 503 addresses")
    await small.press("down", "enter")
    await until(small, lambda: record.link.told("sweep") == [{"parts": ["vip", "nodes"]}])
    running = {"running": True, "asked": 100, "total": 503, "found": 2, "parts": ["vip", "nodes"]}
    macs = ["52:54:00:aa:bb:cc"]
    answers = [["10.20.0.1", "arp", macs], ["10.20.0.77", "arp", macs]]
    record.store.observe("sweep", {"site": running, "answers": {"answers": answers, "untested": []}})
    await sees(small, "100 of 503", "2 answered", "10.20.0.77      ! stranger   nodes, free", macs[0])
    await sees(small, "10.20.0.1       may answer   gateway")
    await small.press("p")
    await until(small, lambda: len(record.link.told("stop-sweep")) == 1)
    await small.press("end", "enter")
    await sees(small, "d[Drawing]", "answers, and must not")
    assert small.app.screen.query_one(AddressMap).has_focus


async def test_a_refusal_of_the_engine_keeps_what_was_typed(small: Pilot[None], record: Record) -> None:
    record.link.answers["edit"] = InputError("hardware is running", remedy="Wait for it")
    await type_into(small, "networks.cluster.vip", "10.20.0.9")
    await small.press("enter")
    await sees(small, "hardware is running", "Wait for it")
    await small.press("escape")
    await sees(small, "API VIP*   10.20.0.9")


async def test_a_thousand_servers_are_judged_beside_the_typing(tmp_path: Path) -> None:
    record = Record(tmp_path / "large", servers=12)
    plan = record.site.files.plan
    tree = plan.read_text().replace("10.20.0.10, end: 10.20.1.255", "10.20.0.10, end: 10.20.7.255")
    many = "".join(
        f"  - {{name: m{n:04d}, rack: r01, unit: 40, bmc: {{address: 10.0.0.200}}}}\n" for n in range(1000)
    )
    plan.write_text(tree.replace("kubernetes:\n", f"{many}kubernetes:\n"))
    record.site = type(record.site).load(record.site.files.directory, {})
    async with app_of(record).run_test(size=SMALL) as pilot:
        await pilot.press("1")
        await until(pilot, lambda: screen(pilot).judged.plan is not None)
        await type_into(pilot, "networks.cluster.vip", "10.20.0.1")
        await sees(pilot, "! gateway 10.20.0.1 and API address")
    record.close()
