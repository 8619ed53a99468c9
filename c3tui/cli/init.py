"""Starts a new site directory from a plan, or from a commented one to fill in."""

import argparse
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from c3tui.cli.output import note
from c3tui.cli.parser import QUESTIONS
from c3tui.cli.questions import EXAMPLES, derived, judged
from c3tui.engine import planfile
from c3tui.engine.errors import InputError
from c3tui.engine.site import SiteFiles
from c3tui.model.finding import Severity
from c3tui.model.plan import Plan


def init(options: argparse.Namespace) -> int:
    """Write ``site.yaml`` and a ``secrets.yaml`` to fill in; never over existing ones.

    Raises:
        InputError: a site is there already, or what was given makes no good plan; nothing is written then.
    """
    target = SiteFiles(options.site.resolve())
    if target.plan.exists():
        raise InputError(
            "a site is here already", where=str(target.plan), remedy="Edit it, or name another directory"
        )
    given = {key: getattr(options, key) for key in QUESTIONS if getattr(options, key) is not None}
    if options.source and given:
        raise InputError("--from brings its own answers", remedy="Leave the others out, or edit the file")
    text = planfile.read_text(options.source) if options.source else rendered(_answers(given))
    refuse_bad(text, str(options.source or "the plan"))
    made = _create(target, text)
    note(f"written: {' and '.join(str(path) for path in made)}")
    note(f"Fill in what is missing, then: c3tui check {options.site}")
    return 0


def rendered(answers: Mapping[str, str]) -> str:
    """The commented plan with these answers and what follows from them."""
    text = (files("assets") / "templates" / "site.yaml").read_text("utf-8")
    for key, value in {**answers, **derived(answers)}.items():
        text = text.replace("{" + key + "}", value)
    return text


def refuse_bad(text: str, where: str) -> Plan:
    """The plan in a text.

    Raises:
        InputError: it is no plan, or its networks cannot work; with everything that is wrong.
    """
    import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
    from c3tui.checks.catalogue import judge

    plan = planfile.validate(Plan, planfile.parse(text, where), where)
    wrong = [each for each in judge(plan, "network") if each.severity is Severity.CRITICAL]
    if wrong:
        said = "; ".join(each.message for each in wrong)
        raise InputError(said, where=where, remedy=wrong[0].remedy)
    return plan


def _answers(given: Mapping[str, str]) -> dict[str, str]:
    """What the options say; the rest from whoever sits at the terminal, or as in the examples.

    Raises:
        InputError: an option will not do, or the one at the terminal gave up.
    """
    answers: dict[str, str] = {}
    for key in QUESTIONS:
        if key in given:
            try:
                answers[key] = judged(key, given[key].strip(), answers)
            except ValueError as error:
                raise InputError(str(error), where=f"--{key.replace('_', '-')} {given[key]}") from error
        elif sys.stdin.isatty():
            answers[key] = _asked(key, answers)
        else:
            answers[key] = _example(key, answers)
    return answers


def _asked(key: str, before: Mapping[str, str]) -> str:
    question = QUESTIONS[key]
    while True:
        try:
            said = input(f"{question[0].upper()}{question[1:]} [{EXAMPLES[key]}]: ").strip()
        except EOFError as error:
            raise InputError("no answer", where=question, remedy="Nothing was written") from error
        try:
            return judged(key, said or EXAMPLES[key], before)
        except ValueError as error:
            note(f"  {error}")


def _example(key: str, before: Mapping[str, str]) -> str:
    try:
        return judged(key, EXAMPLES[key], before)
    except ValueError as error:
        option = f"--{key.replace('_', '-')}"
        raise InputError(
            f"nobody gave the {QUESTIONS[key]}, and its example {error}", remedy=f"Say {option}"
        ) from error


def _create(target: SiteFiles, plan: str) -> list[Path]:
    """Make the files that are not there yet; all of them, or none.

    Raises:
        InputError: one cannot be made.
    """
    secrets = (files("assets") / "templates" / "secrets.yaml").read_text("utf-8")
    wanted = [(target.plan, plan, 0o644)]
    if not target.secrets.exists():
        wanted.append((target.secrets, secrets, 0o600))
    made: list[Path] = []
    try:
        fresh = not target.directory.exists()
        target.directory.mkdir(parents=True, exist_ok=True)
        for path, text, mode in wanted:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            made.append(path)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        _undo(made, target.directory if fresh else None)
        where = str(error.filename or target.directory)
        raise InputError(f"cannot be made ({error.strerror})", where=where) from error
    return made


def _undo(made: list[Path], directory: Path | None) -> None:
    with suppress(OSError):
        for path in made:
            path.unlink()
        if directory:
            directory.rmdir()
