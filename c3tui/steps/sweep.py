"""The sweep: who answers at addresses that the plan gives out, as findings of the network step."""

import asyncio
import time
from ipaddress import IPv4Address, IPv4Network
from itertools import islice
from typing import Any

import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
from c3tui.checks.catalogue import CATALOGUE, Known, judge
from c3tui.clients.sweep import Limits, Progress, Sweeper
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError
from c3tui.engine.store import Reader, Store
from c3tui.model.addresses import placements
from c3tui.model.network import AddressRange, span_of
from c3tui.model.plan import Plan
from c3tui.model.reality import Answer, Sweep, Untested
from c3tui.steps import addresses

PARTS = ("vip", "nodes", "pods")
LOOPBACK = IPv4Network("127.0.0.0/8")
TOLD_SECONDS = 0.25
KIND = "sweep"
"""Of two observations: ``site`` says how far it is (running, asked, total, found, parts), ``answers`` what
all sweeps have found so far."""


class Sweeping:
    """The sweep under way, if there is one; ends with the engine."""

    def __init__(self) -> None:
        self.task: asyncio.Task[Any] | None = None

    async def close(self) -> None:
        """Stop it."""
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


async def sweep(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Ask the addresses of ``parts`` (vip, nodes, pods; all when none is named); answers when it has ended.

    ``rate`` is in addresses a second. Of a part that is not asked, or not to its end, what was found before
    stays.
    """
    parts = [str(each) for each in arguments.get("parts") or PARTS]
    if unknown := [each for each in parts if each not in PARTS]:
        raise InputError(f"no part {unknown[0]!r}", remedy=f"Parts are {', '.join(PARTS)}")
    rate = float(arguments.get("rate") or Limits.rate)
    if not 1 <= rate <= 10_000:
        raise InputError(f"{rate:g} addresses a second make no sense", remedy="Say 1 to 10000")
    sweeping = await engine.resources.get(KIND, _idle)
    if sweeping.task and not sweeping.task.done():
        raise InputError("a sweep is under way", remedy="Wait for it, or stop it")
    sweeping.task = asyncio.get_running_loop().create_task(_ask(engine, parts, rate, who))
    return dict(await asyncio.shield(sweeping.task))


async def stop_sweep(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Stop the sweep under way; what it has found by then is recorded."""
    sweeping = engine.resources.peek(KIND)
    if sweeping is None or sweeping.task is None or sweeping.task.done():
        raise InputError("no sweep is under way")
    sweeping.task.cancel()
    return {}


async def _idle() -> Sweeping:
    return Sweeping()


async def _ask(engine: Engine, parts: list[str], rate: float, who: str) -> dict[str, Any]:
    limits = Limits(rate=rate)
    wanted, unasked = _wanted(engine, parts, limits.most)
    asker = Sweeper(limits, _teller(engine.store, parts))
    stopped = False
    try:
        await asker.run(wanted)
    except asyncio.CancelledError:
        stopped = True
    found = asker.result
    result = Sweep(found.answers, found.untested + unasked, found.asked, found.notes)
    findings = _record(engine, parts, result, who, stopped=stopped)
    told = {"asked": result.asked, "found": len(result.answers), "parts": parts, "stopped": stopped}
    engine.store.observe(KIND, {"site": {**told, "running": False, "total": len(wanted)}})
    untested = [str(each) for each in result.untested]
    return {**told, "findings": findings, "untested": untested, "notes": list(result.notes)}


def spans(plan: Plan, parts: list[str]) -> list[AddressRange]:
    """The address ranges of parts of the plan."""
    cluster = plan.networks.cluster
    every = {
        "vip": AddressRange(start=cluster.vip, end=cluster.vip),
        "nodes": cluster.nodes,
        "pods": span_of(cluster.pods.cidr),
    }
    return [every[part] for part in PARTS if part in parts]


def _wanted(engine: Engine, parts: list[str], most: int) -> tuple[list[IPv4Address], tuple[Untested, ...]]:
    """Addresses to ask, the API's and those of servers first; and ranges that are not asked, and why."""
    plan, unasked = engine.site.plan, list[Untested]()
    cluster = plan.networks.cluster
    placed = placements(cluster, addresses.indexes(engine.store, plan))
    real = []
    for each in spans(plan, parts):
        if each.start in LOOPBACK:
            why = "on loopback this host itself answers at every address, so that says nothing"
            unasked.append(Untested(each, why))
        else:
            real.append(each)
    first = [cluster.vip, *(each.address for each in placed.values())]
    wanted = dict.fromkeys(each for each in first if any(each in span for span in real))
    edges = (cluster.cidr.network_address, cluster.cidr.broadcast_address)
    for span in real:
        room = most - len(wanted)
        asked = min(len(span), room)
        wanted |= dict.fromkeys(each for each in islice(span.addresses(), asked) if each not in edges)
        if asked < len(span):
            rest = AddressRange(start=span.start + asked, end=span.end)
            unasked.append(Untested(rest, f"more than {most} addresses in one sweep"))
    return list(wanted), tuple(unasked)


def _teller(store: Store, parts: list[str]) -> Any:
    """Tells the record how far it is, four times a second at most."""
    last = 0.0

    def tell(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last < TOLD_SECONDS:
            return
        last = time.monotonic()
        store.observe(KIND, {"site": {**progress._asdict(), "running": True, "parts": parts}})

    return tell


def _record(engine: Engine, parts: list[str], result: Sweep, who: str, *, stopped: bool) -> list[str]:
    """Write what was found into the record; gives the ids of what stands against the plan now."""
    ctx = engine.context(engine.step("network"), who)
    whole = together(
        remembered(engine.store) or Sweep(), result, [] if stopped else spans(engine.site.plan, parts)
    )
    engine.store.observe(KIND, {"answers": _as_document(whole)})
    known = Known(holdings=addresses.holdings(engine.store), sweep=whole)
    rules = [each.id for each in CATALOGUE.values() if each.needs == "sweep"]
    said = [each for each in judge(engine.site.plan, "network", known) if each.check in rules]
    ctx.findings_now(rules, said)
    ctx.save(
        note="sweep stopped" if stopped else "addresses swept",
        parts=parts,
        asked=result.asked,
        found=len(result.answers),
        untested=len(result.untested),
    )
    return [each.id for each in said]


def remembered(store: Reader) -> Sweep | None:
    """What all sweeps so far have found, the latest word about each address; None before the first."""
    told = store.observation(KIND, "answers")
    if told is None:
        return None
    return Sweep(
        answers=tuple(
            Answer(IPv4Address(address), how, tuple(macs)) for address, how, macs in told.get("answers", [])
        ),
        untested=tuple(
            Untested(AddressRange(start=IPv4Address(start), end=IPv4Address(end)), why)
            for start, end, why in told.get("untested", [])
        ),
    )


def _as_document(sweep: Sweep) -> dict[str, Any]:
    return {
        "answers": [[str(each.address), each.how, list(each.macs)] for each in sweep.answers],
        "untested": [[str(each.span.start), str(each.span.end), each.why] for each in sweep.untested],
    }


def together(before: Sweep, now: Sweep, settled: list[AddressRange]) -> Sweep:
    """What is known after a sweep: of ``settled`` ranges only what it says, of others also what was said."""
    fresh = {each.address for each in now.answers}
    kept = [
        each
        for each in before.answers
        if each.address not in fresh and not any(each.address in span for span in settled)
    ]
    doubts = [
        each
        for each in before.untested
        if each not in now.untested and not any(each.span.overlaps(span) for span in settled)
    ]
    answers = sorted([*kept, *now.answers], key=lambda each: each.address)
    return Sweep(tuple(answers), (*doubts, *now.untested), now.asked, now.notes)
