"""A room whose servers are tested in process: the real engine and clients, the lab's MAAS and BMCs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from c3tui.cli.compose import engine_of
from c3tui.clients.maas import Maas, Status
from c3tui.engine.core import Engine
from c3tui.engine.site import Site
from c3tui.lab import technician
from c3tui.lab.bmc import BmcLab
from c3tui.lab.maas import MaasLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Fault, FaultKind, Scenario
from c3tui.lab.site import write_site
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Drive, Server
from c3tui.model.run import Run
from c3tui.steps import peers

OCTET = 79
PORT = 6279
POLL = 0.02


@dataclass
class Campaigns:
    """The world of one test."""

    room: Room
    lab: MaasLab
    engine: Engine

    async def run(self, step: str, confirm: str = "") -> Run:
        """Run a step to its end."""
        _, task = self.engine.begin(step, "ann", confirm)
        return await task

    async def ready(self) -> None:
        """Bring the servers as far as discovery does."""
        for step in ("network", "discovery"):
            run = await self.run(step)
            assert run.outcome in ("done", "warning"), run.summary

    async def maas(self) -> Maas:
        """The engine's own connection to MAAS."""
        return await peers.maas(self.engine.context(self.engine.step("hardware"), "ann"))

    def server(self, name: str) -> Server:
        """A server as the record has it."""
        found = self.engine.store.get(Server, name)
        assert found is not None
        return found

    def drive(self, name: str, slot: int) -> Drive:
        """The drive in a bay."""
        bay = self.server(name).bay(slot)
        assert bay is not None and bay.drive is not None
        return bay.drive

    def opened(self) -> dict[str, Finding]:
        """Open findings of the hardware step by id."""
        found = [each for each in self.engine.store.all(Finding) if each.step == "hardware"]
        return {each.id: each for each in found if each.state is FindingState.OPEN}

    def started(self, run: Run) -> list[str]:
        """The tests that a run started, and on which drives if not on all, as its log says."""
        lines = [line.text for line in self.engine.store.log(run.id, limit=100_000)]
        return [line.partition(": ")[2] for line in lines if line.startswith("tests started: ")]

    async def until(self, name: str, status: Status | None) -> None:
        """Wait until MAAS has a server in a state, or for None is done with it."""
        maas, system_id = await self.maas(), self.server(name).system_id
        async with asyncio.timeout(15):
            while True:
                machine = await maas.machine(system_id)
                if machine.status == status or (status is None and not machine.busy):
                    return
                await asyncio.sleep(0.01)

    async def tested(self, name: str) -> int:
        """How often MAAS was told to test a server."""
        maas = await self.maas()
        return len(await maas.history(self.server(name).system_id, "testing"))


@asynccontextmanager
async def campaigns(
    directory: Path, *faults: Fault, servers: int = 2, bays: int = 3, hardware: dict[str, Any], **room: Any
) -> AsyncIterator[Campaigns]:
    """A room with those faults, its plan's hardware section changed by ``hardware``."""
    scenario = Scenario(
        servers=servers, bays=bays, octet=OCTET, bmc_port=PORT, speed=4000, faults=list(faults), **room
    )
    world, engine = Room(scenario), None
    bmc, lab = BmcLab(world), MaasLab(world)
    await bmc.start(PORT)
    await lab.start(0)
    try:
        write_site(directory, world, lab.url, lab.api_key)
        _change(directory / "site.yaml", hardware)
        engine = engine_of(Site.load(directory), services=False)
        await engine.start()
        world.spawn(technician.work(world))
        yield Campaigns(world, lab, engine)
    finally:
        if engine:
            await engine.close()
        await lab.close()
        await bmc.close()
        await world.close()


def _change(path: Path, hardware: dict[str, Any]) -> None:
    yaml = YAML()
    tree = yaml.load(path.read_text())
    tree["endpoints"]["maas"]["poll"] = POLL
    tree["hardware"].update({"swap_wait": 0, "swap_recheck": 0.1} | hardware)
    with path.open("w") as file:
        yaml.dump(tree, file)


def fault(kind: str, server: int, bay: int | None = None, **more: Any) -> Fault:
    """A fault by the word that scenarios use."""
    return Fault(kind=FaultKind(kind), server=server, bay=bay, **more)
