"""Servers from CSV: good lines are kept, each fault has its line, and site.yaml keeps its comments."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c3tui.engine import planfile
from c3tui.engine.errors import InputError
from c3tui.model.imports import Imported, mac_of, read_csv
from c3tui.model.plan import Plan
from c3tui.steps.servers import merge
from tests.support.networks import GOOD, plan_with
from tests.support.plans import write_site

HEAD = "name,rack,unit,serial,bmc,profile\n"
PLAN = plan_with({})
HEARD = {"ac:1f:6b:00:00:aa": IPv4Address("10.0.0.77")}


def names(found: Imported) -> list[str]:
    return [row.server.name for row in found.rows]


def faults(found: Imported) -> list[str]:
    return [str(fault) for fault in found.faults]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "c3-010,r01,9,S10,10.0.0.20,standard\n",
        HEAD.replace(",", ";") + "c3-010;r01;9;S10;10.0.0.20;standard",
        HEAD.replace(",", "\t") + "c3-010\tR01\tU09\tS10\t10.0.0.20\t\r\n",
        "\ufeffServer, Rack ,Rack Unit,Serial Number,BMC_Address,notes\r\nC3-010,r01,9,S10,10.0.0.20,new\r\n",
        f'\n\n{HEAD}\n"c3-010","r01",9,"S10","10.0.0.20"\n,,,\n',
    ],
)
def test_a_spreadsheets_ways_of_writing_are_understood(text: str) -> None:
    found = read_csv(text, PLAN)
    assert faults(found) == [] and names(found) == ["c3-010"]
    server = found.rows[0].server
    assert (server.rack, server.unit, server.serial, str(server.bmc.address)) == (
        "r01",
        9,
        "S10",
        "10.0.0.20",
    )


def test_a_server_without_a_name_is_called_after_its_place() -> None:
    assert names(read_csv("rack,unit,bmc\nr07,3,10.0.0.9\n", PLAN)) == ["r07-u03"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("x,r01,,S,10.0.0.20,", "line 3: no unit"),
        ("x,,9,S,10.0.0.20,", "line 3: no rack"),
        ("x,r01,top,S,10.0.0.20,", "'top' is no number"),
        ("x,r01,²,S,10.0.0.20,", "is no number"),
        ("x,r01,61,S,10.0.0.20,", "unit: Input should be less than or equal to 60"),
        (f"x,r01,{'9' * 400},S,10.0.0.20,", "is no number"),
        ("x_1,r01,9,S,10.0.0.20,", "name: String should match"),
        ("x,r01,9,S,10.0.0.256,", "bmc.address: "),
        ("x,r01,9,S,fe80::1,", "bmc.address: "),
        ("x,r01,9,S,,", "no BMC address"),
        ("x,r01,9,S,ac:1f:6b:00:00:bb,", "address of BMC ac:1f:6b:00:00:bb is not known"),
        ("x,r01,9,S,10.0.0.20,gold", "no profile 'gold': the plan has standard"),
        ("x,r01,9,S,10.0.0.20,standard,more", "7 values under 6 headings"),
        ('"x,r01,9,S,10.0.0.20,standard', "quotes do not match"),
        ("x,r01,9,S\x1b[2J,10.0.0.20,", "control character in it (U+001B)"),
        ("x,r01,9,S\x00,10.0.0.20,", "control character in it (U+0000)"),
        ("x,r01,9," + "S" * 5000 + ",10.0.0.20,", "longer than"),
        ("x,r01,9,S3,10.0.0.20,", "serial S3: it is c3-003's in the plan"),
        ("x,r01,5,S,10.0.0.20,", "place r01 unit 5: it is c3-003's in the plan"),
        ("first,r01,11,S,10.0.0.21,", "name first: line 2 has it"),
        ("x,r01,9,S,10.0.0.30,", "BMC address 10.0.0.30: line 2 has it"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_kept(line: str, says: str) -> None:
    good = "first,r01,30,SF,10.0.0.30,\n"
    found = read_csv(f"{HEAD}{good}{line}\nlast,r01,31,SL,10.0.0.31,\n", PLAN)
    assert names(found) == ["first", "last"]
    assert len(found.faults) == 1 and found.faults[0].line == 3 and says in faults(found)[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("name,rack,bmc\nx,r01,10.0.0.9\n", "line 1: no heading 'unit'"),
        ("name,rack,unit\nx,r01,3\n", "no heading 'bmc'"),
        ("rack,unit,bmc,bmc ip\nr01,3,10.0.0.9,10.0.0.9\n", "two columns are called bmc"),
        ("\x00\x01\x02", "no heading"),
        ("rack,unit,bmc\n" + "r01,3,10.0.0.9\n" * 20_001, "more than 20000 lines"),
    ],
)
def test_what_is_no_table_of_servers_is_refused(text: str, says: str) -> None:
    found = read_csv(text, PLAN)
    assert says in " ".join(faults(found)[-1:])


def test_a_bmc_may_be_given_by_its_mac() -> None:
    text = "name,rack,unit,bmc,mac\nx,r01,9,AC-1F-6B-00-00-AA,\ny,r01,11,,ac1f.6b00.00bb\n"
    text += "c3-003,r01,5,,ac:1f:6b:00:00:03\n"
    found = read_csv(text, PLAN, HEARD)
    assert names(found) == ["x", "c3-003"] and found.macs_only == ["ac:1f:6b:00:00:bb"]
    assert str(found.rows[0].server.bmc.address) == "10.0.0.77"
    assert found.rows[0].server.bmc.mac == "ac:1f:6b:00:00:aa"
    assert str(found.rows[1].server.bmc.address) == "10.0.0.13"
    assert mac_of("10.0.0.1") == "" and mac_of("ac:1f:6b:00:00") == ""


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.booleans())
def test_no_text_is_too_strange_to_be_answered(text: str, headed: bool) -> None:
    found = read_csv((HEAD if headed else "") + text, PLAN, HEARD)
    assert all(fault.message for fault in found.faults)


BLOCK = """\
servers:
  - name: c3-001   # the first
    rack: r01
    unit: 1
    bmc:
      address: 10.0.0.11   # from its label
      # more to come
# the cluster
"""


def site_of(tmp_path: Path, text: str) -> Path:
    return write_site(tmp_path, text) / "site.yaml"


def test_servers_are_added_and_changed_where_they_stand(tmp_path: Path) -> None:
    path = site_of(tmp_path, GOOD)
    rows = read_csv(
        HEAD + "c3-002,r01,3,S2,10.0.0.12,\nc3-010,r09,50,=S,10.0.0.20,standard\n,r09,11,,10.0.0.21,\n", PLAN
    ).rows
    assert merge(path, rows) == {"added": ["c3-010", "r09-u11"], "changed": ["c3-002"], "racks": ["r09"]}
    text, plan = path.read_text(), planfile.load(Plan, path)
    assert [server.name for server in plan.servers][4:] == ["c3-010", "r09-u11"]
    assert plan.expected("c3-002").serial == "S2" and plan.racks[-1].units == 50
    assert "# the smallest site" in text and "# nobody listens there" in text
    changed = [line for line in GOOD.splitlines() if line not in text.splitlines()]
    assert changed == ["  - {name: c3-002, rack: r01, unit: 3, bmc: {address: 10.0.0.12}}"]
    assert merge(path, rows) == {"added": [], "changed": [], "racks": []} and path.read_text() == text


def test_what_a_line_leaves_out_stays_as_it_is(tmp_path: Path) -> None:
    path = site_of(tmp_path, GOOD)
    rows = read_csv("name,rack,unit,bmc\nc3-004,r02,9,10.0.0.14\n", PLAN).rows
    assert merge(path, rows)["changed"] == ["c3-004"]
    server = planfile.load(Plan, path).expected("c3-004")
    assert (server.unit, server.serial, server.bmc.mac) == (9, "S4", "ac:1f:6b:00:00:04")


def test_a_list_in_blocks_stays_one_and_comments_stay_behind_it(tmp_path: Path) -> None:
    start, end = GOOD.index("servers:\n"), GOOD.index("kubernetes:\n")
    text = GOOD[:start] + BLOCK + GOOD[end:].replace("[c3-001, c3-002, c3-004]", "[c3-001]")
    path = site_of(tmp_path, text)
    rows = read_csv(HEAD + "a,r01,9,SA,10.0.0.20,\nb,r01,11,SB,10.0.0.21,\n", PLAN).rows
    merge(path, rows)
    after = path.read_text()
    assert [server.name for server in planfile.load(Plan, path).servers] == ["c3-001", "a", "b"]
    assert after.index("name: b") < after.index("# more to come") < after.index("# the cluster")
    assert "address: 10.0.0.11   # from its label" in after and "# the first" in after
    assert (
        "  - name: b\n    rack: r01\n" in after and "{name" not in after.split("servers:")[1].split("kube")[0]
    )


def test_a_merge_that_makes_no_plan_leaves_the_file_alone(tmp_path: Path) -> None:
    path = site_of(tmp_path, GOOD)
    rows = read_csv(HEAD + "a,r01,9,SA,10.0.0.20,\n", PLAN).rows
    for bad in (GOOD.replace("racks:\n", "racks: &a\n").replace("servers:\n", "nodes:\n"), "servers: 3\n"):
        path.write_text(bad)
        with pytest.raises(InputError):
            merge(path, rows)
        assert path.read_text() == bad


# Garbage in site.yaml


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("vip: 10.20.0.5", "vip: [10.20.0.5]", "networks.cluster.vip"),
        ("vip: 10.20.0.5", f"vip: {'9' * 5000}", "site.yaml: not YAML"),
        ("vip: 10.20.0.5", f"vip: {'9' * 4000}", "networks.cluster.vip"),
        ("vip: 10.20.0.5", "vip: 2001:db8::5", "networks.cluster.vip"),
        ("vip: 10.20.0.5", 'vip: "10.20.0.5\\x1b[2J"', "networks.cluster.vip"),
        ("cidr: 10.20.0.0/16", "cidr: 10.20.0.0/-1", "networks.cluster.cidr"),
        ("cidr: 10.20.0.0/16", "cidr: 2001:db8::/32", "networks.cluster.cidr"),
        ("cidr: 10.20.0.0/16", "cidr: {a: b}", "networks.cluster.cidr"),
        ("node_prefix: 26", "node_prefix: 1e300", "node_prefix"),
        ("node_prefix: 26", "node_prefix: .nan", "node_prefix"),
        ("unit: 3", f"unit: {10**40}", "servers.1.unit"),
        ("rack: r01, unit: 3", "rack: null, unit: 3", "servers.1.rack"),
        ("racks:\n", "racks: &loop\n  - *loop\n", "racks"),
        ("site: {name: small}", "site: &me {name: *me}", "site.yaml"),
        ("site: {name: small}", "site: !!python/object:os.system {}", "site"),
        ("racks:\n", "racks:\n\t- x\n", "site.yaml"),
    ],
)
def test_garbage_in_a_plan_is_a_sentence_and_overwrites_nothing(
    old: str, new: str, says: str, tmp_path: Path
) -> None:
    assert old in GOOD
    path = site_of(tmp_path, text := GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=says) as error:
        planfile.edit(Plan, path, {"networks.cluster.mtu": 9000})
    assert "\x1b" not in str(error.value) and path.read_text() == text


def test_a_plan_of_ten_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = site_of(tmp_path, GOOD + "# " + "x" * (10 << 20) + "\n")
    with pytest.raises(InputError, match="larger than"):
        planfile.load(Plan, path)
    with pytest.raises(InputError, match="larger than"):
        planfile.read_text(path)
