"""The command line as a process: its help, its pipes, its character set, and what it loads."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from c3tui.cli import main
from c3tui.cli.parser import COMMANDS, build
from c3tui.engine.site import SiteFiles
from c3tui.engine.store import Store
from c3tui.model.run import Outcome, Run
from tests.support.plans import write_site

Printed = pytest.CaptureFixture[str]
RUN = "20260101-100000-network-aaaa"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with one run and its log."""
    directory = write_site(tmp_path / "site")
    store = Store.open(SiteFiles(directory).database)
    with store.transaction("ann") as transaction:
        transaction.put(Run(id=RUN, step="network", by="ann", outcome=Outcome.DONE))
    store.write_log(RUN, [("info", "c3-001", f"line {n}") for n in range(2500)])
    store.close()
    return directory


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str, capsys: Printed) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    parser = build()._subparsers._group_actions[0].choices[name]  # type: ignore[union-attr, index]
    assert parser.description
    unexplained = [
        action.dest for action in parser._actions if not action.help and action.dest not in ("decision",)
    ]
    assert unexplained == [] and name in capsys.readouterr().out


def test_help_gives_the_exit_codes_and_a_slip_a_suggestion(capsys: Printed) -> None:
    for words, code in ((["--help"], 0), (["stauts", "x"], 2), (["status"], 2)):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == code
    done = capsys.readouterr()
    assert "4  a peer cannot be reached" in done.out and "did you mean 'status'?" in done.err


def c3tui(*words: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "c3tui", *words],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


@pytest.mark.parametrize("words", [["log", "SITE", "network"], ["runs", "SITE", "--json"]])
def test_a_reader_that_has_enough_is_no_error(words: list[str], site: Path) -> None:
    there, ours = os.pipe()
    os.close(there)
    with c3tui(*(str(site) if each == "SITE" else each for each in words), stdout=ours) as process:
        os.close(ours)
        assert process.wait(timeout=20) == 0
        assert process.stderr and process.stderr.read() == ""


def test_a_terminal_that_lacks_a_letter_still_gets_the_line(site: Path) -> None:
    store = Store.open(SiteFiles(site).database)
    store.write_log(RUN, [("info", "", "41 °C ✓")])
    store.close()
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    with c3tui("log", str(site), "--grep", "41", stdout=subprocess.PIPE, env=environment) as process:
        out, error = process.communicate(timeout=20)
    assert process.returncode == 0 and error == "" and "41 \\xb0C" in out


def test_starting_up_loads_no_library_of_a_wire() -> None:
    code = (
        "import sys, c3tui.app, c3tui.cli, c3tui.cli.wizard, c3tui.steps; c3tui.steps.all_steps();"
        "heavy = ['kubernetes', 'ansible_runner', 'maas.client', 'pyghmi', 'aiohttp', 'asyncssh'];"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_readme_knows_every_command() -> None:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    table = text.split("## Commands")[1].split("## Keys")[0]
    named = set(re.findall(r"[a-z]+", " ".join(re.findall(r"`([^`]+)`", table))))
    assert COMMANDS - named == {"wizard"}
