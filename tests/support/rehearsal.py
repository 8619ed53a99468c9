"""A rehearsal for tests that kill: lab and engine as processes of their own, and the traces they leave."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from c3tui.clients.maas import Maas
from c3tui.engine import daemon
from c3tui.engine.errors import Unreachable
from c3tui.engine.link import SocketLink
from c3tui.engine.process import attach
from c3tui.engine.site import Site, SiteFiles
from c3tui.engine.store import Reader
from c3tui.model.fleet import Server, Stage
from c3tui.model.run import Outcome, Run

LOOK = 0.02
"""Seconds between looks at a condition."""


async def until(condition: Callable[[], Any], what: str, limit: float = 60.0) -> Any:
    """The first true value of a condition, which may be a coroutine function.

    Fails with ``what`` was waited for after ``limit`` seconds.
    """
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {limit:.0f} s: {what}"
        await asyncio.sleep(LOOK)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat[stat.rindex(")") + 2] not in "ZX"


def kill(pid: int) -> None:
    """SIGKILL, and wait until it is gone; a child of ours is reaped."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(LOOK)
    assert not alive(pid), f"process {pid} survived SIGKILL"


class Rehearsal:
    """A site, the room at the other end of its wires, and its engine process."""

    def __init__(self, site: Path, *options: str) -> None:
        self.site = site
        self.files = SiteFiles(site.resolve())
        self.options = options
        self._lab: subprocess.Popen[bytes] | None = None

    # The room

    def start_lab(self) -> None:
        """Start the room, and wait until it answers; it goes on where it was."""
        control, said = self.site / "lab" / "lab.sock", self.site / "lab.log"
        self.site.mkdir(parents=True, exist_ok=True)
        with said.open("ab") as out:
            self._lab = subprocess.Popen(
                [sys.executable, "-m", "c3tui", "lab", "--site", str(self.site), *self.options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        deadline = time.monotonic() + 30
        while not (self.files.secrets.exists() and _answers(control)):
            assert self._lab.poll() is None and time.monotonic() < deadline, said.read_text()
            time.sleep(LOOK)

    def kill_lab(self) -> None:
        """The room goes dark."""
        assert self._lab is not None
        kill(self._lab.pid)
        self._lab.wait()
        self._lab = None

    def stop_lab(self) -> dict[str, Any]:
        """Close the room properly, and give what it remembers."""
        if self._lab:
            self._lab.terminate()
            try:
                self._lab.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._lab.kill()
                self._lab.wait()
            self._lab = None
        world = self.site / "lab" / "world.json"
        return json.loads(world.read_text()) if world.exists() else {}

    # The engine

    async def attach(self, name: str = "tester", *, observe: bool = False) -> SocketLink:
        """A viewer of the site's engine, which is started when none runs."""
        return await daemon.attach_or_start(self.files, name=name, observe=observe)

    @property
    def engine(self) -> int:
        """Process number of the engine, as its lock says; 0 when none runs."""
        try:
            pid = int(self.files.lock.read_text() or 0)
        except (FileNotFoundError, ValueError):
            return 0
        return pid if pid and alive(pid) else 0

    def kill_engine(self) -> None:
        """SIGKILL to the engine process, which must be running."""
        pid = self.engine
        assert pid, "no engine runs"
        kill(pid)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """The site's record, as any viewer reads it."""
        reader = Reader.open(self.files.database)
        try:
            yield reader
        finally:
            reader.close()

    def runs(self, step: str) -> list[Run]:
        """Runs of a step, oldest first."""
        with self.reading() as reader:
            return sorted((run for run in reader.all(Run) if run.step == step), key=lambda run: run.started)

    async def ended(self, id: str, limit: float = 60.0) -> Run:
        """A run, once it has ended."""

        def over() -> Run | None:
            run = reader.get(Run, id)
            return run if run and run.ended else None

        with self.reading() as reader:
            found: Run = await until(over, f"the end of {id}", limit)
        return found

    async def run(self, link: SocketLink, step: str, limit: float = 60.0) -> Run:
        """Run a step to its end."""
        begun = await link.command("run", step=step, confirm="rehearsal")
        return await self.ended(begun["run"], limit)

    async def again_after_a_kill(self, step: str, limit: float = 60.0) -> Run:
        """Kill the engine in a step, start another one, and run the step to its end.

        The run that was cut off must be found interrupted, once, and its record whole.
        """
        self.kill_engine()
        link = await self.attach()
        cut = self.runs(step)[-1]
        assert cut.outcome is Outcome.INTERRUPTED and cut.ended and "engine died" in cut.summary
        with self.reading() as reader:
            said = [each.what for each in reader.journal(limit=100_000, subject=f"run/{cut.id}")]
        assert said == ["run started", "run interrupted"]
        try:
            return await self.run(link, step, limit)
        finally:
            await link.close()

    async def begin(self, step: str) -> str:
        """Start a step and leave: the engine goes on with it. Gives the run."""
        link = await self.attach()
        try:
            return str((await link.command("run", step=step, confirm="rehearsal"))["run"])
        finally:
            await link.close()

    def stages(self) -> Counter[Stage]:
        """How many servers are at each stage, on record."""
        with self.reading() as reader:
            return Counter(server.stage for server in reader.all(Server))

    async def end_engine(self) -> None:
        """Tell the engine to end, and wait until it has."""
        link = await self.attach(observe=True)
        await link.end_engine()
        await link.close()
        await until(lambda: not self.engine, "the end of the engine")

    async def killed_and_again(
        self, *command: str, when: Callable[[], Any], what: str
    ) -> tuple[int, dict[str, Any], str]:
        """Kill ``c3tui COMMAND --json`` when a condition is true, then give the same command again.

        Returns:
            The exit code of the second, its JSON, and what it said beside that.
        """
        argv = [sys.executable, "-m", "c3tui", *command, "--json"]
        quiet = asyncio.subprocess.DEVNULL
        first = await asyncio.create_subprocess_exec(*argv, stdout=quiet, stderr=quiet)

        def due() -> Any:
            assert first.returncode is None, "it ended before it could be killed"
            return when()

        try:
            await until(due, what)
        finally:
            with suppress(ProcessLookupError):
                first.kill()
            await first.wait()
        pipe = asyncio.subprocess.PIPE
        second = await asyncio.create_subprocess_exec(*argv, stdout=pipe, stderr=pipe)
        out, said = await asyncio.wait_for(second.communicate(), 120)
        assert b"Traceback" not in said, said.decode()
        return second.returncode or 0, json.loads(out.splitlines()[-1]), said.decode()

    # Traces at the other end

    async def maas(self) -> Maas:
        """The room's MAAS region, asked by the test itself."""
        site = Site.load(self.site)
        return await Maas.connect(str(site.plan.endpoints.maas.url), site.secrets.maas_api_key)

    def jobs(self) -> list[Path]:
        """Directories of the playbook runs, oldest first."""
        return sorted((self.site / "kubespray" / "jobs").glob("*"))

    def close(self) -> None:
        """End everything that was started for this site, however the test ended."""
        if pid := self.engine:
            kill(pid)
        for job in self.jobs():
            with suppress(Exception):
                if child := attach(job):
                    child.kill()
        for process in daemon._started:
            # One that came second may still be on its way to the lock.
            if str(self.files.directory) in process.args:  # type: ignore[operator]
                process.kill()
                process.wait()
        self.stop_lab()


def _answers(control: Path) -> bool:
    # By hand, not by the lab's own client: that one wants an event loop, and some callers run in theirs.
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(5)
        try:
            door.connect(str(control))
            door.sendall(b'{"op": "ping"}\n')
            return b"pid" in door.recv(4096)
        except OSError:
            return False


async def events(maas: Maas) -> Counter[tuple[str, str]]:
    """How often each kind of event happened to each machine, by host name."""
    names = {machine.system_id: machine.hostname for machine in await maas.machines()}
    counted: Counter[tuple[str, str]] = Counter()
    after = 0
    while page := await maas.events(after, 1000):
        counted.update((names.get(event.system_id, ""), event.type) for event in page)
        after = page[-1].id
    return counted


async def all_in(maas: Maas, status: str, count: int) -> bool:
    """Whether so many machines are in a MAAS state now."""
    try:
        machines = await maas.machines()
    except Unreachable:
        return False
    return sum(machine.status_name == status for machine in machines) >= count
