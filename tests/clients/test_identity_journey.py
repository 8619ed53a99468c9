"""Identity on the lab, in process: who stands where, the golden server, accepted differences, strays."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from c3tui.cli.compose import engine_of
from c3tui.engine import planfile
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError
from c3tui.engine.site import Site
from c3tui.lab.bmc import BmcLab
from c3tui.lab.chassis import Chassis, Dimm
from c3tui.lab.maas import MaasLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import BmcKnobs, Scenario
from c3tui.lab.site import write_site
from c3tui.model.finding import Finding, FindingState
from c3tui.model.hwprofile import Inventory, Profile
from c3tui.model.identity import Stray, StrayState
from c3tui.model.run import Outcome

OCTET = 69


@dataclass
class World:
    """A site, its engine, and the room at the other end."""

    engine: Engine
    room: Room

    def box(self, name: str) -> Chassis:
        return self.room.by_name(name)

    async def say(self, command: str, /, **arguments: Any) -> dict[str, Any]:
        return await self.engine.command(command, arguments, "ann")

    async def discover(self) -> None:
        for step in ("network", "discovery"):
            _, task = self.engine.begin(step, "ann")
            assert (run := await task).outcome is Outcome.DONE, run.summary

    def findings(self, state: FindingState = FindingState.OPEN) -> dict[str, str]:
        return {each.id: each.message for each in self.engine.store.all(Finding) if each.state is state}

    def rewrite(self, **values: str | None) -> None:
        """Give servers other serials in the plan, by ``c3_001=...``."""
        path = self.engine.site.files.plan
        tree = planfile.parse(planfile.read_text(path), path.name)
        for server in tree["servers"]:
            key = server["name"].replace("-", "_")
            if key in values:
                server["serial"] = values[key]
        planfile.write(path, planfile.dump(tree))
        self.engine.reload("ann")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    scenario = Scenario(
        servers=4, bays=3, octet=OCTET, strays=2, speed=2000, bmc=BmcKnobs(latency_ms=1), bmc_port=6273
    )
    room = Room(scenario)
    bmcs, maas = BmcLab(room), MaasLab(room)
    await bmcs.start(scenario.bmc_port)
    await maas.start(0)
    write_site(tmp_path / "site", room, maas.url, maas.api_key)
    engine = engine_of(Site.load(tmp_path / "site"), services=False)
    await engine.start()
    yield World(engine, room)
    await engine.close()
    await maas.close()
    await bmcs.close()
    await room.close()


async def test_servers_that_stand_where_they_should_and_one_pair_that_does_not(world: World) -> None:
    told = await world.say("identity")
    assert {each[0] for each in told["servers"].values()} == {"right place"} and told["unread"] == []
    one, other = world.box("c3-001").serial, world.box("c3-003").serial
    world.rewrite(c3_001=other, c3_003=one)
    told = await world.say("identity")
    assert (
        told["servers"]["c3-001"][0] == "wrong place"
        and "swapped with c3-003" in told["servers"]["c3-001"][1]
    )
    assert sorted(told["findings"]) == ["identity.wrong-place:c3-001", "identity.wrong-place:c3-003"]
    world.rewrite(c3_001=one, c3_003=other)
    assert (await world.say("identity"))["findings"] == []
    assert world.findings() == {}


async def test_a_golden_server_is_the_measure_and_a_known_difference_may_stand(world: World) -> None:
    moved = world.box("c3-002")
    moved.dimms = [Dimm(slot=moved.slots[1], size_mib=16384), *moved.dimms[1:]]
    short = world.box("c3-003")
    short.dimms = short.dimms[:-1]
    for name in ("c3-003", "c3-004"):
        world.box(name).bios = "3.9"
    world.box("c3-004").bmc.firmware = (1, 74)
    world.box("c3-004").nics[1].speed = 10000
    await world.discover()
    assert world.findings() == {}
    told = await world.say("golden", server="c3-001")
    assert told["profile"] == "standard" and told["compared"] == 4 and told["unread"] == []
    parts = world.engine.store.all(Profile)[0].parts
    assert parts.sockets == 2 and parts.dimms and len(parts.dimms) == 8 and parts.bmc == "1.73"
    first = parts.drives[0]
    assert (first.bay, first.model, first.firmware) == (0, "INTEL SSDSC2KB480G8", "XCV10132")
    assert world.findings() == {
        "profile.dimm-wrong-slot:c3-002": "the 16 GiB module of P1-DIMMA1 sits in P1-DIMMA2",
        "profile.dimm-missing:c3-003": "7 of 8 DIMMs: nothing in P2-DIMMD1",
        "profile.firmware:c3-003": "BIOS firmware 3.9 instead of 4.0",
        "profile.firmware:c3-004": "BIOS firmware 3.9 instead of 4.0; BMC firmware 1.74 instead of 1.73",
        "profile.nic-speed:c3-004": "eno2 10 of 25 Gbit/s",
    }
    told = await world.say(
        "tolerate", finding="profile.firmware:c3-003", scope="rack", reason="flashed on the next visit"
    )
    assert told["waived"] == ["profile.firmware:c3-003"] and told["tolerances"][0].startswith(
        "profile.firmware/rack:r01/"
    )
    # The same difference is accepted on its sister, whose other one still counts.
    assert world.findings()["profile.firmware:c3-004"] == "BMC firmware 1.74 instead of 1.73"
    waived = world.engine.store.get(Finding, "profile.firmware:c3-003")
    assert waived and waived.waived_by == "ann" and "rack:r01: flashed on" in waived.reason
    again = await world.say("identity")
    assert "profile.firmware:c3-003" not in again["findings"]
    told = await world.say("untolerate", tolerance=told["tolerances"][0])
    assert told["opened"] == ["profile.firmware:c3-003"]
    assert "BIOS" in world.findings()["profile.firmware:c3-004"]
    with pytest.raises(InputError, match="reason"):
        await world.say("tolerate", finding="profile.firmware:c3-003", scope="site", reason=" ")
    with pytest.raises(InputError, match="no rack 'r99'"):
        await world.say("tolerate", finding="profile.firmware:c3-003", scope="rack:r99", reason="x")


async def test_a_golden_server_gives_the_plan_its_least_figures(world: World) -> None:
    await world.discover()
    with pytest.raises(InputError, match="no server 'c3-099'"):
        await world.say("golden", server="c3-099")
    await world.say("golden", server="c3-001", profile="dense", floor=True)
    dense = world.engine.site.plan.hardware.profiles["dense"]
    assert (dense.cpus, dense.memory_gib, dense.data_drives, dense.nics) == (32, 128, 2, 2)
    assert world.engine.site.plan.hardware.profiles["standard"].cpus == 32
    inventory = world.engine.store.get(Inventory, "c3-001")
    assert inventory and inventory.complete and set(inventory.switches.values()) == {"sw-r01"}


async def test_a_stray_is_found_lit_ignored_and_taken_in(world: World) -> None:
    first, second = (box.bmc.address for box in world.room.chassis if not box.planned)
    told = await world.say("find-strays", range=f"127.{OCTET}.0.1-127.{OCTET}.0.80", rate=5000)
    assert told["strays"] == [first, second] and told["found"] == 2 and told["untested"] == []
    assert world.findings() == {"identity.stray:site": f"2 BMCs nobody expects: {first}, {second}"}
    seen = world.engine.store.observation("sweep", "ipmi")
    assert seen and seen["running"] is False and seen["found"] == 2
    await world.say("stray", address=first, act="light")
    box = world.room.by_bmc(first)
    assert box and box.bmc.identify
    await world.say("stray", address=first, act="dark")
    assert not box.bmc.identify
    with pytest.raises(InputError, match="wants a reason"):
        await world.say("stray", address=first, act="ignore")
    await world.say("stray", address=first, act="ignore", reason="the neighbour's")
    with pytest.raises(InputError, match="c3-001 stands in r01 unit 1"):
        await world.say("stray", address=second, act="take-in", server="c3-050", rack="r01", unit=1)
    await world.say("stray", address=second, act="take-in", server="c3-050", rack="r02", unit=9)
    assert world.findings() == {}
    server = world.engine.site.plan.expected("c3-050")
    assert (server.rack, server.unit, server.bmc.address) == ("r02", 9, IPv4Address(second))
    assert {each.id: each.state for each in world.engine.store.all(Stray)} == {
        first: StrayState.IGNORED,
        second: StrayState.TAKEN_IN,
    }
    told = await world.say("find-strays", range=f"127.{OCTET}.0.1-127.{OCTET}.0.80", rate=5000)
    assert told["strays"] == [first] and world.findings() == {}
    with pytest.raises(InputError, match="not within the IPMI network"):
        await world.say("find-strays", range="10.0.0.1-10.0.0.9")
    secrets = [str(each) for each in world.engine.store.journal(limit=10_000)]
    assert not any("rehearsal-bmc-pass" in each for each in secrets)


async def test_power_that_two_ends_disagree_about_is_told_after_a_while(world: World) -> None:
    from c3tui.steps import identity

    ctx = world.engine.context(world.engine.step("discovery"), "ann")
    world.engine.store.observe("bmc", {"c3-001": {"state": "ok", "power": "on"}})
    identity.note_power(ctx, "c3-001", "off")
    assert identity.judge(ctx) == []
    since = (world.engine.store.observation("identity", "c3-001") or {})["differs_since"]
    identity.note_power(ctx, "c3-001", "off")
    assert (world.engine.store.observation("identity", "c3-001") or {})["differs_since"] == since
    identity.note(ctx, "c3-001", differs_since=since - 120)
    assert identity.judge(ctx) == ["identity.power-differs:c3-001"]
    world.engine.store.observe("bmc", {"c3-001": {"state": "ok", "power": "off"}})
    assert identity.judge(ctx) == [] and world.findings() == {}
