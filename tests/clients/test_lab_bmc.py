"""The lab's BMCs, judged by ipmitool, FreeIPMI and pyghmi."""

import asyncio
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from c3tui.lab.chassis import BMC_PASSWORD, BMC_USER, Chassis
from c3tui.lab.room import Event
from c3tui.lab.scenario import Fault, FaultKind
from tests.support.bmcs import PORT, opened, until


async def run(*command: str) -> str:
    """What a tool prints, on both of its outputs; the test is skipped where it is not installed."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return output.decode()


async def ipmitool(box: Chassis, command: str, *options: str, password: str = BMC_PASSWORD) -> str:
    """Run an ipmitool command; later options win over earlier ones."""
    where = ("-I", "lanplus", "-H", box.bmc.address, "-p", str(PORT), "-N", "1", "-R", "4")
    return await run("ipmitool", *where, "-U", BMC_USER, "-P", password, *options, *command.split())


async def freeipmi(box: Chassis, tool: str, *options: str) -> str:
    """Run a FreeIPMI tool."""
    where = ("-D", "LAN_2_0", "-h", f"{box.bmc.address}:{PORT}", "-u", BMC_USER, "-p", BMC_PASSWORD)
    return await run(tool, *where, *options)


@pytest.mark.parametrize("suite", ["3", "17"])
async def test_ipmitool_reads_status_identity_and_inventory(suite: str, tmp_path: Path) -> None:
    async with opened() as room:
        box = room.chassis[0]
        assert "System Power         : off" in await ipmitool(box, "chassis status", "-C", suite)
        identity = await ipmitool(box, "mc info", "-C", suite)
        assert (
            "Manufacturer ID           : 10876" in identity and "IPMI Version              : 2.0" in identity
        )
        inventory = await ipmitool(box, "fru", "-C", suite)
        assert f"Product Serial        : {box.serial}" in inventory
        assert f"Board Serial          : {box.serial}" in inventory
        assert f"Product Name          : {box.product}" in inventory and "Supermicro" in inventory
        checked = await freeipmi(box, "ipmi-fru", "-I", suite, "-Q", f"--sdr-cache-directory={tmp_path}")
        assert checked.count(box.serial) == 3 and "checksum" not in checked
        lan = await ipmitool(box, "lan print 1", "-C", suite)
        assert box.bmc.address in lan and box.bmc.mac in lan and "3,17" in lan


async def test_ipmitool_drives_power_and_the_room_sees_it() -> None:
    async with opened() as room:
        box = room.chassis[1]
        heard: list[tuple[Event, str, bool]] = []
        room.listen(lambda event, who: heard.append((event, who.name, who.powered)))
        assert "not supported in present state" in await ipmitool(box, "chassis power cycle")
        await ipmitool(box, "chassis power on")
        assert box.powered and "is on" in await ipmitool(box, "chassis power status")
        await ipmitool(box, "chassis power reset")
        assert box.powered
        box.os_running = True
        await ipmitool(box, "chassis power soft")
        await until(lambda: not box.powered, "the system shut down")
        power = [("power", box.name, on) for on in (True, False, True, False)]
        assert [event for event in heard if event[0] == "power"] == power
        assert not room.chassis[0].powered


async def test_identify_is_lit_timed_and_emitted() -> None:
    async with opened() as room:
        box = room.chassis[0]
        heard: list[bool] = []
        room.listen(lambda event, who: heard.append(who.bmc.identify) if event == "identify" else None)
        await ipmitool(box, "chassis identify force")
        assert box.bmc.identify and heard == [True]
        assert "Identify state              : Indefinite on" in await freeipmi(
            box, "ipmi-chassis", "--get-chassis-status"
        )
        await ipmitool(box, "chassis identify 0")
        assert not box.bmc.identify
        await ipmitool(box, "chassis identify 1")
        assert box.bmc.identify
        await until(lambda: not box.bmc.identify, "a timed light goes out")
        assert heard == [True, False, True, False]


async def test_boot_device_by_ipmitool_and_freeipmi() -> None:
    async with opened() as room:
        box = room.chassis[0]
        await ipmitool(box, "chassis bootdev pxe")
        assert (box.bmc.boot_device, box.bmc.boot_persistent) == ("pxe", False)
        assert "Force PXE" in await ipmitool(box, "chassis bootparam get 5")
        await ipmitool(box, "chassis bootdev disk options=persistent,efiboot")
        assert (box.bmc.boot_device, box.bmc.boot_persistent) == ("disk", True)
        shown = await ipmitool(box, "chassis bootparam get 5")
        assert "all future boots" in shown and "EFI boot" in shown and "Hard-Drive" in shown
        options = (
            "-e",
            "Chassis_Boot_Flags:Boot_Device=PXE",
            "-e",
            "Chassis_Boot_Flags:Boot_Flags_Persistent=No",
        )
        await freeipmi(box, "ipmi-chassis-config", "--commit", *options)
        assert (box.bmc.boot_device, box.bmc.boot_persistent) == ("pxe", False)


async def test_sensors_are_plausible_on_and_off(tmp_path: Path) -> None:
    def table(output: str) -> dict[str, str]:
        rows = [[cell.strip() for cell in line.split("|")] for line in output.splitlines()]
        return {row[1]: row[3] for row in rows if len(row) == 6 and row[0].isdigit()}

    async with opened() as room:
        box = room.chassis[0]
        cache = f"--sdr-cache-directory={tmp_path}"
        dark = table(await freeipmi(box, "ipmi-sensors", "-I", "3", "-Q", cache))
        assert dark["CPU1 Temp"] == dark["12V"] == "N/A" and float(dark["FAN1"]) == 0
        assert 15 < float(dark["Inlet Temp"]) < 32
        room.power_on(box)
        lit = table(await freeipmi(box, "ipmi-sensors", "-I", "17", cache))
        assert 17 <= len(lit) <= 20
        assert float(lit["Inlet Temp"]) < float(lit["System Temp"]) < float(lit["CPU1 Temp"]) < 75
        assert all(3000 < float(lit[f"FAN{index}"]) < 6000 for index in (1, 2, 3, 4))
        assert float(lit["12V"]) == pytest.approx(12, abs=0.2)
        limits = await ipmitool(box, "sensor")
        inlet = re.search(r"^Inlet Temp +\|(.*)$", limits, re.MULTILINE)
        assert inlet and [cell.strip() for cell in inlet[1].split("|")][1:] == [
            "degrees C", "ok", "0.000", "5.000", "10.000", "40.000", "45.000", "50.000",
        ]  # fmt: skip


async def test_event_log_tells_power_and_drives(tmp_path: Path) -> None:
    async with opened(faults=[Fault(kind=FaultKind.DEAD_DRIVE, server=1, bay=2)]) as room:
        box = room.chassis[0]
        assert "Drive Fault          : true" in await ipmitool(box, "chassis status")
        assert "Drive Present, Drive Fault" in await ipmitool(box, "sdr elist all")
        await ipmitool(box, "chassis power on")
        room.swap(box, 2)
        log = await freeipmi(box, "ipmi-sel", f"--sdr-cache-directory={tmp_path}", "-Q")
        names = [[cell.strip() for cell in line.split("|")][3:] for line in log.splitlines()[1:]]
        assert names[-3:] == [
            ["HDD Status", "Drive Slot", "Drive Fault"],
            ["System Boot", "System Boot Initiated", "Initiated by power up"],
            ["HDD Status", "Drive Slot", "Drive Fault"],
        ]
        assert "HDD Status | Drive Fault () | Deasserted" in await ipmitool(box, "sel elist")
        await ipmitool(box, "sel clear")
        assert len(box.bmc.sel) == 1 and "Log area reset/cleared" in await ipmitool(box, "sel list")


PYGHMI = """
import json, sys
from pyghmi.ipmi.command import Command
bmc = Command(sys.argv[1], sys.argv[2], sys.argv[3], port=int(sys.argv[4]))
before = bmc.get_power()["powerstate"]
bmc.set_power("on")
bmc.set_bootdev("network", uefiboot=True)
bmc.set_identify(True)
readings = {one.name: one.value for one in bmc.get_sensor_data()}
serial = bmc.get_inventory_of_component("System")["Serial Number"]
events = [one["event"] for one in bmc.get_event_log()]
print(json.dumps([before, bmc.get_bootdev(), readings, serial, events, bmc.get_health()["health"]]))
bmc.ipmi_session.logout()
"""


async def test_pyghmi_reads_and_writes() -> None:
    async with opened() as room:
        box = room.chassis[0]
        arguments = (box.bmc.address, BMC_USER, BMC_PASSWORD, str(PORT))
        output = await run(sys.executable, "-W", "ignore", "-c", PYGHMI, *arguments)
        before, boot, readings, serial, events, health = json.loads(output.splitlines()[-1])
        assert (before, serial, health) == ("off", box.serial, 0) and "Power up" in events
        assert boot == {"bootdev": "network", "persistent": False, "uefimode": True}
        assert box.powered and box.bmc.identify and box.bmc.boot_device == "pxe"
        assert readings["FAN1"] > 3000 and readings["CPU2 Temp"] > 30


async def test_refusals_look_right_to_the_tools() -> None:
    async with opened(session_limit=3) as room:
        box, other = room.chassis
        assert "RAKP 2 HMAC is invalid" in await ipmitool(box, "mc info", "-v", password="other")
        assert "unauthorized name" in await ipmitool(box, "mc info", "-v", "-U", "nobody")
        for suite in ("0", "1", "2"):
            assert "no matching cipher suite" in await ipmitool(box, "mc info", "-C", suite)
        assert "Insufficient privilege level" in await ipmitool(box, "power on", "-L", "USER")
        assert not box.powered
        await ipmitool(box, "power on", "-L", "OPERATOR")
        assert box.powered
        assert "rsp=0xc1" in await ipmitool(box, "raw 6 0x99")
        for _ in range(3):
            await ipmitool(other, "mc info", password="other")
        assert "insufficient resources" in await ipmitool(other, "mc info")
        assert "BMC busy" in await freeipmi(other, "ipmipower", "--stat")


async def test_a_new_password_holds_at_once() -> None:
    async with opened() as room:
        box = room.chassis[0]
        box.bmc.password = "another-one"
        assert "password invalid" in await freeipmi(box, "ipmipower", "--stat", "-I", "17")
        assert "is off" in await ipmitool(box, "power status", password="another-one")
