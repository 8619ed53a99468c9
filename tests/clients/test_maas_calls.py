"""The MAAS client's calls: guards before something is lost, results and uploads."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from c3tui.clients.maas import Limits, Maas, RowStatus, Status
from c3tui.engine.errors import InputError, Refused
from tests.clients.maas_region import KEY, TEST_TAG, Region, machine, region

FAST = Limits(call=5, full_list=5, tries=1, pause=0.01, longest_pause=0.05)
ONE = "/machines/abc123/"


@pytest.fixture
async def maas_region() -> AsyncIterator[Region]:
    async with region() as made:
        yield made


@pytest.fixture
async def maas(maas_region: Region) -> AsyncIterator[Maas]:
    async with await Maas.connect(maas_region.url, SecretStr(KEY), FAST) as client:
        yield client


def script(name: str, *, destructive: bool = False, storage: bool = True) -> dict[str, Any]:
    parameters = {"storage": {"type": "storage"}} if storage else {}
    return {
        "name": name,
        "type": 2,
        "tags": ["storage", "c3"],
        "destructive": destructive,
        "parameters": parameters,
    }


@pytest.fixture
def testable(maas_region: Region) -> Region:
    listed = [script("smartctl-validate"), script("fio", destructive=True), script("ntp", storage=False)]
    maas_region.says("GET", "/scripts/", listed)
    maas_region.says("GET", ONE, machine())
    maas_region.says("POST", ONE, machine(21, current_testing_result_id=52), op="test")
    for number in (7, 8, 9):
        for op in ("add_tag", "remove_tag"):
            maas_region.says("POST", f"/nodes/abc123/blockdevices/{number}/", {}, op=op)
    return maas_region


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["storage"], "is a tag"),
        (["nope"], "is no test"),
        (["smartctl-validate", "fio"], "destroys"),
        ([], "no test"),
    ],
)
async def test_a_test_that_could_destroy_is_not_even_sent(
    testable: Region, maas: Maas, names: list[str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        await maas.test("abc123", names)
    if names:
        with pytest.raises(InputError, match=said):
            await maas.commission("abc123", testing=names)
    assert not [one for one in testable.asked if one.method == "POST"]


@pytest.mark.parametrize(
    ("serials", "sent"),
    [(None, "all"), (["SER9"], "9"), (["SER7", "SER8", "SER9"], "all"), (["SER7", "SER9"], TEST_TAG)],
)
async def test_drives_are_named_as_maas_takes_them(
    testable: Region, maas: Maas, serials: list[str] | None, sent: str
) -> None:
    assert await maas.test("abc123", ["smartctl-validate", "ntp"], storage=serials) == 52
    assert testable.asked[-1].form == {"testing_scripts": ["smartctl-validate,ntp"], "storage": [sent]}
    tagged = [(one.path.split("/")[4], one.op) for one in testable.asked if "blockdevices" in one.path]
    wanted = [("7", "add_tag"), ("8", "remove_tag"), ("9", "add_tag")] if sent == TEST_TAG else []
    assert tagged == wanted


async def test_destructive_tests_run_when_asked_for_and_others_send_no_drive(
    testable: Region, maas: Maas
) -> None:
    await maas.test("abc123", ["fio"], destructive=True)
    await maas.test("abc123", ["ntp"])
    assert testable.asked[-1].form == {"testing_scripts": ["ntp"]}


async def test_an_unknown_drive_is_named(testable: Region, maas: Maas) -> None:
    with pytest.raises(InputError, match="c3-001: MAAS knows no drive SER1"):
        await maas.test("abc123", ["smartctl-validate"], storage=["SER1"])


@pytest.mark.parametrize("more", [{"status": 6}, {"status": 22, "osystem": "ubuntu"}, {"locked": True}])
async def test_a_deployed_or_locked_server_is_not_tested(
    testable: Region, maas: Maas, more: dict[str, Any]
) -> None:
    testable.forget("GET", ONE)
    testable.says("GET", ONE, machine() | more)
    with pytest.raises(Refused):
        await maas.test("abc123", ["ntp"])
    assert testable.times("POST", ONE, "test") == 0


async def test_false_flags_are_left_out_of_commissioning(testable: Region, maas: Maas) -> None:
    # MAAS reads "0" and "" as true; skip_storage that way loses every disk.
    testable.says("POST", ONE, machine(1), op="commission")
    await maas.commission("abc123", commissioning_scripts=["c3-bays"], skip_bmc_config=True)
    assert testable.asked[-1].form == {
        "skip_bmc_config": ["true"],
        "commissioning_scripts": ["c3-bays"],
        "testing_scripts": ["none"],
    }


@pytest.mark.parametrize("more", [{"status": 6}, {"status": 21, "osystem": "ubuntu"}])
async def test_a_deployed_server_is_never_marked_broken(
    maas_region: Region, maas: Maas, more: dict[str, Any]
) -> None:
    maas_region.says("GET", ONE, machine() | more)
    with pytest.raises(Refused, match="release it"):
        await maas.mark_broken("abc123", "bad DIMM")
    assert not [one for one in maas_region.asked if one.method == "POST"]


async def test_marking_a_ready_machine_broken_takes_it_first(maas_region: Region, maas: Maas) -> None:
    maas_region.says("GET", ONE, machine(4))
    maas_region.says("POST", "/machines/", machine(10, owner="c3"), op="allocate")
    maas_region.says("POST", ONE, machine(8), op="mark_broken")
    assert (await maas.mark_broken("abc123", "bad DIMM")).status is Status.BROKEN
    assert [one.op for one in maas_region.asked if one.method == "POST"] == ["allocate", "mark_broken"]


async def test_a_machine_of_ours_is_not_allocated_twice(maas_region: Region, maas: Maas) -> None:
    no = "No machine with system ID abc123 available."
    maas_region.says("POST", "/machines/", no, status=409, op="allocate")
    maas_region.says("GET", ONE, machine(10, owner="c3"))
    maas_region.says("GET", ONE, machine(10, owner="somebody"))
    assert (await maas.allocate("abc123")).owner == "c3"
    with pytest.raises(Refused, match="No machine with"):
        await maas.allocate("abc123")


async def test_machines_are_asked_for_in_chunks(maas_region: Region, maas: Maas) -> None:
    async def some(request: web.Request) -> web.StreamResponse:
        return web.json_response([machine(system_id=one) for one in request.query.getall("id")])

    maas_region.does("GET", "/machines/", lambda: some)
    wanted = [f"m{number}" for number in range(120)]
    found = await maas.machines(wanted, [Status.READY, Status.FAILED_TESTING])
    assert [one.system_id for one in found] == wanted
    lists = [one.query for one in maas_region.asked if one.path == "/machines/"]
    assert sorted(len(one["id"]) for one in lists) == [20, 50, 50]
    assert lists[0]["status"] == ["ready", "failed_testing"]


async def test_all_machines_come_in_one_long_list(maas_region: Region, maas: Maas) -> None:
    listed = [machine(system_id=f"m{number}", description="x" * 4000) for number in range(80)]
    maas_region.says("GET", "/machines/", listed)
    assert [one.system_id for one in await maas.machines()] == [f"m{number}" for number in range(80)]
    assert maas_region.asked[-1].query == {}
    assert maas.where("m79") == "c3-001"


async def test_a_machine_of_a_newer_maas_is_read_as_far_as_known(maas_region: Region, maas: Maas) -> None:
    odd = {"status": 99, "cpu_count": None, "interface_set": [{"id": 1, "type": "warp"}], "tag_names": None}
    maas_region.says("GET", ONE, machine() | odd | {"hardware_info": "soon", "fresh": {}})
    found = await maas.machine("abc123")
    assert (found.status, found.cpus, found.nics[0].type, found.macs) == (99, 0, "warp", ())
    assert [(disk.serial, disk.boot, disk.rotational) for disk in found.disks] == [
        ("SER7", True, False),
        ("SER8", False, True),
        ("SER9", False, True),
    ]


async def test_addresses_of_bmcs_come_without_their_passwords(maas_region: Region, maas: Maas) -> None:
    powers = {
        "b": {"power_address": "10.0.0.1", "power_pass": "x"},
        "a": {"power_address": "10.0.0.1"},
        "c": {},
    }
    maas_region.says("GET", "/machines/", powers, op="power_parameters")
    assert await maas.bmc_addresses() == {"b": "10.0.0.1", "a": "10.0.0.1", "c": ""}
    await maas.bmc_addresses(["a"])
    assert maas_region.asked[-1].query["id"] == ["a"]


async def test_results_that_are_not_there_are_none(maas_region: Region, maas: Maas) -> None:
    none = "No current testing script set exists for this node."
    maas_region.says("GET", "/nodes/abc123/results/current-testing/", none, status=400)
    maas_region.says("GET", "/nodes/abc123/results/9/", "No ScriptSet matches the given query.", status=404)
    maas_region.says("GET", "/nodes/abc123/results/8/", "No Node matches the given query.", status=404)
    assert await maas.results("abc123", "current-testing") is None
    assert await maas.results("abc123", 9) is None
    with pytest.raises(Refused):
        await maas.results("abc123", 8)


async def test_output_is_that_of_the_row(maas_region: Region, maas: Maas) -> None:
    rows = [
        {"id": 2, "name": "x", "status": 3, "stdout": "dHdv"},
        {"id": 1, "name": "x", "status": 99, "stdout": "b25l"},
    ]
    answer = {"id": 9, "type_name": "Testing", "status": 3, "results": rows}
    maas_region.says("GET", "/nodes/abc123/results/9/", answer)
    found = await maas.results("abc123", 9)
    assert found is not None and [row.id for row in found.rows] == [1, 2]
    assert [row.status for row in found.rows] == [99, RowStatus.FAILED]
    assert await maas.output("abc123", 9, 2) == b"two"
    assert maas_region.asked[-1].query == {"include_output": ["true"], "filters": ["2"]}
    with pytest.raises(Refused):
        await maas.output("abc123", 9, 3)


SCRIPT = """#!/bin/sh
# --- Start MAAS 1.0 script metadata ---
# name: c3-x
# --- End MAAS 1.0 script metadata ---
"""


async def test_a_script_is_uploaded_once_and_again_when_it_changed(
    maas_region: Region, maas: Maas, tmp_path: Path
) -> None:
    path = tmp_path / "c3-x"
    path.write_text(SCRIPT)
    here = "/scripts/c3-x"
    maas_region.says("GET", here, "No Script matches the given query.", status=404)
    maas_region.says("GET", here, {"name": "c3-x", "default": False})
    maas_region.says("GET", here, SCRIPT, op="download")
    maas_region.says("POST", "/scripts/", {"name": "c3-x"})
    maas_region.says("PUT", here, {"name": "c3-x"})
    assert await maas.ensure_script(path)
    assert maas_region.asked[-1].form["script"] == [SCRIPT]
    assert not await maas.ensure_script(path)
    path.write_text(SCRIPT + "echo new\n")
    assert await maas.ensure_script(path)
    assert (maas_region.asked[-1].method, maas_region.asked[-1].form["script"]) == ("PUT", [path.read_text()])


async def test_a_builtin_script_is_not_overwritten(maas_region: Region, maas: Maas, tmp_path: Path) -> None:
    path = tmp_path / "c3-x"
    path.write_text("#!/bin/sh\n")
    with pytest.raises(InputError, match="no MAAS metadata"):
        await maas.ensure_script(path)
    path.write_text(SCRIPT)
    maas_region.says("GET", "/scripts/c3-x", {"name": "c3-x", "default": True})
    with pytest.raises(Refused, match="builtin"):
        await maas.ensure_script(path)


async def test_a_range_that_is_there_is_not_made_again(maas_region: Region, maas: Maas) -> None:
    there = {"id": 1, "type": "reserved", "start_ip": "10.0.0.2", "end_ip": "10.0.0.9", "subnet": {"id": 2}}
    maas_region.says("GET", "/ipranges/", [there])
    maas_region.says("POST", "/ipranges/", there | {"id": 3, "end_ip": "10.0.0.8"})
    assert (await maas.create_range("reserved", "10.0.0.2", "10.0.0.9", 2)).id == 1
    assert (await maas.create_range("reserved", "10.0.0.2", "10.0.0.8", 2, "pods")).id == 3
    assert maas_region.times("POST", "/ipranges/") == 1
