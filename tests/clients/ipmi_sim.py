"""OpenIPMI's BMC simulator as the other end of the wire: a C program that knows nothing of the project."""

import asyncio
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("ipmi_sim")
USER, PASSWORD = "ADMIN", "correct-horse"
SERIAL, PRODUCT, MAKER, BOARD_SERIAL = "S0123456", "SYS-6029P", "Supermicro", "VM17BS000042"
INLET, FAN1, FAN2, PSU1, PSU2 = 1, 2, 3, 4, 5
"""Sensor numbers."""

_POWER_SCRIPT = """#!/bin/sh
# Called as: <this> <mc> get|set <what> [<value>...]. Keeps each value in a file; notes what was set.
cd "$(dirname "$0")" || exit 1
shift
case "$1 $2" in
    "get power") echo "power:$(cat power)" ;;
    "get boot") echo "boot:$(cat boot)" ;;
    get*) echo "$2:0" ;;
    "set boot") echo "$3" > boot ;;
    "set power") echo "$3" > power; echo "power $3" >> orders ;;
    "set identify") echo "$3 $4" > identify; echo "identify $3 $4" >> orders ;;
    "set reset") echo "reset" >> orders ;;
esac
"""


@dataclass
class SimulatedBmc:
    """One running ``ipmi_sim``."""

    address: str
    port: int
    directory: Path
    process: subprocess.Popen[bytes]

    def held(self, what: str) -> str:
        """What the chassis was last told: ``power``, ``boot`` or ``identify``."""
        path = self.directory / what
        return path.read_text().strip() if path.exists() else ""

    def orders(self) -> list[str]:
        """All power and identify orders so far."""
        return self.held("orders").splitlines()

    def stop(self) -> None:
        """Kill it, as a BMC whose plug is pulled."""
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        """Start it again on the same address."""
        self.process = _spawn(self.directory)


def prepare(
    directory: Path, address: str, port: int, *, privilege: str = "admin", chassis: bool = True
) -> SimulatedBmc:
    """A BMC with an inlet sensor, two fans, two power supplies (one failed), inventory and two events.

    Args:
        privilege: the most that its one user may have.
        chassis: False makes it refuse whatever concerns power, boot and LED.
    """
    assert PROGRAM, "ipmi_sim is not installed"
    directory.mkdir(parents=True)
    (directory / "power").write_text("0")
    (directory / "boot").write_text("default")
    script = directory / "chassis"
    script.write_text(_POWER_SCRIPT)
    script.chmod(0o755)
    (directory / "lan.conf").write_text(_lan_conf(directory, address, port, privilege, chassis))
    (directory / "bmc.emu").write_text(_emulation())
    return SimulatedBmc(address, port, directory, _spawn(directory))


async def answering(bmcs: Sequence[SimulatedBmc], seconds: float = 5.0) -> None:
    """Wait until all of them answer an RMCP presence ping."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    for bmc in bmcs:
        while not await _pong(bmc):
            assert loop.time() < deadline, f"ipmi_sim at {bmc.address} does not come up"


async def _pong(bmc: SimulatedBmc) -> bool:
    loop = asyncio.get_running_loop()
    heard = loop.create_future()

    class Ping(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            if not heard.done():
                heard.set_result(data)

    transport, _ = await loop.create_datagram_endpoint(Ping, remote_addr=(bmc.address, bmc.port))
    try:
        transport.sendto(bytes([6, 0, 0xFF, 6, 0, 0, 0x11, 0xBE, 0x80, 0, 0, 0]))
        await asyncio.wait({heard}, timeout=0.1)
        return heard.done()
    finally:
        transport.close()


def _spawn(directory: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(PROGRAM), "-c", "lan.conf", "-f", "bmc.emu", "-s", str(directory / "state"), "-n", "-p"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _lan_conf(directory: Path, address: str, port: int, privilege: str, chassis: bool) -> str:
    auths = "\n".join(
        f"  allowed_auths_{level} none md2 md5 straight"
        for level in ("callback", "user", "operator", "admin")
    )
    control = f'chassis_control "{directory / "chassis"} 0x20"' if chassis else ""
    return f"""name "bmc"
set_working_mc 0x20
startlan 1
  addr {address} {port}
  priv_limit admin
{auths}
  guid a123456789abcdefa123456789abcdef
endlan
{control}
user 2 true "{USER}" "{PASSWORD}" {privilege} 10 none md2 md5 straight
"""


def _emulation() -> str:
    lines = [
        "mc_setbmc 0x20",
        "mc_add 0x20 0x20 no-device-sdrs 0x01 1 0x73 0xbf 0x002a7c 0x0913",
        "sel_enable 0x20 1000 0x0a",
    ]
    readings = {INLET: 24, FAN1: 54, FAN2: 0}
    for record in _records():
        number, kind, reading_type = record[7], record[12], record[13]
        lines.append(f"main_sdr_add 0x20 {_bytes(record)}")
        lines.append(f"sensor_add 0x20 0 {number} 0x{kind:02x} 0x{reading_type:02x}")
        lines.append(
            f"sensor_set_event_support 0x20 0 {number} enable scanning none" + " 000000000000000" * 4
        )
        if number in readings:
            lines.append(f"sensor_set_value 0x20 0 {number} {readings[number]} 0")
    lines += [f"sensor_set_bit 0x20 0 {psu} 0 1 0" for psu in (PSU1, PSU2)]
    lines.append(f"sensor_set_bit 0x20 0 {PSU2} 3 1 0")
    lines.append("mc_add_fru_data 0x20 0 256 data " + _bytes(_fru().ljust(256, b"\0")))
    lines += [
        "sel_add 0x20 0x02 " + _bytes(_event(0x68000000, INLET, 0x01, 0x01, 0x57)),
        "sel_add 0x20 0x02 " + _bytes(_event(0x68000100, PSU2, 0x08, 0x6F, 0x03)),
        "mc_enable 0x20",
    ]
    return "\n".join(lines) + "\n"


def _bytes(data: bytes) -> str:
    return " ".join(f"0x{byte:02x}" for byte in data)


def _event(seconds: int, number: int, kind: int, event_type: int, data: int) -> bytes:
    return seconds.to_bytes(4, "little") + bytes([0x20, 0, 4, kind, number, event_type, data, 0xFF, 0xFF])


def _records() -> list[bytes]:
    return [
        _full(1, INLET, entity=0x37, kind=0x01, unit=1, m=1, name=b"Inlet Temp"),
        _full(2, FAN1, entity=0x1D, kind=0x04, unit=18, m=100, name=b"FAN1"),
        _full(3, FAN2, entity=0x1D, kind=0x04, unit=18, m=100, name=b"FAN2"),
        _compact(4, PSU1, b"PS1 Status"),
        _compact(5, PSU2, b"PS2 Status"),
    ]


def _full(record: int, number: int, *, entity: int, kind: int, unit: int, m: int, name: bytes) -> bytes:
    # IPMI 2.0, table 43-1.
    key = bytes([0x20, 0, number, entity, number, 0x7F, 0x68, kind, 0x01])
    masks = bytes(6)
    formula = bytes([0, unit, 0, 0, m, 0, 0, 0, 0, 0])
    body = key + masks + formula + bytes([0, 0, 0, 0, 0xFF, 0]) + bytes(6) + bytes(5)
    return _with_name(record, 1, body, name)


def _compact(record: int, number: int, name: bytes) -> bytes:
    # IPMI 2.0, table 43-2.
    key = bytes([0x20, 0, number, 0x0A, number, 0x7F, 0x40, 0x08, 0x6F])
    return _with_name(record, 2, key + bytes(6) + bytes([0xC0, 0, 0]) + bytes(8), name)


def _with_name(record: int, kind: int, body: bytes, name: bytes) -> bytes:
    rest = body + bytes([0xC0 | len(name)]) + name
    return record.to_bytes(2, "little") + bytes([0x51, kind, len(rest)]) + rest


def _fru() -> bytes:
    board = _area([0x19, 0, 0, 0], [MAKER, "X11DPH-T", BOARD_SERIAL, "1.01", ""])
    product = _area([0x19], [MAKER, PRODUCT, "PN-1", "1", SERIAL, "", ""])
    header = bytes([1, 0, 0, 1, 1 + len(board) // 8, 0, 0])
    return header + bytes([-sum(header) & 0xFF]) + board + product


def _area(head: list[int], fields: list[str]) -> bytes:
    text = b"".join(bytes([0xC0 | len(field)]) + field.encode() for field in fields) + b"\xc1"
    length = -(-(2 + len(head) + len(text) + 1) // 8)
    area = (bytes([1, length, *head]) + text).ljust(length * 8 - 1, b"\0")
    return area + bytes([-sum(area) & 0xFF])
