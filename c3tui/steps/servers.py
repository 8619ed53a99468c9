"""Expected servers brought into the plan from a spreadsheet, with the file's comments kept."""

from collections.abc import Sequence
from ipaddress import IPv4Address
from itertools import islice
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from c3tui.clients.sweep import Limits, Sweeper
from c3tui.clients.sweep.host import heard
from c3tui.engine import planfile
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError
from c3tui.model.imports import LARGEST, Imported, Row, read_csv
from c3tui.model.plan import Plan

RACK_UNITS = 42


async def import_servers(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Take the servers of the CSV ``text`` into the plan; ``preview`` only says what it would do.

    With ``sweep`` the IPMI network is asked first, for BMCs that are given by their MAC.
    """
    text = str(arguments["text"])
    if len(text) > LARGEST:
        raise InputError(f"more than {LARGEST} characters", remedy="Is this the right file?")
    plan = planfile.load(Plan, engine.site.files.plan)
    found = read_csv(text, plan, heard())
    if found.macs_only and arguments.get("sweep"):
        found = read_csv(text, plan, await _resolve(plan))
    told: dict[str, Any] = {
        "added": [],
        "changed": [],
        "racks": [],
        "faults": [{"line": each.line, "message": each.message} for each in found.faults],
    }
    if not found.rows or arguments.get("preview"):
        return told | _would(plan, found)
    told |= merge(engine.site.files.plan, found.rows)
    if told["added"] or told["changed"]:
        with engine.store.transaction(who) as transaction:
            transaction.note("servers imported", "site", added=told["added"], changed=told["changed"])
        engine.reload(who)
    return told


async def _resolve(plan: Plan) -> dict[str, IPv4Address]:
    """Who has which MAC on the IPMI network, by ARP as far as this host is on it."""
    limits = Limits(rate=500)
    swept = await Sweeper(limits).run(islice(plan.networks.ipmi.cidr.hosts(), limits.most))
    return heard() | {mac: each.address for each in swept.answers for mac in each.macs}


def _would(plan: Plan, found: Imported) -> dict[str, Any]:
    known = {server.name for server in plan.servers}
    names = [row.server.name for row in found.rows]
    return {
        "added": [name for name in names if name not in known],
        "changed": [name for name in names if name in known],
    }


def merge(path: Path, rows: Sequence[Row]) -> dict[str, list[str]]:
    """Write servers into ``site.yaml``: one known by name is changed where it stands, others are appended.

    Returns:
        Names ``added`` and ``changed``, and ``racks`` that were added for them.

    Raises:
        InputError: the result would be no plan; the file is left alone.
    """
    tree = planfile.parse(planfile.read_text(path), path.name)
    servers, racks = tree.get("servers"), tree.get("racks")
    if not isinstance(servers, CommentedSeq) or not isinstance(racks, CommentedSeq):
        raise InputError("servers and racks must be lists", where=path.name)
    known = {str(each.get("name")): each for each in servers if isinstance(each, CommentedMap)}
    told: dict[str, list[str]] = {"added": [], "changed": [], "racks": []}
    for row in rows:
        name = row.server.name
        if name not in known:
            _append(servers, _fresh(row))
            told["added"].append(name)
        elif _renew(known[name], row):
            told["changed"].append(name)
    told["racks"] = _add_racks(racks, rows)
    if any(told.values()):
        planfile.validate(Plan, tree, path.name)
        planfile.write(path, planfile.dump(tree))
    return told


def _fresh(row: Row) -> CommentedMap:
    server = row.server
    made = CommentedMap({"name": server.name, "rack": server.rack, "unit": server.unit})
    if server.serial:
        made["serial"] = server.serial
    if "profile" in row.given:
        made["profile"] = server.profile
    made["bmc"] = CommentedMap({"address": str(server.bmc.address)})
    if server.bmc.mac:
        made["bmc"]["mac"] = server.bmc.mac
    return made


def _renew(node: CommentedMap, row: Row) -> bool:
    """Bring what the line gives into a server of the file; whether that changed anything."""
    fresh = _fresh(row)
    bmc = fresh.pop("bmc")
    if not isinstance(node.get("bmc"), CommentedMap):
        node["bmc"] = CommentedMap()
    changed = False
    for target, values in ((node, fresh), (node["bmc"], bmc)):
        for key, value in values.items():
            if str(target.get(key)) != str(value):
                target[key] = value
                changed = True
    return changed


def _add_racks(racks: CommentedSeq, rows: Sequence[Row]) -> list[str]:
    """Racks that the plan does not have yet, tall enough for what stands in them."""
    known = {str(each.get("name")) for each in racks if isinstance(each, CommentedMap)}
    tops: dict[str, int] = {}
    for row in rows:
        if row.server.rack not in known:
            tops[row.server.rack] = max(tops.get(row.server.rack, RACK_UNITS), row.server.unit)
    for name, units in tops.items():
        _append(racks, CommentedMap({"name": name, "units": units}))
    return list(tops)


def _append(items: CommentedSeq, item: CommentedMap) -> None:
    """Append in the style of the items before; comments under the list stay under it."""
    last = items[-1] if items else None
    block = isinstance(last, CommentedMap) and last.fa.flow_style() is False
    for node in (item, *(each for each in item.values() if isinstance(each, CommentedMap))):
        node.fa.set_block_style() if block else node.fa.set_flow_style()
    moved = _take_comment_after(last)
    items.append(item)
    if moved:
        node, key = _end_of(item)
        node.ca.items[key] = [None, None, moved, None]


def _end_of(node: CommentedMap) -> tuple[CommentedMap, Any]:
    """The map that holds the last line of a map, and its last key."""
    key = next(reversed(node))
    inner = node[key]
    return _end_of(inner) if isinstance(inner, CommentedMap) and inner else (node, key)


def _take_comment_after(node: Any) -> Any:
    """Take away the comment lines that follow a map; one behind its last value stays."""
    if not isinstance(node, CommentedMap) or not node:
        return None
    node, key = _end_of(node)
    tokens = node.ca.items.get(key)
    token = tokens[2] if tokens else None
    if token is None or "\n" not in token.value.rstrip("\n"):
        return None
    beside, _, below = token.value.partition("\n")
    moved = type(token)(f"\n{below}", token.start_mark, None)
    token.value = f"{beside}\n"
    if not beside.strip():
        del node.ca.items[key]
    return moved
