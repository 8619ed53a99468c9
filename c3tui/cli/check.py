"""What the checks find, of the plan and of the world it is for; nothing is touched."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from c3tui.cli.act import known_steps
from c3tui.cli.compose import link_to
from c3tui.cli.output import as_text, clean, table
from c3tui.cli.show import reading
from c3tui.engine.errors import C3Error, InputError, PeerError
from c3tui.engine.link import Link
from c3tui.engine.site import Site
from c3tui.engine.wire import error_to_wire
from c3tui.model.finding import Finding, FindingState, Severity


@dataclass
class Look:
    """What one step's check said, or why it could not look."""

    step: str
    said: dict[str, Any] = field(default_factory=dict)
    destroys: list[str] = field(default_factory=list)
    error: C3Error | None = None


def check(options: argparse.Namespace) -> int:
    """Print what the checks find; 1 when a critical finding is open, 4 when a peer is away."""
    if options.list:
        return _catalogue(options)
    if options.site is None:
        raise InputError("which site?", remedy="c3tui check SITE [STEP], or c3tui check --list")
    if options.csv:
        raise InputError("only the catalogue comes as CSV", remedy="See `c3tui findings SITE --csv`")
    steps = known_steps([options.step] if options.step else [])
    site = Site.load(options.site)
    looks = asyncio.run(_look(site.files.directory, steps))
    found = _found(site, looks)
    if options.json:
        _as_json(looks, found)
    else:
        _print(looks, found)
    failed = [look.error for look in looks if look.error]
    if failed:
        return max(error.exit_code for error in failed)
    return 1 if any(each.blocks for each in found) else 0


def _catalogue(options: argparse.Namespace) -> int:
    import c3tui.checks.identity
    import c3tui.checks.judged
    import c3tui.checks.network
    import c3tui.checks.profile  # noqa: F401  (they enter their rules into the catalogue)
    from c3tui.checks.catalogue import CATALOGUE

    rows = [
        {
            "id": each.id,
            "step": each.step,
            "severity": each.severity.value,
            "scenarios": list(each.scenarios),
            "cause": each.cause,
            "remedy": each.remedy,
        }
        for each in CATALOGUE.values()
    ]
    columns = ("id", "severity", "cause", "remedy")
    table(rows, columns, as_json=options.json, as_csv=options.csv)
    return 0


async def _look(directory: Path, steps: Sequence[str]) -> list[Look]:
    """All steps at once: a peer that is away is waited for once, not once by each."""
    async with link_to(directory) as link:
        return list(await asyncio.gather(*(_one(link, step) for step in steps)))


async def _one(link: Link, step: str) -> Look:
    look = Look(step)
    try:
        look.said = await link.command("check", step=step)
        look.destroys = (await link.command("destroys", step=step))["victims"]
    except C3Error as error:
        look.error = error
    return look


def _found(site: Site, looks: Sequence[Look]) -> list[Finding]:
    """Open findings of the steps, the worst first; the rules over the plan speak with no peer at hand."""
    import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
    from c3tui.checks.catalogue import judge

    steps = {look.step for look in looks}
    with reading(site.files.directory) as reader:
        known = {each.id: each for each in reader.all(Finding) if each.step in steps}
    for look in looks:
        if isinstance(look.error, PeerError):
            for each in judge(site.plan, look.step):
                if each.id not in known or known[each.id].state is FindingState.FIXED:
                    known[each.id] = each
    order = list(Severity)
    found = [each for each in known.values() if each.state is FindingState.OPEN]
    return sorted(found, key=lambda each: (order.index(each.severity), each.step, each.id))


def _as_json(looks: Sequence[Look], found: Sequence[Finding]) -> None:
    steps: dict[str, Any] = {}
    for look in looks:
        steps[look.step] = {**look.said, "destroys": look.destroys}
        if look.error:
            steps[look.step] = {"error": error_to_wire(look.error)}
    blocking = [each.id for each in found if each.blocks]
    print(as_text({"steps": steps, "blocking": blocking, "findings": [each.model_dump() for each in found]}))


def _print(looks: Sequence[Look], found: Sequence[Finding]) -> None:
    told: dict[str, str] = {}
    for look in looks:
        if look.error:
            why = str(look.error)
            first = told.setdefault(why, look.step)
            print(f"{look.step:<11} not looked at: {clean(why) if first == look.step else f'as {first}'}")
            continue
        print(f"{look.step:<11} {'done' if look.said['done'] else 'to do'}: {clean(look.said['summary'])}")
        for line in [*look.said["missing"], *(f"erases {victim}" for victim in look.destroys)]:
            print(f"{'':<11} {clean(line)}")
    for each in found:
        print(clean(f"{each.severity}: {each.subject}: {each.message}. {each.remedy}"))
