"""Judging on the command line: SMART reports in files, and all that a site has archived."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

from c3tui.cli.compose import link_to
from c3tui.cli.output import as_text, clean, note, table
from c3tui.cli.show import files_of
from c3tui.engine import planfile
from c3tui.engine.errors import ControlError, InputError
from c3tui.model.evidence import Judgement, Klass, SmartEvidence

LARGEST = 64 << 20
"""Bytes; what is larger is not read at all. A report is under 100 KB."""

BLOCKING = (Klass.REPLACE, Klass.NOT_TESTED)


def judge(options: argparse.Namespace) -> int:
    """Print what an engineer should be told of each drive; 1 when one is to be replaced or is not tested."""
    from c3tui.checks.drives import Policy, Subject, judge_fleet
    from c3tui.model.evidence import read_smart

    policy = Policy(_thresholds(options.site))
    if options.rules:
        return _rules(policy, options.json)
    if not options.files:
        raise InputError("no report named", remedy="c3tui judge FILE..., or c3tui judge --rules")
    # What is named twice is one report.
    evidence = {str(path): read_smart(_read(path)) for path in options.files}
    subjects = [Subject(name, name, None, each) for name, each in evidence.items()]
    judged = judge_fleet(subjects, policy)
    if options.json:
        print(as_text([_fields(name, evidence[name], each) for name, each in judged.items()]))
    else:
        for name, each in judged.items():
            _print(name, evidence[name], each)
    return 1 if any(each.klass in BLOCKING for each in judged.values()) else 0


def _thresholds(site: Path | None) -> Any:
    if site is None:
        return None
    from c3tui.model.plan import Plan

    return planfile.load(Plan, files_of(site).plan).hardware.thresholds


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error


def _fields(name: str, evidence: SmartEvidence, judgement: Judgement) -> dict[str, Any]:
    return {
        "file": name,
        **judgement.model_dump(mode="json"),
        "evidence": evidence.model_dump(mode="json", exclude={"attributes", "extra"}),
    }


def _print(name: str, evidence: SmartEvidence, judgement: Judgement) -> None:
    drive = " ".join(part for part in (evidence.model, evidence.serial) if part)
    print(clean(f"{name}: {judgement.klass}: {drive or 'unknown device'}"))
    if judgement.klass is Klass.GOOD:
        print(clean(f"  {judgement.headline}"))
    for reason in judgement.reasons:
        mark = "note" if reason.klass is Klass.GOOD else reason.klass.value
        print(clean(f"  {mark}: {reason.text.removeprefix('not tested: ')}"))


def _rules(policy: Any, as_json: bool) -> int:
    rows = [
        {
            "id": name,
            "counts": each.rule.says,
            "drives": " ".join(each.rule.protocols) if each.rule.term else "",
            "worse": each.rule.direction,
            "watch": each.watch,
            "replace": each.replace,
            "source": each.rule.source,
        }
        for name, each in policy.limits.items()
    ]
    columns = ("id", "watch", "replace", "worse", "drives", "counts", "source")
    table(rows, columns, as_json=as_json, as_csv=False)
    return 0


def rejudge(options: argparse.Namespace) -> int:
    """Judge a site anew from its archive; 1 when a drive is to be replaced or is not tested."""

    async def give() -> dict[str, Any]:
        async with link_to(files_of(options.site).directory) as link:
            if options.take:
                await link.take_control()
            return await link.command("rejudge")

    try:
        told = asyncio.run(give())
    except ControlError as error:
        remedy = "Ask them, or say --take to take control first; they are told"
        raise ControlError(error.what, where=error.where, remedy=remedy) from error
    classes = told["classes"]
    if options.json:
        print(as_text(told))
    else:
        for each in told["changed"]:
            before = f"{each['before']} -> " if each["before"] else ""
            print(clean(f"{each['bay']} {each['serial']}: {before}{each['class']}: {each['headline']}"))
        note(", ".join(f"{many} {klass}" for klass, many in classes.items()))
        note(f"{len(told['changed'])} judgements changed")
    return 1 if any(classes[each.value] for each in BLOCKING) else 0
