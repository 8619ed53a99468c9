"""Rehearsal: the real wizard and the real engine, with a simulated room at the other end of every wire."""

import argparse
import asyncio
import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from c3tui.cli.act import known_steps
from c3tui.cli.output import note
from c3tui.engine.errors import C3Error, EngineGone, InputError, Unreachable
from c3tui.engine.link import SocketLink
from c3tui.engine.site import SiteFiles

START_SECONDS = 60.0


def scenario_of(options: argparse.Namespace) -> Any:
    """The scenario that the options describe.

    Raises:
        InputError: no such scenario, or it makes no sense.
    """
    from pydantic import ValidationError

    from c3tui.lab import scenario

    path = Path(options.scenario)
    if not path.suffix:
        path = Path(str(files("assets") / "lab" / "scenarios" / f"{options.scenario}.yaml"))
    if not path.exists():
        known = sorted(each.stem for each in path.parent.glob("*.yaml"))
        raise InputError(f"no scenario {options.scenario!r}", remedy=f"Shipped are {', '.join(known)}")
    try:
        base = scenario.load(path)
        chosen = {key: getattr(options, key) for key in ("servers", "bays", "seed", "speed")}
        changes = {key: value for key, value in chosen.items() if value is not None}
        smaller = base.model_copy(update=changes)
        inside = [fault for fault in base.faults if smaller.holds(fault)]
        return scenario.Scenario.model_validate({**base.model_dump(), **changes, "faults": inside})
    except (OSError, ValidationError) as error:
        raise InputError(f"the scenario makes no sense: {error}", where=str(path)) from error


def site_of(options: argparse.Namespace, scenario: Any) -> Path:
    """Where the rehearsal lives: the same room always has the same directory."""
    if options.site:
        return Path(options.site)
    return Path("rehearsal") / f"{scenario.name}-{scenario.servers}x{scenario.bays}-seed{scenario.seed}"


def rehearse(options: argparse.Namespace) -> int:
    """The wizard on a simulated room; headless when asked to, or without a terminal."""
    scenario = scenario_of(options)
    directory = site_of(options, scenario)
    if options.until:
        known_steps([options.until])
    if options.fresh:
        _throw_away(directory)
    headless = options.headless
    if not headless and not all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)):
        note("no terminal here: walking all steps headless")
        headless = True
    note(f"rehearsal in {directory}")
    with lab_process(directory, options) as control:
        if options.mend:
            _mend(control)
        if headless:
            from c3tui.cli.walk import walk

            work = walk(directory, (), until=options.until, confirm="rehearsal", as_json=options.json)
            return asyncio.run(work)
        from c3tui.cli.wizard import wizard

        try:
            return wizard(directory, options.ui, rehearsal=True)
        finally:
            _end_engine(directory)
            note("the room and its engine are ended; the same command goes on where you left off")


def lab(options: argparse.Namespace) -> int:
    """Only the room: prints its endpoints as a site, runs until stopped."""
    scenario = scenario_of(options)
    directory = site_of(options, scenario)
    return asyncio.run(_lab(directory, scenario))


async def _lab(directory: Path, scenario: Any) -> int:
    from c3tui.lab.world import Lab

    world = Lab(directory, scenario)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await world.start()
        world.write_site(directory)
        _describe(directory, world)
        await stopped.wait()
    except OSError as error:
        raise InputError(
            f"the room cannot answer where it did before: {error.strerror or error}",
            where=str(directory),
            remedy="Another room has its addresses now: stop that one, or say another --site",
        ) from error
    finally:
        await world.close()
    return 0


def _describe(directory: Path, world: Any) -> None:
    box = world.room.chassis[0].bmc
    print(f"site        {directory}")
    print(f"MAAS        {world.maas.url}  key in {directory / 'secrets.yaml'}")
    print(f"BMCs        {box.address} and on, UDP port {world.scenario.bmc_port}, {box.user} {box.password}")
    api = f"https://{world.scenario.vip}:{world.scenario.api_port}"
    print(f"Kubernetes  {api}  kubeconfig {world.kubeconfig}")
    print(f"SSH         deployed servers, port {world.scenario.ssh_port}")
    print("runs until stopped (Ctrl-C)", flush=True)


def mend(options: argparse.Namespace) -> int:
    """Repair broken BMCs in a running rehearsal."""
    _mend(options.site.absolute() / "lab" / "lab.sock")
    return 0


def _mend(control: Path) -> None:
    for line in _ask(control, "mend")["mended"]:
        note(f"mended: {line}")


@contextlib.contextmanager
def lab_process(directory: Path, options: argparse.Namespace) -> Iterator[Path]:
    """The room in a process of its own, for as long as the block lasts; one that runs already is used.

    Raises:
        Unreachable: it does not come up, with what it said last.
    """
    control = directory.absolute() / "lab" / "lab.sock"
    if _alive(control):
        note("the room of this rehearsal runs already")
        yield control
        return
    control.parent.mkdir(parents=True, exist_ok=True)
    said = control.parent / "lab.log"
    with said.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "c3tui", "lab", *_arguments(directory, options)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _await(control, process, said)
        yield control
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def _arguments(directory: Path, options: argparse.Namespace) -> list[str]:
    arguments = ["--site", str(directory), "--scenario", str(options.scenario)]
    for key in ("servers", "bays", "seed", "speed"):
        if (value := getattr(options, key)) is not None:
            arguments += [f"--{key}", str(value)]
    return arguments


def _await(control: Path, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    site = control.parent.parent / "site.yaml"
    while time.monotonic() < deadline:
        if _alive(control) and site.exists():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    lines = said.read_text(errors="replace").strip().splitlines()
    raise Unreachable(f"the lab did not start: {lines[-1] if lines else 'it said nothing'}", where=str(said))


def _alive(control: Path) -> bool:
    try:
        _ask(control, "ping")
    except C3Error:
        return False
    return True


def _ask(control: Path, op: str, **arguments: Any) -> dict[str, Any]:
    from c3tui.lab.control import ask

    try:
        return asyncio.run(ask(control, op, **arguments))
    except (OSError, RuntimeError, json.JSONDecodeError) as error:
        raise Unreachable(f"no lab answers ({error})", where=str(control)) from error


def _end_engine(directory: Path) -> None:
    """The room goes away with the wizard, so its engine must not stay behind asking for it."""

    async def end() -> None:
        link = await SocketLink.attach(SiteFiles(directory.resolve()), observe=True)
        try:
            await link.end_engine(now=True)
        finally:
            await link.close()

    with contextlib.suppress(EngineGone):
        asyncio.run(end())


def _throw_away(directory: Path) -> None:
    """Only ever a directory that a lab made."""
    if not directory.exists():
        return
    if not (directory / "lab" / "world.json").exists():
        raise InputError("this is no rehearsal", where=str(directory), remedy="Nothing was thrown away")
    if _alive(directory.absolute() / "lab" / "lab.sock"):
        raise InputError("its room is running", where=str(directory), remedy="Stop it first")
    shutil.rmtree(directory)
