"""The XML that MAAS's own commissioning scripts print: lshw's tree, and lldpd's neighbours."""

from xml.sax.saxutils import escape, quoteattr

from c3tui.lab.chassis import Chassis, Nic

CPU = "Intel(R) Xeon(R) Silver 4216 CPU @ 2.10GHz"
_EMPTY = "DIMM DDR4 Synchronous [empty]"
_MODULE = "DIMM DDR4 Synchronous Registered (Buffered) 2933 MHz (0.3 ns)"


def lshw(name: str, box: Chassis) -> str:
    """``lshw -xml``: system, firmware, processors, and every memory slot, empty ones too."""
    board = [_firmware(box), *(_processor(number) for number in range(box.sockets)), _memory(box)]
    return (
        '<?xml version="1.0" standalone="yes" ?>\n<list>\n'
        f'<node id={quoteattr(name)} claimed="true" class="system" handle="DMI:0001">\n'
        f"<description>System</description>\n<product>{escape(box.product)}</product>\n"
        f"<vendor>Supermicro</vendor>\n<serial>{escape(box.serial)}</serial>\n"
        '<node id="core" claimed="true" class="bus" handle="DMI:0002">\n'
        "<description>Motherboard</description>\n" + "".join(board) + "</node>\n</node>\n</list>\n"
    )


def _firmware(box: Chassis) -> str:
    return (
        '<node id="firmware" claimed="true" class="memory" handle="">\n<description>BIOS</description>\n'
        f"<vendor>American Megatrends Inc.</vendor>\n<version>{escape(box.bios)}</version>\n"
        "<date>02/09/2023</date>\n"
        '<size units="bytes">65536</size>\n</node>\n'
    )


def _processor(number: int) -> str:
    return (
        f'<node id="cpu:{number}" claimed="true" class="processor" handle="DMI:{0x30 + number:04X}">\n'
        f"<description>CPU</description>\n<product>{CPU}</product>\n<vendor>Intel Corp.</vendor>\n"
        f"<slot>CPU{number + 1}</slot>\n</node>\n"
    )


def _memory(box: Chassis) -> str:
    held = {each.slot: each.size_mib << 20 for each in box.dimms}
    banks = []
    for number, slot in enumerate(box.slots):
        size = f'<size units="bytes">{held[slot]}</size>\n' if slot in held else ""
        banks.append(
            f'<node id="bank:{number}" claimed="true" class="memory" handle="DMI:{0x40 + number:04X}">\n'
            f"<description>{_MODULE if size else _EMPTY}</description>\n<physid>{number:x}</physid>\n"
            f"<slot>{escape(slot)}</slot>\n{size}</node>\n"
        )
    return (
        '<node id="memory" claimed="true" class="memory" handle="DMI:0020">\n'
        "<description>System Memory</description>\n<slot>System board or motherboard</slot>\n"
        f'<size units="bytes">{box.memory_mib << 20}</size>\n{"".join(banks)}</node>\n'
    )


def neighbours(box: Chassis) -> str:
    """``lldpctl -f xml``: the switch at each port."""
    ports = "".join(_neighbour(nic, box) for nic in box.nics) if box.switch else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<lldp label="LLDP neighbors">\n{ports}</lldp>\n'


def _neighbour(nic: Nic, box: Chassis) -> str:
    return (
        f'<interface label="Interface" name={quoteattr(nic.name)} via="LLDP" rid="1" age="0 day, 00:00:41">\n'
        f'<chassis label="Chassis">\n<id label="ChassisID" type="mac">00:1c:73:00:00:01</id>\n'
        f'<name label="SysName">{escape(box.switch)}</name>\n</chassis>\n'
        f'<port label="Port">\n<id label="PortID" type="ifname">Ethernet{box.unit}</id>\n</port>\n'
        "</interface>\n"
    )
