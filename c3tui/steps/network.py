"""Network: the address plan checked, every server bound to its addresses, and MAAS told about both."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
from c3tui.checks.catalogue import Known, judge, speaking
from c3tui.clients.maas import IpRange, Maas, Subnet, Vlan
from c3tui.engine.errors import StepError
from c3tui.engine.step import Checked, Context, Step
from c3tui.model.maasplan import OWN, Change, changes
from c3tui.model.network import AddressRange
from c3tui.model.reality import Picture, RangeSeen, SubnetSeen, VlanSeen
from c3tui.steps import addresses, peers
from c3tui.steps.sweep import remembered


class Network(Step):
    """The flat L2 thought through, and MAAS kept off its addresses."""

    id = "network"
    title = "Network plan"
    uses = ("networks", "racks", "servers", "kubernetes")

    async def check(self, ctx: Context) -> Checked:
        """The rules over the plan and the record, then the plan against what MAAS has."""
        known = Known(holdings=addresses.holdings(ctx.store), sweep=remembered(ctx.store))
        said = judge(ctx.plan, self.id, known)
        # Recorded first: the plan's own faults are told even where MAAS does not answer.
        ctx.findings_now(speaking(self.id, known), said)
        picture = await look(await peers.maas(ctx))
        known = replace(known, maas=picture)
        said = judge(ctx.plan, self.id, known)
        ctx.findings_now(speaking(self.id, known), said)
        new = list(addresses.unbound(ctx))
        missing = [str(each) for each in changes(ctx.plan, picture)] + _to_bind(new)
        total = len(ctx.plan.servers)
        summary = f"{total - len(new)} of {total} servers have addresses"
        return Checked(not missing, summary if missing else f"{summary}, MAAS is as planned", missing, said)

    async def run(self, ctx: Context) -> str:
        """Make the changes in MAAS, one by one, then bind servers to their addresses.

        Ranges of others are never touched.
        """
        maas = await peers.maas(ctx)
        todo = changes(ctx.plan, await look(maas))
        for done, each in enumerate(todo):
            ctx.overall(str(each), done / len(todo))
            await _apply(maas, each)
            ctx.touched()
            ctx.save(note="MAAS changed", change=each.what, subnet=str(each.subnet.cidr), did=str(each))
            ctx.say(str(each))
        left = [str(each) for each in changes(ctx.plan, await look(maas))] if todo else []
        if left:
            raise StepError("MAAS took a change and has not made it", where=left[0], remedy="Look at MAAS")
        bound = addresses.bind(ctx)
        if bound:
            ctx.touched()
        return f"{len(todo)} changes in MAAS, {bound} servers bound to their addresses"


async def look(maas: Maas) -> Picture:
    """What MAAS has of IPv4 networks.

    Raises:
        PeerError: it does not answer, or refuses.
    """
    fabrics = {each.id: each for each in await maas.fabrics()}
    names = {number: fabric.name for number, fabric in fabrics.items()}
    vlans = {vlan.id: _vlan(vlan, names) for fabric in fabrics.values() for vlan in fabric.vlans}
    return Picture(
        vlans=tuple(vlans.values()),
        subnets=tuple(seen for each in await maas.subnets() if (seen := _subnet(each, names))),
        ranges=tuple(one for each in await maas.ranges() if (one := _range(each))),
    )


def _vlan(vlan: Vlan, fabrics: dict[int, str]) -> VlanSeen:
    fabric = fabrics.get(vlan.fabric_id, f"fabric {vlan.fabric_id}")
    return VlanSeen(vlan.id, fabric, vlan.vid, vlan.mtu, vlan.dhcp_on, vlan.external_dhcp)


def _subnet(subnet: Subnet, fabrics: dict[int, str]) -> SubnetSeen | None:
    if not isinstance(subnet.cidr, IPv4Network):
        return None
    gateway = subnet.gateway if isinstance(subnet.gateway, IPv4Address) else None
    vlan = _vlan(subnet.vlan, fabrics)
    return SubnetSeen(subnet.id, subnet.cidr, vlan, gateway, subnet.dns, subnet.managed)


def _range(each: IpRange) -> RangeSeen | None:
    if not isinstance(each.start, IPv4Address) or not isinstance(each.end, IPv4Address):
        return None
    span = AddressRange(start=each.start, end=each.end)
    return RangeSeen(each.id, each.kind, span, each.subnet_id, each.comment)


async def _apply(maas: Maas, change: Change) -> None:
    subnet = change.subnet.id
    if change.what == "gateway":
        await maas.update_subnet(subnet, gateway=change.values[0])
    elif change.what == "dns":
        await maas.update_subnet(subnet, dns=list(change.values))
    elif change.wanted and change.span:
        comment = f"{OWN}{change.wanted.purpose}"
        await maas.create_range(change.wanted.kind, change.span.start, change.span.end, subnet, comment)


def _to_bind(names: list[str]) -> list[str]:
    """One line for all servers that get their addresses for ever."""
    if not names:
        return []
    few = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return [f"bind addresses to {few}"]
