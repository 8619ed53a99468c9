"""What C3's own scripts print that look at a server from inside: links, memory, ports, clocks."""

import time
from collections.abc import Callable
from typing import Any

from c3tui.lab.chassis import Bay, Chassis, Nic

_DIMM_MIB = 16_384
_SLOTS = 16
_SATA_GBIT, _SAS_GBIT = 6.0, 12.0
_NVME = {"width": 4, "speed_gt_s": 16.0}
_CARD = {"width": 8, "speed_gt_s": 8.0}
_MTU = 1500


def links(box: Chassis) -> dict[str, Any]:
    """c3-links: every link runs as fast as it can."""
    cards = [_pci(f"0000:18:00.{index}", "nic", [nic.name], _CARD) for index, nic in enumerate(box.nics)]
    cards.append(_pci("0000:3b:00.0", "hba", [], _CARD))
    flash = [bay for bay in box.bays if bay.drive and bay.drive.transport == "nvme"]
    cards += [_pci(_pci_address(bay), "nvme", [bay.kernel_name[:-2]], _NVME) for bay in flash]
    disks = [_disk(bay) for bay in box.bays if bay.drive and bay not in flash]
    return {"version": 1, "pci": cards, "disks": disks}


def _pci_address(bay: Bay) -> str:
    return bay.by_path.partition("pci-")[2].partition("-")[0]


def _pci(address: str, kind: str, names: list[str], link: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": address,
        "kind": kind,
        "vendor": {"nic": "0x14e4", "hba": "0x1000", "nvme": "0x1e0f"}[kind],
        "device": {"nic": "0x16d7", "hba": "0x00e6", "nvme": "0x0025"}[kind],
        "names": names,
        "now": link,
        "max": link,
        "slot": link,
    }


def _disk(bay: Bay) -> dict[str, Any]:
    speed = _SAS_GBIT if bay.drive and bay.drive.transport == "sas" else _SATA_GBIT
    # SATA drives behind a SAS controller negotiate through its phys.
    return {"name": bay.kernel_name, "transport": "sas", "now_gbit_s": speed, "max_gbit_s": speed}


def memory(box: Chassis) -> dict[str, Any]:
    """c3-ecc: DIMMs in the first slots of each channel, and no error."""
    filled = box.memory_mib // _DIMM_MIB
    slots = [_slot(box, index, index < filled) for index in range(max(_SLOTS, filled))]
    dimms = [
        {
            "name": f"mc{index // 8}/dimm{index % 8}",
            "label": f"CPU_SrcID#{index // 8}_Ha#0_Chan#{index % 8}_DIMM#0",
            "location": f"channel {index % 8} slot 0",
            "mib": _DIMM_MIB,
            "ce": 0,
            "ue": 0,
        }
        for index in range(filled)
    ]
    counters = {"ce": 0, "ue": 0, "ce_nowhere": 0, "ue_nowhere": 0}
    return {
        "version": 1,
        "edac": "present",
        "dmidecode": "present",
        "uptime_s": 640,
        "correction": "Multi-bit ECC",
        "controllers": [{"name": f"mc{n}", "driver": "Skylake Socket#0 IMC#0", **counters} for n in range(2)],
        "dimms": dimms,
        "slots": slots,
    }


def _slot(box: Chassis, index: int, filled: bool) -> dict[str, Any]:
    place = {
        "locator": f"P{index // 8 + 1}-DIMM{'ABCDEFGH'[index % 8]}1",
        "bank": f"P{index // 8}_Node0_Channel{index % 8}_Dimm0",
    }
    if not filled:
        nothing = {"type": "", "manufacturer": "", "serial": "", "part": ""}
        return {**place, **nothing, "mib": 0, "mt_s": None, "configured_mt_s": None}
    return {
        **place,
        "type": "DDR4",
        "manufacturer": "Samsung",
        "serial": f"{box.position:04X}{index:04X}",
        "part": "M393A2K43CB2-CVF",
        "mib": _DIMM_MIB,
        "mt_s": 2933,
        "configured_mt_s": 2933,
    }


def ports(box: Chassis) -> dict[str, Any]:
    """c3-nics: all ports up, and whole packets to the gateway and the rack controller."""
    probe = {"port": box.nics[0].name, "mtu": _MTU, "ok": True, "largest": _MTU}
    first = ".".join(box.bmc.address.split(".")[:1])
    octet = int(box.bmc.address.split(".")[1]) + 1
    reached = [("gateway", f"{first}.{octet}.0.1"), ("rack controller", f"{first}.{octet}.0.2")]
    return {
        "version": 1,
        "ports": [_port(nic, index) for index, nic in enumerate(box.nics)],
        "probes": [{"target": target, "address": address, **probe} for target, address in reached],
    }


def _port(nic: Nic, index: int) -> dict[str, Any]:
    return {
        "name": nic.name,
        "mac": nic.mac,
        "driver": "bnxt_en",
        "pci": f"0000:18:00.{index}",
        "state": "up",
        "carrier": True,
        "speed_mbit_s": nic.speed,
        "max_mbit_s": nic.speed,
        "duplex": "full",
        "mtu": _MTU,
        "errors": {"rx_errors": 0, "tx_errors": 0, "rx_dropped": 0, "rx_crc_errors": 0},
    }


def clock(box: Chassis) -> dict[str, Any]:
    """c3-clock: all clocks agree."""
    rack = ports(box)["probes"][1]["address"]
    answer = {"server": rack, "offset_s": 0.0004, "delay_s": 0.0003, "stratum": 3, "detail": ""}
    return {"version": 1, "system": round(time.time(), 3), "rtc_offset_s": 0.0, "ntp": [answer]}


REPORTS: dict[str, Callable[[Chassis], dict[str, Any]]] = {
    "c3-links": links,
    "c3-ecc": memory,
    "c3-nics": ports,
    "c3-clock": clock,
}
