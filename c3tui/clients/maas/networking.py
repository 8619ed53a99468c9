"""MAAS's picture of the networks, and the bridge that a server gets in it before deployment."""

from ipaddress import IPv4Address, ip_address, ip_network

from c3tui.clients.maas.fields import as_list, as_object
from c3tui.clients.maas.inventory import Inventory
from c3tui.clients.maas.machine import Machine, Nic, parse_nic
from c3tui.clients.maas.site import (
    Fabric,
    IpRange,
    Subnet,
    Vlan,
    parse_fabric,
    parse_range,
    parse_subnet,
    parse_vlan,
)
from c3tui.clients.maas.status import EDITABLE
from c3tui.engine.errors import InputError, Refused


class Networking(Inventory):
    """Fabrics, VLANs, subnets, ranges and bridges."""

    async def fabrics(self) -> list[Fabric]:
        """All fabrics with their VLANs.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        raw = await self.wire.get("Fabrics.read")
        return [parse_fabric(one) for one in as_list(raw, "fabrics")]

    async def vlans(self) -> list[Vlan]:
        """All VLANs of all fabrics.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        return [vlan for fabric in await self.fabrics() for vlan in fabric.vlans]

    async def subnets(self) -> list[Subnet]:
        """All subnets.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        return [parse_subnet(one) for one in as_list(await self.wire.get("Subnets.read"), "subnets")]

    async def subnet(self, cidr: str) -> Subnet | None:
        """The subnet with that CIDR, or None.

        Raises:
            ValueError: it is no CIDR.
            PeerError: MAAS refuses or does not answer.
        """
        wanted = ip_network(cidr)
        return next((one for one in await self.subnets() if one.cidr == wanted), None)

    async def ranges(self) -> list[IpRange]:
        """All IP ranges, dynamic and reserved.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        return [parse_range(one) for one in as_list(await self.wire.get("IPRanges.read"), "IP ranges")]

    async def create_range(
        self, kind: str, start: IPv4Address | str, end: IPv4Address | str, subnet_id: int, comment: str = ""
    ) -> IpRange:
        """Make an IP range; one that is there with the same kind and ends is answered as it is.

        Args:
            kind: ``reserved`` or ``dynamic``.
            start: first address.
            end: last address, included.
            subnet_id: MAAS's number of the subnet.
            comment: whom it is for.

        Raises:
            ValueError: an end is no address.
            Refused: it overlaps another, or does not fit into the subnet.
            PeerError: MAAS does not answer.
        """
        first, last = ip_address(start), ip_address(end)
        for there in await self.ranges():
            if (there.kind, there.start, there.end, there.subnet_id) == (kind, first, last, subnet_id):
                return there
        form = {
            "type": kind,
            "start_ip": str(first),
            "end_ip": str(last),
            "subnet": subnet_id,
            "comment": comment,
        }
        raw = await self.wire.send("IPRanges.create", form, where=f"range {first}-{last}")
        return parse_range(as_object(raw, "IP range"))

    async def update_subnet(
        self,
        subnet_id: int,
        *,
        gateway: str | None = None,
        dns: list[str] | None = None,
        managed: bool | None = None,
    ) -> Subnet:
        """Change a subnet; None leaves a setting as it is, an empty gateway removes it.

        Raises:
            Refused: a value does not fit the subnet.
            PeerError: MAAS does not answer.
        """
        form = {
            "gateway_ip": gateway,
            "dns_servers": None if dns is None else " ".join(dns),
            "managed": managed,
        }
        raw = await self.wire.send("Subnet.update", form, uri={"id": subnet_id}, where=f"subnet {subnet_id}")
        return parse_subnet(as_object(raw, "subnet"))

    async def update_vlan(
        self,
        vlan: Vlan,
        *,
        dhcp_on: bool | None = None,
        primary_rack: str | None = None,
        mtu: int | None = None,
    ) -> Vlan:
        """Change a VLAN; None leaves a setting as it is.

        Raises:
            Refused: DHCP without a dynamic range or a rack controller, or another bad value.
            PeerError: MAAS does not answer.
        """
        raw = await self.wire.send(
            "Vlan.update",
            {"dhcp_on": dhcp_on, "primary_rack": primary_rack, "mtu": mtu},
            uri={"fabric_id": vlan.fabric_id, "vid": vlan.vid},
            where=f"VLAN {vlan.name}",
        )
        return parse_vlan(as_object(raw, "VLAN"))

    async def ensure_bridge(
        self,
        system_id: str,
        nic_mac: str,
        bridge: str,
        subnet_cidr: str,
        address: str,
        *,
        mtu: int | None = None,
    ) -> Nic:
        """Give a server a bridge over one port, with a static address and the default gateway on it.

        What is right already stays; a bridge of that name over another port is made anew.

        Args:
            system_id: a New, Ready, Allocated or Broken machine.
            nic_mac: the port.
            bridge: name of the bridge, at most 15 characters.
            subnet_cidr: a subnet that MAAS knows.
            address: the server's address on it.
            mtu: of the bridge; the VLAN's when None.

        Raises:
            InputError: the machine has no such port, or MAAS no such subnet.
            Refused: the machine's state forbids it, or the address is taken.
            PeerError: MAAS does not answer.
        """
        machine = await self.machine(system_id)
        port = machine.nic(nic_mac)
        subnet = await self.subnet(subnet_cidr)
        if port is None or subnet is None:
            raise _missing(machine, nic_mac if port is None else subnet_cidr, port is None)
        built = next((nic for nic in machine.nics if nic.name == bridge), None)
        if built and _is_right(built, port, subnet, address, mtu):
            return built
        if machine.status not in EDITABLE:
            raise Refused(
                f"its network cannot be changed while it is {machine.status_name}",
                where=machine.hostname,
                remedy="It must be New, Ready, Allocated or Broken.",
            )
        if built and not _is_over(built, port, subnet, mtu):
            await self.wire.send("Interface.delete", uri=_uri(machine, built), where=machine.hostname)
            built = None
        if built is None:
            built = await self._build(machine, port, bridge, subnet, mtu)
        return await self._link(machine, built, subnet, address)

    async def _build(self, machine: Machine, port: Nic, bridge: str, subnet: Subnet, mtu: int | None) -> Nic:
        if port.vlan_id != subnet.vlan.id:
            # A port that commissioning saw no DHCP on sits on a fabric of its own.
            await self.wire.send(
                "Interface.update",
                {"vlan": subnet.vlan.id},
                uri=_uri(machine, port),
                where=machine.hostname,
            )
        form = {
            "name": bridge,
            "parent": port.id,
            "mac_address": port.mac,
            "vlan": subnet.vlan.id,
            "bridge_type": "standard",
            "bridge_stp": False,
            "bridge_fd": 0,
            "mtu": mtu,
        }
        raw = await self.wire.send(
            "Interfaces.create_bridge", form, uri={"system_id": machine.system_id}, where=machine.hostname
        )
        return parse_nic(as_object(raw, "bridge"))

    async def _link(self, machine: Machine, built: Nic, subnet: Subnet, address: str) -> Nic:
        """Leave the bridge with exactly one configured link, the wanted one."""
        uri, where = _uri(machine, built), machine.hostname
        linked = _link_id(built, subnet, address)
        for link in built.links:
            # A link_up goes by itself as soon as there is an address.
            if link.id != linked and link.mode != "link_up":
                await self.wire.send("Interface.unlink_subnet", {"id": link.id}, uri=uri, where=where)
        if linked is None:
            form = {"mode": "STATIC", "subnet": subnet.id, "ip_address": address}
            gateway = {"default_gateway": True} if subnet.gateway else {}
            await self.wire.send("Interface.link_subnet", form | gateway, uri=uri, where=where)
        # Read back: MAAS answers some links with success and does not make them.
        raw = await self.wire.get("Interface.read", uri=uri, where=where)
        made = parse_nic(as_object(raw, "interface"))
        if _link_id(made, subnet, address) is None:
            raise Refused(f"MAAS did not give {built.name} the address {address}", where=where)
        return made


def _uri(machine: Machine, nic: Nic) -> dict[str, object]:
    return {"system_id": machine.system_id, "id": nic.id}


def _missing(machine: Machine, what: str, is_port: bool) -> InputError:
    if is_port:
        ports = ", ".join(machine.macs) or "none"
        return InputError(
            f"it has no network port {what}", where=machine.hostname, remedy=f"MAAS knows: {ports}."
        )
    return InputError(
        f"MAAS knows no subnet {what}", where="networks", remedy="Add it in MAAS, or correct the plan."
    )


def _is_over(built: Nic, port: Nic, subnet: Subnet, mtu: int | None) -> bool:
    return (
        built.type == "bridge"
        and built.parents == (port.name,)
        and built.vlan_id == subnet.vlan.id
        and mtu in (None, built.mtu)
    )


def _is_right(built: Nic, port: Nic, subnet: Subnet, address: str, mtu: int | None) -> bool:
    return (
        _is_over(built, port, subnet, mtu)
        and len(built.links) == 1
        and _link_id(built, subnet, address) is not None
    )


def _link_id(nic: Nic, subnet: Subnet, address: str) -> int | None:
    for link in nic.links:
        if link.mode == "static" and link.subnet_id == subnet.id and link.address == address:
            return link.id
    return None
