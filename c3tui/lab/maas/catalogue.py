"""The scripts that every MAAS brings: 13 for commissioning, 17 for testing, one for release."""

from typing import Any

from c3tui.lab.maas.records import Revision, Script
from c3tui.lab.maas.status import HardwareType, ScriptType

COMMISSIONING = (
    ("20-maas-01-install-lldpd", "Install and configure lldpd for passive capture."),
    ("20-maas-02-dhcp-unconfigured-ifaces", "Bring up every interface that is not configured yet."),
    ("30-maas-01-bmc-config", "Detect the BMC and make a user of MAAS's own on it."),
    ("20-maas-03-machine-resources", "Gather the resources of the machine."),
    ("40-maas-01-machine-config-hints", "Gather hints for the configuration of the machine."),
    ("50-maas-01-commissioning", "Send hardware and environment of the machine to MAAS."),
    ("maas-support-info", "Gather information useful for support."),
    ("maas-lshw", "Gather full hardware information."),
    ("maas-list-modaliases", "List the modaliases of all hardware."),
    ("maas-capture-lldpd", "Capture what the switches said over LLDP."),
    ("maas-kernel-cmdline", "Record the kernel command line."),
    ("maas-serial-ports", "List the serial ports."),
    ("maas-get-fruid-api-data", "Ask the FRUID API of a Wedge switch."),
)

_PATH = {"storage": {"type": "storage", "argument_format": "{path}"}}
_DISK = {"storage": {"type": "storage"}}
_SMARTCTL = {"apt": ["smartmontools"]}
_STRESS = {"apt": ["stress-ng"]}
_NIC = {"interface": {"type": "interface"}}
_URL = {
    "url": {
        "type": "url",
        "default": "https://connectivity-check.ubuntu.com",
        "required": True,
        "allow_list": True,
        "description": "A comma separated list of URLs, addresses or domains to reach from each interface.",
    }
}


def _results(**titles: str) -> dict[str, Any]:
    return {key: {"title": title, "description": f"{title}."} for key, title in titles.items()}


_BADBLOCKS = _results(
    badblocks="Bad blocks",
    read_errors="Bad blocks read errors",
    write_errors="Bad blocks write errors",
    comparison_errors="Bad blocks comparison errors",
)
_7Z = _results(
    compression_ru_mips="Compression RU MIPS",
    decompression_ru_mips="Decompression RU MIPS",
    compression_rating_mips="Compression Rating MIPS",
    decompression_rating_mips="Decompression Rating MIPS",
)
_FIO = _results(
    random_read="Random read",
    random_write="Random write",
    sequential_read="Sequential read",
    random_read_iops="Random read IOPS",
    sequential_write="Sequential write",
    random_write_iops="Random write IOPS",
    sequential_read_iops="Sequential read IOPS",
    sequential_write_iops="Sequential write IOPS",
)


def _test(name: str, title: str, hardware: HardwareType, seconds: int, **more: Any) -> Script:
    tags = more.pop("tags", [hardware.name.lower()])
    parallel = more.pop("parallel", 1 if hardware in (HardwareType.STORAGE, HardwareType.NETWORK) else 0)
    return Script(
        id=0,
        name=name,
        title=title,
        description=f"{title}: {name}.",
        tags=tags,
        hardware_type=hardware,
        parallel=parallel,
        timeout=seconds,
        default=True,
        apply_configured_networking=hardware is HardwareType.NETWORK and "network-validation" in tags,
        **more,
    )


def _storage_tests() -> list[Script]:
    disk = HardwareType.STORAGE
    smart = {"parameters": _PATH, "packages": _SMARTCTL}
    bad = {"parameters": _DISK, "results": _BADBLOCKS}
    return [
        _test("smartctl-validate", "Storage status", disk, 300, tags=["commissioning", "storage"], **smart),
        _test("smartctl-short", "Storage integrity", disk, 600, **smart),
        _test("smartctl-long", "Storage integrity", disk, 0, **smart),
        _test("smartctl-conveyance", "Storage integrity", disk, 0, **smart),
        _test("badblocks", "Storage integrity", disk, 0, **bad),
        _test(
            "badblocks-destructive",
            "Storage integrity",
            disk,
            0,
            tags=["destructive", "storage"],
            destructive=True,
            **bad,
        ),
        _test(
            "fio",
            "Storage benchmark",
            disk,
            0,
            tags=["storage", "destructive"],
            destructive=True,
            parameters=_PATH,
            packages={"apt": ["fio"]},
            results=_FIO,
        ),
    ]


def _network_tests() -> list[Script]:
    net = HardwareType.NETWORK
    validation = ["network-validation", "network"]
    return [
        _test("ntp", "NTP validation", net, 60, tags=["ntp", "network"], parallel=2),
        _test(
            "internet-connectivity",
            "Internet Connectivity Validation",
            net,
            300,
            tags=["internet", *validation],
            parameters=_URL | _NIC,
        ),
        _test(
            "gateway-connectivity",
            "Gateway Connectivity Validation",
            net,
            300,
            tags=validation,
            parameters=_NIC,
        ),
        _test(
            "rack-controller-connectivity",
            "Rack Controller Connectivity Validation",
            net,
            300,
            tags=validation,
            parameters=_NIC,
        ),
    ]


def _compute_tests() -> list[Script]:
    cpu, memory, long = HardwareType.CPU, HardwareType.MEMORY, 14 * 3600
    return [
        _test("memtester", "Memory integrity", memory, 0, packages={"apt": ["memtester"]}),
        _test("stress-ng-cpu-long", "CPU validation", cpu, long, packages=_STRESS),
        _test("stress-ng-cpu-short", "CPU validation", cpu, 300, packages=_STRESS),
        _test("stress-ng-memory-long", "Memory integrity", memory, long, packages=_STRESS),
        _test("stress-ng-memory-short", "Memory integrity", memory, 300, packages=_STRESS),
        _test("7z", "CPU benchmark", cpu, 300, packages={"apt": ["p7zip-full"]}, results=_7Z),
    ]


def builtin(now: float) -> list[Script]:
    """All builtin scripts with their identifiers, as created at ``now``."""
    scripts = [
        Script(
            id=0,
            name=name,
            title=name,
            description=description,
            tags=["commissioning", "node"],
            type=ScriptType.COMMISSIONING,
            timeout=300,
            default=True,
        )
        for name, description in COMMISSIONING
    ]
    scripts += [*_storage_tests(), *_compute_tests(), *_network_tests()]
    scripts.append(
        Script(
            id=0,
            name="wipe-disks",
            title="Wipe disks",
            description="Wipe all data from disks.",
            tags=["wipe", "storage"],
            type=ScriptType.RELEASE,
            destructive=True,
            default=True,
        )
    )
    for number, script in enumerate(scripts, 1):
        script.id = number
        text = f"#!/bin/sh\n# {script.name} of MAAS\n"
        script.history = [Revision(id=number, comment="Created by maas-3.7.3", created=now, script=text)]
    return scripts
