"""Links between an interface and a subnet: which are allowed, and what they replace."""

from ipaddress import AddressValueError, IPv4Address, IPv4Network

from c3tui.lab.maas.database import children_of
from c3tui.lab.maas.handlers.subnets import find_subnet
from c3tui.lab.maas.records import Interface, Link, Machine, Subnet
from c3tui.lab.maas.wire import ApiError, Call, invalid

_MODES = ("auto", "dhcp", "static", "link_up")
_REQUIRED = "This field is required."
_OTHERS = (
    "Cannot configure interface to link up (with no IP address) while other links are already configured. "
    "Specify force=True to override this behavior and delete all links."
)


def add_link(call: Call, machine: Machine, nic: Interface) -> None:
    """Link as the form says.

    Raises:
        ApiError: 400 for a bad form; 404 for an address in use, as MAAS has it.
    """
    mode = call.form.get("mode").lower()
    if not mode:
        raise invalid("mode", _REQUIRED)
    if mode not in _MODES:
        listed = ", ".join(f"'{each}'" for each in _MODES)
        raise invalid("mode", f"'{mode}' is not a valid mode.  It should be one of: {listed}.")
    subnet = _subnet(call, nic, mode)
    if mode == "link_up":
        if any(link.mode != "link_up" for link in nic.links) and not call.form.truth("force"):
            raise invalid("mode", _OTHERS)
        nic.links = []
    address = _address(call, subnet) if mode == "static" and subnet else ""
    if children_of(machine, nic):
        # Accepted, and not there: the bridge above owns the addresses.
        return
    if subnet and nic.vlan_id is None:
        nic.vlan_id = subnet.vlan_id
    nic.links = [link for link in nic.links if link.mode != "link_up"]
    nic.links.append(
        Link(
            id=call.region.db.next_id("links"),
            mode=mode,
            subnet_id=subnet.id if subnet else None,
            ip=address,
        )
    )


def _subnet(call: Call, nic: Interface, mode: str) -> Subnet | None:
    wanted = call.form.get("subnet")
    subnet = find_subnet(call.region.db, wanted) if wanted else None
    if subnet is None:
        if wanted:
            raise invalid("subnet", f"None found with id={wanted}.", _REQUIRED)
        if mode in ("auto", "static"):
            raise invalid("subnet", _REQUIRED)
        return None
    if nic.vlan_id is not None and subnet.vlan_id != nic.vlan_id:
        text = "Select a valid choice. That choice is not one of the available choices."
        raise invalid("subnet", text)
    return subnet


def _address(call: Call, subnet: Subnet) -> str:
    db, text = call.region.db, call.form.get("ip_address")
    if not text:
        address = db.free_address(subnet)
        if address is None:
            raise ApiError(503, f"No more IPs available in subnet: {subnet.cidr}.")
        return address
    try:
        wanted = IPv4Address(text)
    except AddressValueError:
        raise invalid("ip_address", "Enter a valid IPv4 or IPv6 address.") from None
    if wanted not in IPv4Network(subnet.cidr):
        vid = db.vlans[subnet.vlan_id].vid
        name = f"{subnet.name}:{subnet.cidr}(vid={vid})"
        raise invalid("ip_address", f"IP address is not in the given subnet '{name}'.")
    for each in db.ranges_of(subnet):
        inside = IPv4Address(each.start) <= wanted <= IPv4Address(each.end)
        if each.type == "dynamic" and inside:
            raise invalid("ip_address", f"IP address is inside a dynamic range {each.start} to {each.end}.")
    if text in db.used_addresses(subnet):
        raise ApiError(404, "IP address is already in use.")
    return text
