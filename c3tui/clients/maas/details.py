"""What MAAS's machine list lacks: memory modules, processors and LLDP neighbours, out of script outputs."""

from dataclasses import dataclass, field
from xml.etree import ElementTree

from c3tui.clients.maas.client import Maas
from c3tui.engine.errors import BadAnswer

LSHW, LLDP = "lshw", "lldp"
"""Parts of the names of MAAS's own commissioning scripts, which carried numbers in older versions."""


@dataclass(frozen=True)
class Module:
    """A memory module."""

    slot: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Details:
    """What the outputs of one commissioning say; None where the script did not pass."""

    commissioning: int
    modules: tuple[Module, ...] | None = None
    """Only occupied slots."""
    sockets: int = 0
    """Processors; 0 is unknown."""
    switches: dict[str, str] = field(default_factory=dict)
    """By network port: the name of the switch that LLDP heard."""


async def details(maas: Maas, system_id: str) -> Details | None:
    """The details of a machine's latest commissioning; None when there was none.

    Raises:
        BadAnswer: an output is not what it should be.
        PeerError: MAAS refuses or does not answer.
    """
    current = await maas.results(system_id, "current-commissioning")
    if current is None:
        return None
    modules, sockets, switches = None, 0, dict[str, str]()
    for row in current.rows:
        if not row.passed or not (LSHW in row.name or LLDP in row.name):
            continue
        output = await maas.output(system_id, current.id, row.id)
        if LSHW in row.name and output.strip():
            modules, sockets = parse_lshw(output)
        elif LLDP in row.name and output.strip():
            switches = parse_lldp(output)
    return Details(current.id, modules, sockets, switches)


def parse_lshw(output: bytes) -> tuple[tuple[Module, ...] | None, int]:
    """Memory modules (None when lshw tells of none) and the number of processors, from ``lshw -xml``.

    Raises:
        BadAnswer: it is no XML.
    """
    root = _xml(output, "lshw")
    banks = [node for node in root.iter("node") if _is_bank(node)]
    modules = [module for node in banks if (module := _module(node))]
    processors = [
        node
        for node in root.iter("node")
        if node.get("class") == "processor" and node.get("disabled") != "true"
    ]
    # A virtual machine has banks without slots: those cannot be told apart.
    slots = [each.slot for each in modules]
    known = bool(banks) and all(slots) and len(set(slots)) == len(slots)
    return (tuple(modules) if known else None), len(processors)


def _is_bank(node: ElementTree.Element) -> bool:
    return node.get("class") == "memory" and str(node.get("id", "")).partition(":")[0] == "bank"


def _module(node: ElementTree.Element) -> Module | None:
    size = node.findtext("size") or ""
    if not size.strip().isdigit() or int(size) == 0:
        return None
    return Module((node.findtext("slot") or "").strip(), int(size))


def parse_lldp(output: bytes) -> dict[str, str]:
    """The switch at each port, from ``lldpctl -f xml``: its name, or its id where it has none.

    Raises:
        BadAnswer: it is no XML.
    """
    found = {}
    for interface in _xml(output, "lldpd").iter("interface"):
        name, chassis = interface.get("name"), interface.find("chassis")
        if not name or chassis is None:
            continue
        switch = (chassis.findtext("name") or chassis.findtext("id") or "").strip()
        if switch:
            found[name] = switch
    return found


def _xml(output: bytes, what: str) -> ElementTree.Element:
    # MAAS's scripts print warnings before the document now and then.
    start = max(0, output.find(b"<"))
    try:
        return ElementTree.fromstring(output[start:])
    except ElementTree.ParseError as error:
        raise BadAnswer(
            f"the output of {what} is no XML ({error})",
            where="MAAS",
            remedy="Read it on the machine's commissioning page in MAAS, then commission it again",
        ) from error
