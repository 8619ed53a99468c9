"""Sessions of the BMC client: one at each BMC, none left behind, however the process ends."""

import asyncio
import json
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from c3tui.clients.bmc import BmcFleet, Target
from c3tui.clients.bmc.exchange import Session
from c3tui.clients.bmc.ledger import FORGOTTEN_AFTER, MOST, Ledger
from c3tui.lab.bmc import BmcLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import BmcKnobs, Scenario
from tests.clients import ipmi_sim
from tests.clients.bmc_wires import LAB_PORT, PORT, complete, counted_sessions, rehearsed, simulated, until

HOLDER = """
import asyncio, json, sys
from pathlib import Path
from pydantic import SecretStr
from c3tui.clients.bmc import BmcFleet, Target
from c3tui.model.fleet import BmcState

async def hold():
    fleet = BmcFleet(poll=0.2, directory=Path(sys.argv[1]))
    await fleet.start()
    fleet.watch([Target(*row[:4], SecretStr(row[4])) for row in json.loads(sys.argv[2])])
    while any(reading.state is not BmcState.OK for reading in fleet.readings().values()):
        await asyncio.sleep(0.01)
    print("open", flush=True)
    await asyncio.sleep(60)

asyncio.run(hold())
"""
"""Opens sessions and keeps them until it is killed."""


async def hold_and_die(directory: Path, targets: Sequence[Target]) -> None:
    """Another process logs in everywhere, and is killed."""
    rows = [[one.name, one.address, one.port, one.user, one.password.get_secret_value()] for one in targets]
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(directory), json.dumps(rows), stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout
    assert await asyncio.wait_for(holder.stdout.readline(), 8) == b"open\n"
    holder.send_signal(signal.SIGKILL)
    await holder.wait()


@asynccontextmanager
async def full_table(directory: Path, targets: Sequence[Target]) -> AsyncIterator[None]:
    """A client that has complete readings of these, closed in the end."""
    fleet = BmcFleet(poll=0.2, directory=directory)
    await fleet.start()
    try:
        fleet.watch(targets)
        await until(fleet, lambda table: all(complete(reading) for reading in table.values()))
        yield
    finally:
        await fleet.close()


class Bench:
    """The rehearsal lab's BMCs, with their sessions counted at their end."""

    def __init__(self, servers: int) -> None:
        self.room = Room(Scenario(servers=servers, octet=64, bmc=BmcKnobs(latency_ms=1.0)))
        self.bmcs = BmcLab(self.room)
        self.targets = rehearsed(self.room)

    async def __aenter__(self) -> "Bench":
        await self.bmcs.start(LAB_PORT)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.room.close()
        await self.bmcs.close()

    def counts(self) -> set[int]:
        """How many sessions BMCs have open."""
        return set(self.bmcs.sessions().values())


async def test_what_a_killed_process_left_open_is_closed(tmp_path: Path) -> None:
    async with Bench(4) as lab:
        await hold_and_die(tmp_path, lab.targets)
        assert lab.counts() == {1}
        async with full_table(tmp_path, lab.targets):
            assert lab.counts() == {1}, "its own, and not the dead one's"
        assert lab.counts() == {0}
    journal = tmp_path / "sessions.jsonl"
    assert journal.read_text() == "" and journal.stat().st_mode & 0o777 == 0o600


async def test_a_session_id_that_is_anothers_by_now_is_left_alone(tmp_path: Path) -> None:
    journal = tmp_path / "sessions.jsonl"
    async with Bench(1) as lab:
        await hold_and_die(tmp_path, lab.targets)
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        journal.write_text("".join(json.dumps({**line, "port": 9}) + "\n" for line in lines))
        async with full_table(tmp_path, lab.targets):
            assert lab.counts() == {2}


@pytest.mark.skipif(not ipmi_sim.PROGRAM, reason="ipmi_sim (Debian openipmi) is not installed")
@pytest.mark.skipif(not shutil.which("ipmitool"), reason="ipmitool is not installed")
async def test_ipmi_sim_keeps_no_session_of_a_killed_process(tmp_path: Path) -> None:
    bmc = ipmi_sim.prepare(tmp_path / "bmc", "127.64.2.1", PORT)
    try:
        await ipmi_sim.answering([bmc])
        await hold_and_die(tmp_path / "site", [simulated(bmc)])
        assert await counted_sessions(bmc) == 2, "the dead one's and ipmitool's"
        async with full_table(tmp_path / "site", [simulated(bmc)]):
            assert await counted_sessions(bmc) == 2, "the living one's and ipmitool's"
        assert await counted_sessions(bmc) == 1
    finally:
        bmc.stop()


async def test_three_hundred_are_all_left_within_a_second(tmp_path: Path) -> None:
    async with Bench(300) as lab:
        async with full_table(tmp_path, lab.targets):
            assert lab.counts() == {1}
            assert len({line["open"] for line in map(json.loads, lines_of(tmp_path))}) >= 300
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 2
        assert lab.counts() == {0}
        assert lines_of(tmp_path) == []


def lines_of(directory: Path) -> list[str]:
    """What the journal of sessions holds."""
    return (directory / "sessions.jsonl").read_text().splitlines()


def test_the_journal_outlives_a_torn_line_and_forgets_what_bmcs_forget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sessions.jsonl"
    first, second = Session(1, 700), Session(2, 700)
    ledger = Ledger(path)
    ledger.opened("127.0.0.1:623", first)
    ledger.opened("127.0.0.1:623", second)
    ledger.closed("127.0.0.1:623", [first])
    with path.open("a") as file:
        file.write('{"at": "127.0.0.1:623", "op')
    again = Ledger(path)
    assert again.owed("127.0.0.1:623", but=first) == [second]
    assert again.owed("127.0.0.1:623", but=second) == []
    for number in range(3, 40):
        again.opened("127.0.0.1:623", Session(number, 700))
    assert len(again.owed("127.0.0.1:623", but=first)) == MOST, "a BMC that never lets one in is no burden"
    monkeypatch.setattr("time.time", lambda: path.stat().st_mtime + FORGOTTEN_AFTER + 1)
    assert Ledger(path).owed("127.0.0.1:623", but=first) == []
