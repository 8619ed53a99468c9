"""CPU of the BMC client against FreeIPMI's `ipmipower --stat` and `ipmi-sensors`, on one fleet of `ipmi_sim`.

Same servers, same run, same content: power and three sensors of each. Counted is CPU, since the wall clock
is the servers' own. The peers' start-up is taken off, as ours is; sensor records are cached on both sides.
Each of their calls logs in anew, so the same call is their first table and their steady poll.
"""

import asyncio
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from c3tui.clients.bmc import BmcFleet
from c3tui.model.fleet import BmcReading, BmcState
from tests.clients import ipmi_sim
from tests.clients.bmc_wires import complete, simulated, until

SERVERS = 60
NETWORK, PORT = "127.64.1", 6323
FIRST_LIMIT, STEADY_LIMIT = 0.9, 0.35
ROUNDS = 5
POLL, WINDOW = 1.0, 2.0
"""Seconds between polls, and for how long they are measured at a time."""
SENSORS = (ipmi_sim.INLET, ipmi_sim.FAN1, ipmi_sim.PSU1)


def cpu(who: int = resource.RUSAGE_SELF) -> float:
    """Seconds of CPU so far."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def peer(command: Sequence[str]) -> float:
    """Seconds of CPU that a program takes."""
    before = cpu(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()[:200]}")
    return cpu(resource.RUSAGE_CHILDREN) - before


def peers(records: Path) -> tuple[float, float]:
    """CPU seconds of ``ipmipower --stat`` and of ``ipmi-sensors``, the best of a few rounds each."""
    login = ["-h", f"{NETWORK}.[1-{SERVERS}]:{PORT}", "-u", ipmi_sim.USER, "-p", ipmi_sim.PASSWORD]
    login += ["-D", "LAN_2_0", "-I", "3", "-W", "opensesspriv"]
    power = ["ipmipower", *login, "--stat"]
    numbers = ",".join(str(number) for number in SENSORS)
    sensors = ["ipmi-sensors", *login, "-r", numbers, "-F", "64", "--quiet-cache"]
    sensors.append(f"--sdr-cache-directory={records}")
    peer(sensors)
    started = [min(peer([program, "--version"]) for _ in range(ROUNDS)) for program in (power[0], sensors[0])]
    first, second = (min(peer(command) for _ in range(ROUNDS)) for command in (power, sensors))
    return first - started[0], second - started[1]


async def first_table(bmcs: list[ipmi_sim.SimulatedBmc], directory: Path) -> float:
    """CPU seconds from no session at all to a full table."""
    fleet = BmcFleet(directory=directory)
    await fleet.start()
    await asyncio.sleep(0.2)
    before = cpu()
    fleet.watch([simulated(bmc, f"s{number}") for number, bmc in enumerate(bmcs)])
    await until(fleet, lambda table: all(map(complete, table.values())))
    used = cpu() - before
    await fleet.close()
    return used


async def steady(bmcs: list[ipmi_sim.SimulatedBmc], directory: Path) -> float:
    """CPU seconds of one sweep of polls over open sessions."""
    fleet = BmcFleet(poll=POLL, directory=directory)
    await fleet.start()
    turns = 0

    def count(changed: dict[str, BmcReading]) -> None:
        nonlocal turns
        turns += sum(reading.state is BmcState.OK for reading in changed.values())

    fleet.changes(count)
    fleet.watch([simulated(bmc, f"s{number}") for number, bmc in enumerate(bmcs)])
    await until(fleet, lambda table: all(map(complete, table.values())))
    await asyncio.sleep(POLL)
    each = []
    for _ in range(ROUNDS):
        before, turns = cpu(), 0
        await asyncio.sleep(WINDOW)
        each.append((cpu() - before) / turns)
    await fleet.close()
    return min(each) * len(bmcs)


async def measure(directory: Path) -> int:
    """Print the figures; 1 when a ratio is over its limit."""
    bmcs = [
        ipmi_sim.prepare(directory / f"bmc{number}", f"{NETWORK}.{number}", PORT)
        for number in range(1, SERVERS + 1)
    ]
    try:
        await ipmi_sim.answering(bmcs, seconds=30)
        await first_table(bmcs, directory / "ours")  # loads the library and the sensor records
        power, sensors = peers(directory)
        first = min([await first_table(bmcs, directory / "ours") for _ in range(ROUNDS)])
        sweep = await steady(bmcs, directory / "ours")
    finally:
        for bmc in bmcs:
            bmc.stop()
    theirs = power + sensors
    print(f"{SERVERS} x ipmi_sim, CPU milliseconds, best of {ROUNDS}")
    print(f"ipmipower --stat, ipmi-sensors     {power * 1000:7.1f} + {sensors * 1000:.1f}")
    print(f"first table                        {first * 1000:7.1f}")
    print(f"   of theirs                       {first / theirs:7.2f}   (limit {FIRST_LIMIT})")
    print(f"steady sweep                       {sweep * 1000:7.1f}")
    print(f"   of theirs                       {sweep / theirs:7.2f}   (limit {STEADY_LIMIT})")
    return 0 if first < FIRST_LIMIT * theirs and sweep < STEADY_LIMIT * theirs else 1


def main() -> int:
    """Measure, or say what is missing."""
    missing = [name for name in ("ipmi_sim", "ipmipower", "ipmi-sensors") if not shutil.which(name)]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed (Debian openipmi, freeipmi-tools)")
        return 0
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(measure(Path(directory)))


if __name__ == "__main__":
    sys.exit(main())
