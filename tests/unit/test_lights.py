"""The ledger of lights, against BMCs on the wire; and the LED of a bay, by programs on a server."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from c3tui.cli.compose import engine_of
from c3tui.clients.nodes import BayLed, Completed, Shell, bay_locate, find_bay_led
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError, PeerError, Refused
from c3tui.engine.link import LocalLink
from c3tui.engine.site import Site
from c3tui.lab.bmc import BmcLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import BmcKnobs, Scenario
from c3tui.lab.site import write_site
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Bay, Drive, Server, Stage
from c3tui.model.light import Light, Stop, Why, in_order, new_light, split_led
from c3tui.model.replacement import Part, Phase, Replacement
from c3tui.steps import lights as ledger
from c3tui.steps.lights import LEFT_ON, Lights, lights_of, tend_lights

LIMIT = 10.0


async def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        await asyncio.sleep(0.01)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    wire = BmcKnobs.model_validate({"latency_ms": 1.0})
    room = Room(Scenario(servers=3, bays=3, octet=76, bmc=wire))
    bmcs = BmcLab(room)
    await bmcs.start(6276)
    yield room
    await bmcs.close()
    await room.close()


@asynccontextmanager
async def engine(room: Room, directory: Path, *, tended: bool = False) -> AsyncIterator[Engine]:
    """An engine on the site of a room; it polls nothing, unless it is to tend its lights."""
    room.scenario.bmc_port = 6276
    write_site(directory, room, "http://127.0.0.1:9/MAAS/", "consumer:token:secret")
    engine = engine_of(Site.load(directory, {}), services=False)
    engine._services = (tend_lights,) if tended else ()
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


async def of(engine: Engine) -> Lights:
    return await lights_of(engine.site, engine.store, engine.resources)


def shining(room: Room) -> list[str]:
    return [box.name for box in room.chassis if box.bmc.identify]


def open_findings(engine: Engine) -> list[str]:
    return [each.id for each in engine.store.all(Finding) if each.state is FindingState.OPEN]


def test_stops_are_passed_by_rack_unit_and_bay_each_once() -> None:
    places = [("b", "r02", 1, None), ("a", "r01", 9, 11), ("a", "r01", 9, 2), ("c", "r01", 3, None)]
    stops = [Stop(server=name, rack=rack, unit=unit, slot=slot) for name, rack, unit, slot in places]
    assert [stop.led for stop in in_order([*stops, stops[0]])] == ["c", "a/bay02", "a/bay11", "b"]
    assert split_led("c3-001/bay03") == ("c3-001", 3) and split_led("c3-001") == ("c3-001", None)


async def test_an_led_stays_lit_for_as_long_as_anybody_wants_it(room: Room, tmp_path: Path) -> None:
    async with engine(room, tmp_path) as running:
        lights = await of(running)
        walk, hand = (new_light("c3-001", why, "", "anna") for why in (Why.WALK, Why.HAND))
        await lights.on(walk)
        await lights.on(hand)
        assert shining(room) == ["c3-001"] and {each.id for each in lights.all()} == {walk.id, hand.id}
        assert await lights.off(walk.id) and shining(room) == ["c3-001"]
        assert await lights.off(hand.id) and shining(room) == [] and lights.all() == []


async def test_a_light_is_on_record_before_it_is_lit(room: Room, tmp_path: Path) -> None:
    async with engine(room, tmp_path) as running:
        seen: list[list[Light]] = []
        room.listen(lambda event, box: seen.append(running.store.all(Light)))
        lights = await of(running)
        await lights.on(new_light("c3-002", Why.HAND, "", "anna"))
        await lights.off("c3-002#hand:")
        assert [[each.led for each in then] for then in seen] == [["c3-002"], ["c3-002"]]


async def test_what_somebody_else_lit_is_left_to_them(room: Room, tmp_path: Path) -> None:
    async with engine(room, tmp_path) as running:
        room.by_name("c3-002").bmc.identify = True
        lights = await of(running)
        lit = await lights.on(new_light("c3-002", Why.WALK, "w", "anna"))
        assert lit.found_lit and await lights.off(lit.id)
        assert shining(room) == ["c3-002"] and lights.all() == []
        # A person who says off means it.
        await running.command("identify", {"server": "c3-002", "on": False}, "anna")
        assert shining(room) == []


async def test_a_dead_bmc_is_not_taken_for_lit(room: Room, tmp_path: Path) -> None:
    async with engine(room, tmp_path) as running:
        room.by_name("c3-003").bmc.alive = False
        lights = await of(running)
        with pytest.raises(PeerError, match="does not answer"):
            await lights.on(new_light("c3-003", Why.WALK, "w", "anna"))
        assert lights.all() == [] and open_findings(running) == []


async def test_an_unreachable_light_is_tried_again_until_it_is_dark(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "FIRST_PAUSE", 0.05)
    async with engine(room, tmp_path, tended=True) as running:
        link = LocalLink(running, "anna")
        told = await link.command("walk", items=["c3-001", "c3-002"])
        room.by_name("c3-001").bmc.alive = False
        ended = await link.command("walk-end", walk=told["walk"])
        assert ended["left_on"] == ["c3-001"] and shining(room) == ["c3-001"]
        assert open_findings(running) == [f"{LEFT_ON}:c3-001"]
        (left,) = running.store.all(Light)
        assert left.going and "does not answer" in left.trouble
        room.by_name("c3-001").bmc.alive = True
        await until(lambda: not shining(room) and not running.store.all(Light), "dark")
        assert open_findings(running) == []


async def test_a_new_engine_darkens_all_but_replacements(room: Room, tmp_path: Path) -> None:
    part = Part(serial="ZL1")
    marks = [
        Replacement(
            id=f"m{n}", server=f"c3-00{n}", slot=1, bay=f"c3-00{n}/bay01", reason="x", old=part, by="a"
        )
        for n in (1, 2)
    ]
    async with engine(room, tmp_path) as running:
        lights = await of(running)
        with running.store.transaction("anna") as transaction:
            for mark in marks:
                transaction.put(mark)
        for mark in marks:
            await lights.on(new_light(mark.server, Why.REPLACEMENT, mark.id, "anna"))
        await lights.on(new_light("c3-003", Why.HAND, "", "anna"))
        await lights.on(new_light("c3-001", Why.WALK, "w", "anna"))
        with running.store.transaction("anna") as transaction:
            transaction.put(marks[1].model_copy(update={"phase": Phase.CLOSED}))
    assert shining(room) == ["c3-001", "c3-002"], "lights of replacements outlive the engine"
    room.by_name("c3-003").bmc.identify = True  # as after a kill: nobody said goodbye
    async with engine(room, tmp_path, tended=True) as running:
        await until(lambda: [each.owner for each in running.store.all(Light)] == ["m1"], "the rest dark")
        assert shining(room) == ["c3-001"]
    assert shining(room) == ["c3-001"]


async def test_a_walk_lights_one_after_the_other_and_ends_with_its_viewer(room: Room, tmp_path: Path) -> None:
    async with engine(room, tmp_path) as running:
        link = LocalLink(running, "anna")
        told = await link.command("walk", items=["c3-003", "c3-001", "c3-002"])
        assert (told["stop"]["server"], told["at"], told["count"]) == ("c3-001", 0, 3)
        assert shining(room) == ["c3-001"] and told["said"] == ["Server LED: lit."]
        walk = told["walk"]
        await link.command("walk-next", walk=walk, skip=True)
        assert shining(room) == ["c3-002"]
        told = await link.command("walk-next", walk=walk, by=-1)
        assert shining(room) == ["c3-001"] and told["skipped"]
        await link.command("walk-next", walk=walk)
        await link.close()
        await until(lambda: not shining(room), "dark after the viewer left")
        with pytest.raises(InputError, match="its lights are off"):
            await link.command("walk-next", walk=walk)


async def test_a_walk_passes_dead_bmcs_and_bays_of_bare_servers(room: Room, tmp_path: Path) -> None:
    async with engine(room, tmp_path) as running:
        server = Server(id="c3-002", name="c3-002", rack="r01", unit=3, stage=Stage.TESTED, serial="S2")
        drive = Drive(serial="ZL9", model="ST16", size=16_000_000_000_000)
        with running.store.transaction("t") as transaction:
            transaction.put(server.model_copy(update={"bays": [Bay(slot=1, drive=drive)]}))
        room.by_name("c3-001").bmc.alive = False
        link = LocalLink(running, "anna")
        told = await link.command("walk", items=["c3-002/bay01", "c3-001"])
        assert told["said"][0].startswith("Server LED: NOT LIT; ")
        told = await link.command("walk-next", walk=told["walk"])
        assert "in band only, and c3-002 is not deployed" in told["said"][0]
        assert told["stop"]["drive_serial"] == "ZL9" and shining(room) == ["c3-002"]
        ended = await link.command("walk-next", walk=told["walk"])
        assert ended["over"] and ended["left_on"] == [] and shining(room) == []
        with pytest.raises(InputError, match="no server and no bay 'c9'"):
            await link.command("walk", items=["c9"])


class Here(Shell):
    """Runs the commands on this machine, with programs of the test's own first in the path."""

    def __init__(self, bin: Path) -> None:
        super().__init__("nobody", 22, bin / "key", bin / "known")
        self._bin = bin

    async def run(self, host: str, command: str, timeout: float = 30.0) -> Completed:
        child = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", command),
            env={"PATH": f"{self._bin}:{os.defpath}", "STATE": str(self._bin / "state")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await child.communicate()
        return Completed(child.returncode or 0, out.decode(), err.decode())


PROGRAMS = {
    "sudo": 'shift; exec "$@"',
    "find": "echo 0:0:8:0",
    "ledctl": 'echo "$*" >> $STATE.said; [ -e $STATE.gone ] && exit 8; '
    'case "$2" in locate=*) echo 1;; *) echo 0;; esac > $STATE',
    "sg_ses": 'case "$2" in --get=*) cat $STATE;; --set=*) echo 1 > $STATE;; *) echo 0 > $STATE;; esac; '
    '[ "$1 $3" = "--dev-slot-num=3 /dev/bsg/0:0:8:0" ]',
}


def here(directory: Path, *names: str) -> Here:
    for name in ("sudo", "find", *names):
        (directory / name).write_text(f"#!/bin/sh\n{PROGRAMS[name]}\n")
        (directory / name).chmod(0o755)
    (directory / "state").write_text("0\n")
    return Here(directory)


async def test_ledctl_leaves_the_leds_of_other_drives_alone(tmp_path: Path) -> None:
    shell = here(tmp_path, "ledctl", "sg_ses")
    led = await find_bay_led(shell, "h", "/dev/disk/by-path/pci-3", 3)
    assert led.way == "ledctl"
    assert await bay_locate(shell, led, True) is True and await bay_locate(shell, led, False) is False
    said = (tmp_path / "state.said").read_text().splitlines()
    assert said[0] == "--listed-only locate=/dev/disk/by-path/pci-3" and "locate_off=" in said[1]
    # The drive is pulled: its device is gone, its slot is not.
    (tmp_path / "state.gone").touch()
    assert await bay_locate(shell, led, True) is True


async def test_sg_ses_does_where_there_is_no_ledctl(tmp_path: Path) -> None:
    shell = here(tmp_path, "sg_ses")
    led = await find_bay_led(shell, "h", "", 3)
    assert led == BayLed("h", "", 3, "", str(tmp_path / "sg_ses"), "/dev/bsg/0:0:8:0")
    assert await bay_locate(shell, led, True) is True
    with pytest.raises(Refused, match="sg_ses failed"):
        await bay_locate(shell, await find_bay_led(shell, "h", "", 4), True)
    (tmp_path / "find").write_text("#!/bin/sh\necho 0:0:8:0 0:0:9:0\n")
    with pytest.raises(Refused, match="cannot be reached in band"):
        await find_bay_led(shell, "h", "", 3)


async def test_without_programs_it_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="in band") as refused:
        await find_bay_led(here(tmp_path), "h", "/dev/disk/by-path/pci-3", 3)
    assert "Install ledmon" in refused.value.remedy
