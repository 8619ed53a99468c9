"""The network plan on the command line: its sizes, its tables for others, servers from CSV, and the sweep."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from c3tui.cli.compose import link_to
from c3tui.cli.output import as_text, clean, note, table
from c3tui.cli.show import files_of
from c3tui.engine import planfile
from c3tui.engine.errors import ControlError, InputError
from c3tui.engine.link import Link
from c3tui.engine.store import Reader
from c3tui.model import exports
from c3tui.model.imports import LARGEST
from c3tui.model.network import Placement4
from c3tui.model.plan import Plan
from c3tui.model.sizing import Load, Proposal, Sizing, propose_for, size

LOOK_SECONDS = 1.0
"""Between two looks at how far a sweep is."""


def plan(options: argparse.Namespace) -> int:
    """Print one view of the plan; asks nobody, and wants no secrets."""
    files = files_of(options.site)
    chosen = planfile.load(Plan, files.plan)
    if options.view == "sizing":
        return _sizing(options, chosen)
    if options.view == "switch":
        print(exports.switch_sheet(chosen), end="")
        return 0
    placed = _placed(files.database, chosen)
    if options.view == "etc-hosts":
        print(exports.etc_hosts(chosen, placed), end="")
    elif options.csv:
        print(exports.as_csv(exports.hosts(chosen, placed)), end="")
    else:
        columns = ("name", "rack", "unit", "bmc", "address", "pod_first", "pod_last")
        table(exports.hosts(chosen, placed), columns, as_json=options.json, as_csv=False)
    return 0


def _placed(database: Path, chosen: Plan) -> dict[str, Placement4]:
    """Addresses as bound on record, or as they would be bound now."""
    from c3tui.model.addresses import assign, placements
    from c3tui.steps.addresses import indexes

    if not database.exists():
        return placements(chosen.networks.cluster, assign(server.name for server in chosen.servers))
    reader = Reader.open(database)
    try:
        return placements(chosen.networks.cluster, indexes(reader, chosen))
    finally:
        reader.close()


def _sizing(options: argparse.Namespace, chosen: Plan) -> int:
    now = size(chosen)
    wanted = (options.nodes, options.growth, options.pods)
    proposal = None
    if any(each is not None for each in wanted):
        nodes = len(chosen.servers) if options.nodes is None else options.nodes
        growth = nodes if options.growth is None else options.growth
        pods = chosen.kubernetes.max_pods if options.pods is None else options.pods
        try:
            proposal = propose_for(chosen, nodes, growth, pods)
        except ValueError as error:
            raise InputError(str(error), remedy="Ask for fewer nodes or pods") from error
    if options.json:
        print(as_text(_sizing_fields(now) | ({"proposal": _proposal_fields(proposal)} if proposal else {})))
        return 0
    print("\n".join(_sizing_lines(chosen, now)))
    if proposal:
        print("\n".join(["", *_proposal_lines(proposal)]))
    return 0


def _load_fields(load: Load) -> dict[str, Any]:
    return {
        "nodes": load.nodes,
        "pods": load.pods,
        "macs": load.macs,
        "arp": load.arp,
        "gc_thresh": list(load.neighbours),
    }


def _sizing_fields(sizing: Sizing) -> dict[str, Any]:
    return {
        "pods_per_node": sizing.pods_per_node,
        "pods_fit": sizing.pods_fit,
        "slices": sizing.slices,
        "node_addresses": sizing.node_addresses,
        "nodes": sizing.nodes,
        "nodes_most": sizing.nodes_most,
        "nodes_left": sizing.nodes_left,
        "addresses_left": sizing.addresses_left,
        "now": _load_fields(sizing.now),
        "full": _load_fields(sizing.full),
    }


def _proposal_fields(proposal: Proposal) -> dict[str, Any]:
    return {
        "changes": proposal.changes(),
        "slices": proposal.slices,
        "load": _load_fields(proposal.load),
    }


def _sizing_lines(chosen: Plan, sizing: Sizing) -> list[str]:
    cluster = chosen.networks.cluster
    return [
        f"The plan: {cluster.cidr}, pods {cluster.pods.cidr} cut in /{cluster.pods.node_prefix}",
        f"  pods on a node      {sizing.pods_per_node} of {sizing.pods_fit} that fit a slice",
        f"  pod block           {sizing.slices} nodes x {sizing.pods_per_node} pods",
        f"  node range          {sizing.node_addresses} addresses",
        f"  nodes               {sizing.nodes} now, {sizing.nodes_left} more have room",
        f"  addresses left      {sizing.addresses_left} that nobody owns",
        *_load_lines(sizing.now, "now"),
        *_load_lines(sizing.full, "full"),
    ]


def _load_lines(load: Load, when: str) -> list[str]:
    low, middle, high = load.neighbours
    return [
        f"  {when:<20}{load.nodes} nodes, {load.pods} pods: {load.macs} MACs in every switch, "
        f"{load.arp} ARP entries in the gateway",
        f"  {'':<20}net.ipv4.neigh.default.gc_thresh1..3 = {low} {middle} {high} on nodes",
    ]


def _proposal_lines(proposal: Proposal) -> list[str]:
    return [
        f"The smallest that fits: {proposal.slices} nodes x {proposal.max_pods} pods",
        *(f"  {path:<42}{value}" for path, value in proposal.changes().items()),
        *_load_lines(proposal.load, "full"),
    ]


def import_servers(options: argparse.Namespace) -> int:
    """Take servers from a CSV file into the plan; 1 when some lines were not taken."""
    text = planfile.read_text(options.file)
    if len(text) > LARGEST:
        what = f"more than {LARGEST} characters"
        raise InputError(what, where=str(options.file), remedy="Is this the right file?")

    async def give() -> dict[str, Any]:
        async with link_to(files_of(options.site).directory) as link:
            if options.take:
                await link.take_control()
            return await link.command("import", text=text, sweep=options.sweep, preview=options.preview)

    told = controlled(give)
    if options.json:
        print(as_text(told))
    else:
        for fault in told["faults"]:
            print(clean(f"{options.file}:{fault['line']}: {fault['message']}"))
        would = "would be " if options.preview else ""
        note(f"{len(told['added'])} servers {would}added, {len(told['changed'])} {would}changed")
        for rack in told["racks"]:
            note(f"rack {rack} added")
    return 1 if told["faults"] else 0


def release(options: argparse.Namespace) -> int:
    """Record that a server is gone for good; its addresses are free then."""

    async def give() -> dict[str, Any]:
        async with link_to(files_of(options.site).directory) as link:
            if options.take:
                await link.take_control()
            return await link.command("release", server=options.server, reason=options.reason)

    controlled(give)
    note(f"{options.server}: gone for good, its addresses are free")
    return 0


def sweep(options: argparse.Namespace) -> int:
    """Ask who answers at addresses of the plan; 1 when somebody does who should not."""
    told = controlled(lambda: _swept(options))
    if options.json:
        print(as_text(told))
    else:
        for line in [*told["notes"], *(f"not tested: {each}" for each in told["untested"])]:
            note(clean(line))
        state = "stopped: " if told["stopped"] else ""
        note(f"{state}{told['asked']} questions, {told['found']} addresses answer")
        _print_findings(options.site, told["findings"])
    if told["stopped"]:
        return 3
    return 1 if any(not each.startswith("network.not-swept:") for each in told["findings"]) else 0


async def _swept(options: argparse.Namespace) -> dict[str, Any]:
    files = files_of(options.site)
    async with link_to(files.directory) as link:
        if options.take:
            await link.take_control()
        asking = asyncio.ensure_future(link.command("sweep", parts=options.parts, rate=options.rate))
        try:
            while not (await asyncio.wait([asking], timeout=LOOK_SECONDS))[0]:
                _tell_progress(files.database)
            return await asking
        except asyncio.CancelledError:
            await _stop(link, asking)
            raise


async def _stop(link: Link, asking: "asyncio.Future[dict[str, Any]]") -> None:
    """The engine may outlive us: its sweep must not."""
    if not asking.done():
        await link.command("stop-sweep")
        await asking


def _tell_progress(database: Path) -> None:
    reader = Reader.open(database)
    try:
        told: Mapping[str, Any] = reader.observation("sweep", "site") or {}
    finally:
        reader.close()
    if told.get("running"):
        note(f"asked {told.get('asked')} of {told.get('total')} at most, {told.get('found')} answer")


def _print_findings(site: Path, ids: list[str]) -> None:
    from c3tui.model.finding import Finding

    reader = Reader.open(files_of(site).database)
    try:
        for id in ids:
            if found := reader.get(Finding, id):
                print(clean(f"{found.severity}: {found.message}. {found.remedy}"))
    finally:
        reader.close()


def controlled(give: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """What the engine answers.

    Raises:
        ControlError: another terminal holds control, and ``--take`` was not said.
        C3Error: the engine's own refusal.
    """

    async def given() -> dict[str, Any]:
        return await give()

    try:
        return asyncio.run(given())
    except ControlError as error:
        remedy = "Ask them, or say --take to take control first; they are told"
        raise ControlError(error.what, where=error.where, remedy=remedy) from error
