import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from c3tui.engine.commands import COMMANDS
from c3tui.engine.core import Engine
from c3tui.engine.errors import ControlError, InputError, Unreachable
from c3tui.engine.link import SocketLink
from c3tui.engine.server import Server as EngineServer
from c3tui.engine.site import Site
from c3tui.engine.step import Checked, Context, Step
from c3tui.engine.store import Store
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Bay, Drive, Server, Stage
from c3tui.model.replacement import Phase, Replacement
from c3tui.model.run import Outcome, Run, StepStatus
from tests.support.plans import write_site


class Lift(Step):
    """Brings every server to READY, except those told to fail."""

    id = "lift"
    title = "Lift"
    uses = ("servers",)

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.acted: list[str] = []
        self.gate: asyncio.Event | None = None
        self.victims: list[str] = []

    async def check(self, ctx: Context) -> Checked:
        left = [server.name for server in ctx.servers() if not server.stage.reached(Stage.READY)]
        return Checked(not left, "all ready", [f"lift {name}" for name in left])

    async def run(self, ctx: Context) -> str:
        async def lift(name: str) -> None:
            if self.gate:
                await self.gate.wait()
            self.acted.append(name)
            if name in self.failing:
                raise Unreachable("no answer", where=name, remedy="Look at its cable")
            ctx.advance(name, Stage.READY)

        left = [server.name for server in ctx.servers() if not server.stage.reached(Stage.READY)]
        await ctx.each(left, lift, limit=4, check="lift.failed")
        return "lifted"

    async def destroys(self, ctx: Context) -> list[str]:
        return self.victims


class After(Step):
    id = "after"
    title = "After"
    needs = ("lift",)

    async def check(self, ctx: Context) -> Checked:
        return Checked(True, "nothing to do")

    async def run(self, ctx: Context) -> str:
        raise AssertionError("nothing was to do")


async def walk(engine: Engine, *steps: str) -> list[Run]:
    return [await engine.begin(step, "ann")[1] for step in steps]


@pytest.fixture
async def lift() -> Lift:
    return Lift()


@pytest.fixture
async def engine(tmp_path: Path, lift: Lift) -> AsyncIterator[Engine]:
    engine = Engine(Site.load(write_site(tmp_path)), [lift, After()], COMMANDS)
    await engine.start()
    yield engine
    await engine.close()


async def test_one_failing_server_does_not_stop_the_other(engine: Engine, lift: Lift) -> None:
    lift.failing = {"c3-002"}
    runs = await walk(engine, "lift", "after")
    assert [run.outcome for run in runs] == [Outcome.WARNING, Outcome.DONE]
    assert [victim.server for victim in runs[0].victims] == ["c3-002"]
    found = engine.store.get(Finding, "lift.failed:c3-002")
    assert found and found.remedy == "Look at its cable"
    lift.failing = set()
    again = await walk(engine, "lift", "after")
    assert again[0].outcome is Outcome.DONE and lift.acted == ["c3-001", "c3-002", "c3-002"]
    fixed = engine.store.get(Finding, "lift.failed:c3-002")
    assert fixed and fixed.state is FindingState.FIXED


async def test_a_step_waits_for_those_it_needs(engine: Engine) -> None:
    with pytest.raises(InputError, match="needs lift first"):
        engine.begin("after", "ann")


async def test_what_destroys_needs_the_word(engine: Engine, lift: Lift) -> None:
    lift.victims = ["c3-001 bay00 serial X"]
    _, task = engine.begin("lift", "ann", confirm="yes")
    assert (await task).outcome is Outcome.FAILED and lift.acted == []
    _, task = engine.begin("lift", "ann", confirm="small")
    assert (await task).outcome is Outcome.DONE


async def test_a_changed_plan_makes_a_step_stale(engine: Engine) -> None:
    await walk(engine, "lift")
    engine.edit({"servers.1.unit": 7}, "ann")
    status = engine.store.get(StepStatus, "lift")
    assert status and status.stale
    engine.edit({"servers.1.unit": 3}, "ann")
    status = engine.store.get(StepStatus, "lift")
    assert status and not status.stale


async def test_stop_is_cancelled_and_close_is_interrupted(tmp_path: Path, lift: Lift, engine: Engine) -> None:
    lift.gate = asyncio.Event()
    run, task = engine.begin("lift", "ann")
    await asyncio.sleep(0)
    engine.stop(run.id, now=True)
    assert (await task).outcome is Outcome.CANCELLED
    _, task = engine.begin("lift", "ann")
    await asyncio.sleep(0)
    task.cancel()
    assert (await task).outcome is Outcome.INTERRUPTED


async def test_a_run_cut_off_by_a_crash_is_found(tmp_path: Path, lift: Lift) -> None:
    site = Site.load(write_site(tmp_path / "crashed"))
    store = Store.open(site.files.database)
    with store.transaction("ann") as transaction:
        transaction.put(Run(id="r1", step="lift", by="ann"))
    store.close()
    engine = Engine(site, [lift], COMMANDS)
    await engine.start()
    run = engine.store.get(Run, "r1")
    assert run and run.outcome is Outcome.INTERRUPTED and run.ended
    assert engine.store.journal()[-1].what == "run interrupted"
    await engine.close()


async def test_a_defect_ends_the_run_with_a_sentence(engine: Engine, lift: Lift) -> None:
    lift.failing = None  # type: ignore[assignment]
    _, task = engine.begin("lift", "ann")
    run = await task
    assert run.outcome is Outcome.FAILED and "engine.log" in run.summary and "Traceback" not in run.summary


async def test_verdicts_open_and_withdraw_replacements(engine: Engine) -> None:
    drive = Drive(serial="ZL200001", model="ST16000", size=16_000_000_000_000)
    with engine.store.transaction("ann") as transaction:
        transaction.put(
            Server(id="c3-001", name="c3-001", rack="r01", unit=1, bays=[Bay(slot=3, drive=drive)])
        )
    with pytest.raises(InputError, match="reason"):
        await engine.command("verdict", {"bay": "c3-001/bay03", "decision": "replace"}, "ann")
    await engine.command(
        "verdict", {"bay": "c3-001/bay03", "decision": "replace", "reason": "8 pending sectors"}, "ann"
    )
    marked = engine.store.all(Replacement)[0]
    assert marked.phase is Phase.MARKED and marked.old.serial == "ZL200001"
    await engine.command("withdraw", {"replacement": marked.id, "reason": "it is fine"}, "bob")
    assert engine.store.all(Replacement)[0].phase is Phase.WITHDRAWN
    assert [entry.who for entry in engine.store.journal(subject="c3-001")][-1] == "bob"


async def test_control_moves_and_both_are_told(engine: Engine, tmp_path: Path) -> None:
    server = EngineServer(engine)
    await server.start()
    first = await SocketLink.attach(engine.site.files, name="ann")
    second = await SocketLink.attach(engine.site.files, name="bob")
    told: asyncio.Queue[str] = asyncio.Queue()
    first.on_control(told.put_nowait)
    hints: asyncio.Queue[int] = asyncio.Queue()
    second.on_hint(hints.put_nowait)
    assert first.in_control and not second.in_control and second.holder == "ann"
    with pytest.raises(ControlError, match="ann holds control"):
        await second.command("run", step="lift")
    assert (await second.command("check", step="lift"))["missing"] == ["lift c3-001", "lift c3-002"]
    await second.take_control()
    assert await asyncio.wait_for(told.get(), 5) == "bob" and not first.in_control
    await second.command("run", step="lift")
    await asyncio.wait_for(hints.get(), 5)
    await first.close()
    await second.close()
    await server.close()


async def test_a_long_site_path_still_has_a_socket(tmp_path: Path, lift: Lift) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    engine = Engine(Site.load(write_site(deep)), [lift], COMMANDS)
    await engine.start()
    server = EngineServer(engine)
    await server.start()
    link = await SocketLink.attach(engine.site.files, name="ann")
    assert engine.site.files.socket.stat().st_mode & 0o777 == 0o600
    await link.close()
    await server.close()
    await engine.close()
