"""The commands as a person or a script meets them: what they print and what the shell is told."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from c3tui.cli import main
from c3tui.engine.commands import COMMANDS as ENGINE_COMMANDS
from c3tui.engine.core import Engine
from c3tui.engine.daemon import Lock
from c3tui.engine.errors import Unreachable
from c3tui.engine.link import SocketLink
from c3tui.engine.server import Server as EngineServer
from c3tui.engine.site import Site, SiteFiles
from c3tui.engine.step import Checked, Context, Step
from c3tui.engine.store import Reader, Store
from c3tui.model.finding import Finding, FindingState, Severity, finding
from c3tui.model.fleet import Bay, Drive, Server, Stage, TestState, Use
from c3tui.model.replacement import Replacement, Verdict
from c3tui.model.run import Outcome, Run, StepStatus
from tests.support.plans import write_site

Printed = pytest.CaptureFixture[str]
VIEWS = ("status", "servers", "drives", "findings", "replacements", "runs", "journal")
ESC = "\x1b[2J"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site tested and marked, with what came from outside meant to do harm."""
    directory = write_site(tmp_path / "site")
    store = Store.open(SiteFiles(directory).database)
    first = Run(id="20260101-100000-network-aaaa", step="network", by="ann", outcome=Outcome.DONE)
    second = Run(id="20260101-100001-hardware-bbbb", step="hardware", by="ann", outcome=Outcome.WARNING)
    for run in (first, second):
        run.ended = run.started
    system = Drive(serial="SYS1", model="SSD", size=480 * 10**9, use=Use.SYSTEM, test=TestState.PASSED)
    data = Drive(serial="=1+1", model="ST16000", size=16 * 10**12, test=TestState.FAILED)
    with store.transaction("ann") as transaction:
        for name, unit in (("c3-001", 1), ("c3-002", 3)):
            bays = [Bay(slot=0, drive=system), Bay(slot=3, drive=data)]
            transaction.put(Server(id=name, name=name, rack="r01", unit=unit, stage=Stage.TESTED, bays=bays))
        transaction.put(
            finding("bmc.no-answer", "c3-002", "discovery", Severity.WARNING, f"gone{ESC}", "@SUM(A1)")
        )
        for run in (first, second):
            transaction.put(run)
            transaction.put(StepStatus(id=run.step, outcome=run.outcome, run=run.id, summary="so it is"))
        transaction.note("run started", "site", step="network")
    store.write_log(first.id, [("info", "c3-001", f"line {n}") for n in range(2500)])
    store.write_log(second.id, [("error", "c3-002", "drive failed"), ("info", "c3-001", "drive passed")])
    store.close()
    return directory


def told(site: Path, *command: str) -> Any:
    """What a command prints as JSON."""
    done = io.StringIO()
    old, sys.stdout = sys.stdout, done
    try:
        assert main([command[0], str(site), *command[1:], "--json"]) == 0
    finally:
        sys.stdout = old
    return json.loads(done.getvalue())


@pytest.mark.parametrize("view", VIEWS)
def test_every_list_comes_as_table_json_and_csv(view: str, site: Path, capsys: Printed) -> None:
    assert main(["verdict", str(site), "c3-001/bay03", "replace", "--reason", "8 bad sectors"]) == 0
    capsys.readouterr()
    as_json = told(site, view)
    assert main([view, str(site)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert main([view, str(site), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert as_json and len(as_json) == len(rows) == len(table) - 1
    # A spreadsheet has room for more, a line has not.
    assert [name for name in rows[0] if name in table[0].split()] == table[0].split()
    assert not [line for line in table if "\x1b" in line]


def test_a_spreadsheet_gets_no_formula_and_a_terminal_no_command(site: Path, capsys: Printed) -> None:
    main(["drives", str(site), "--csv"])
    assert "'=1+1" in capsys.readouterr().out
    main(["drives", str(site)])
    assert "  =1+1  " in capsys.readouterr().out
    main(["findings", str(site), "--csv"])
    said = capsys.readouterr().out
    assert "'@SUM(A1)" in said and "\x1b" not in said
    assert told(site, "drives")[1]["serial"] == "=1+1"


def test_status_has_every_step_in_order_and_says_what_was_cut_off(site: Path, capsys: Printed) -> None:
    store = Store.open(SiteFiles(site).database)
    with store.transaction("ann") as transaction:
        transaction.put(Run(id="20260101-100002-deploy-cccc", step="deploy", by="ann"))
    store.close()
    states = {row["step"]: row["state"] for row in told(site, "status")}
    assert list(states) == [
        "network", "discovery", "hardware", "deploy", "kubernetes", "storage", "handover",
    ]  # fmt: skip
    assert (states["network"], states["hardware"]) == ("done", "warning")
    assert (states["deploy"], states["storage"]) == ("cut off", "not run")
    main(["status", str(site)])
    assert "no engine runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["network"], 2500),
        (["20260101-100000-network-aaaa", "--grep", "line 2499"], 1),
        ([], 2),
        (["hardware", "--failed"], 1),
        (["hardware", "--host", "c3-001"], 1),
        (["hardware", "--grep", "nothing"], 0),
    ],
)
def test_a_log_is_read_whole_and_narrowed(
    options: list[str], lines: int, site: Path, capsys: Printed
) -> None:
    assert main(["log", str(site), *options]) == 0
    plain = capsys.readouterr().out.splitlines()
    assert main(["log", str(site), *options, "--json"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(plain) == len(objects) == lines
    assert all(line.endswith(each["text"]) for line, each in zip(plain, objects, strict=True))


def test_no_such_run_is_bad_input(site: Path, capsys: Printed) -> None:
    assert main(["log", str(site), "nope"]) == 2
    assert "c3tui runs" in capsys.readouterr().err


ON_A_SITE = [
    ["wizard"], ["engine"], ["check"], ["run"], *([view] for view in VIEWS), ["log"], ["report"], ["stop"],
    ["detach"], ["verdict", "c3-001/bay03", "use"], ["waive", "x", "--reason", "y"],
    ["withdraw", "x", "--reason", "y"],
]  # fmt: skip


@pytest.mark.parametrize("command", ON_A_SITE, ids=lambda command: command[0])
def test_where_no_site_is_every_command_says_so(command: list[str], tmp_path: Path, capsys: Printed) -> None:
    name, *rest = command
    assert main([name, str(tmp_path / "none"), *rest]) == 2
    said = capsys.readouterr().err
    assert "no site here" in said and "c3tui init" in said and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_fresh_site_says_that_nothing_is_recorded(tmp_path: Path, capsys: Printed) -> None:
    write_site(tmp_path)
    assert main(["status", str(tmp_path)]) == 2
    assert "nothing is recorded here yet" in capsys.readouterr().err


def test_without_an_engine_a_decision_is_made_in_this_process(site: Path, capsys: Printed) -> None:
    bay = "c3-001/bay03"
    assert main(["verdict", str(site), bay, "replace"]) == 2
    assert "wants a reason" in capsys.readouterr().err
    assert main(["verdict", str(site), bay, "replace", "--reason", "it clicks"]) == 0
    assert main(["waive", str(site), "bmc.no-answer:c3-002", "--reason", "known"]) == 0
    assert main(["waive", str(site), "bmc.no-answer:c3-002", "--reason", "again"]) == 2
    reader = Reader.open(SiteFiles(site).database)
    assert reader.all(Verdict)[0].reason == "it clicks" and reader.all(Replacement)[0].bay == bay
    waived = reader.get(Finding, "bmc.no-answer:c3-002")
    assert waived and waived.state is FindingState.WAIVED and waived.reason == "known"
    reader.close()
    assert told(site, "findings") == [] and len(told(site, "findings", "--all")) == 1


def test_what_erases_names_its_victims_and_does_nothing(site: Path, capsys: Printed) -> None:
    assert main(["check", str(site), "deploy"]) == 0
    assert "erases c3-002/bay00 SSD SYS1" in capsys.readouterr().out
    assert main(["run", str(site), "deploy", "--json", "--confirm", "yes"]) == 1
    done = capsys.readouterr()
    assert "c3-001/bay00 SSD SYS1" in done.err and "the site's name, small" in done.err
    result = json.loads(done.out)
    assert result["exit"] == 1 and result["steps"]["deploy"]["outcome"] == "failed"
    assert not result["steps"]["deploy"]["changed"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["run", "SITE", "hardware", "depploy"], "no step 'depploy'. Steps are network,"),
        (["run", "SITE", "--until", "x"], "no step 'x'"),
        (["run", "SITE", "network", "--until", "deploy"], "both"),
        (["run", "SITE", "storage"], "needs kubernetes first"),
        (["check", "SITE", "x"], "no step 'x'"),
        (["check"], "which site"),
        (["verdict", "SITE", "c3-001/bay09", "use"], "no bay"),
        (["verdict", "SITE", "bay3", "use"], "c3-001/bay03"),
        (["SITE"], "wants a terminal"),
    ],
)
def test_bad_input_is_refused_before_anything_happens(
    command: list[str], says: str, site: Path, capsys: Printed
) -> None:
    before = len(told(site, "runs"))
    assert main([str(site) if each == "SITE" else each for each in command]) == 2
    assert says in capsys.readouterr().err
    assert len(told(site, "runs")) == before


@pytest.mark.parametrize("command", ["stop", "detach"])
def test_with_no_engine_there_is_nothing_to_stop(command: str, site: Path, capsys: Printed) -> None:
    assert main([command, str(site)]) == 4
    assert "no engine runs" in capsys.readouterr().err


class Plain(Step):
    """A step that has nothing to do, or nobody to ask."""

    def __init__(self, id: str, *, away: bool = False) -> None:
        self.id, self.title, self._away = id, id, away  # type: ignore[misc]

    async def check(self, ctx: Context) -> Checked:
        if self._away:
            raise Unreachable("MAAS cannot be reached", where="10.1.0.2", remedy="Look at its cable")
        return Checked(False, f"{self.id} is far from done", ["one thing"])

    async def run(self, ctx: Context) -> str:
        await asyncio.Event().wait()
        return ""


@asynccontextmanager
async def engine_on(site: Path) -> AsyncIterator[tuple[Engine, EngineServer]]:
    steps = ["network", "discovery", "hardware", "deploy", "kubernetes", "storage", "handover"]
    engine = Engine(
        Site.load(site), [Plain(id, away=id in ("network", "discovery")) for id in steps], ENGINE_COMMANDS
    )
    lock = Lock(engine.site.files.lock)
    lock.take()
    await engine.start()
    server = EngineServer(engine)
    await server.start()
    try:
        yield engine, server
    finally:
        await server.close()
        await engine.close()
        lock.release()


async def command(*words: str) -> int:
    return await asyncio.to_thread(main, list(words))


async def test_a_peer_that_is_away_keeps_no_other_step_from_being_told(site: Path, capsys: Printed) -> None:
    plan = site / "site.yaml"
    plan.write_text(plan.read_text().replace("vip: 10.20.0.5", "vip: 10.20.0.10"))
    async with engine_on(site):
        assert await command("check", str(site)) == 4
        said = capsys.readouterr().out
        assert said.count("MAAS cannot be reached") == 1 and "discovery   not looked at: as network" in said
        assert "storage     to do: storage is far from done" in said
        assert "critical: site: API address 10.20.0.10" in said
        assert await command("check", str(site), "storage") == 0
        capsys.readouterr()
        assert await command("check", str(site), "--json") == 4
        as_json = json.loads(capsys.readouterr().out)
        assert as_json["steps"]["network"]["error"]["kind"] == "Unreachable"
        assert as_json["blocking"] == ["network.shared:site"]


async def test_a_running_engine_is_given_the_decision_and_control_is_respected(
    site: Path, capsys: Printed
) -> None:
    bay = "c3-001/bay03"
    async with engine_on(site) as (engine, _):
        assert await command("verdict", str(site), bay, "replace", "--reason", "clicks") == 0
        ann = await SocketLink.attach(SiteFiles(site), name="ann")
        assert await command("withdraw", str(site), bay, "--reason", "quiet") == 5
        assert "ann holds control" in capsys.readouterr().err and engine.store.all(Replacement)[0].open
        assert await command("withdraw", str(site), bay, "--reason", "quiet", "--take") == 0
        assert not engine.store.all(Replacement)[0].open and not ann.in_control
        assert await command("run", str(site), "network") == 4
        assert "network     failed: " in capsys.readouterr().err and engine.store.all(Run)[-1].ended
        await ann.close()


async def test_a_run_is_seen_stopped_and_its_engine_ended(site: Path, capsys: Printed) -> None:
    async with engine_on(site) as (engine, server):
        assert await command("stop", str(site)) == 2
        run, task = engine.begin("hardware", "ann")
        assert (await asyncio.to_thread(told, site, "status"))[2]["state"] == "running"
        assert await command("detach", str(site)) == 2
        assert "hardware is running" in capsys.readouterr().err and not server.finished.is_set()
        assert await command("stop", str(site), run.id, "--now") == 0
        assert (await task).outcome is Outcome.CANCELLED
        assert await command("detach", str(site)) == 0 and server.finished.is_set()


def test_a_report_is_written_from_the_record_alone(site: Path, tmp_path: Path) -> None:
    assert main(["report", str(site), "-o", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [server["name"] for server in report["servers"]] == ["c3-001", "c3-002"]
    assert main(["report", str(site), "-o", str(tmp_path / "no" / "out")]) == 2


def test_the_catalogue_is_printed_without_a_site(capsys: Printed) -> None:
    assert main(["check", "--list", "--json"]) == 0
    rules = {each["id"]: each for each in json.loads(capsys.readouterr().out)}
    assert rules["network.overlap"]["severity"] == "critical" and rules["network.overlap"]["remedy"]
