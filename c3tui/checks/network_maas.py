"""Rules of the plan against MAAS: what it lacks, has otherwise, or gives out where our own will live."""

from c3tui.checks.catalogue import Known, Says, check
from c3tui.model.finding import Severity
from c3tui.model.maasplan import OWN, Wanted, segments, wanted_ranges
from c3tui.model.plan import Plan
from c3tui.model.reality import Picture, RangeSeen


def _seen(known: Known) -> Picture:
    return known.maas or Picture()


@check(
    "network.maas-lacks-subnet",
    step="network",
    needs="maas",
    cause="MAAS has no subnet of the plan's CIDR, so it can neither boot nor install there",
    remedy="Create the subnet in MAAS, or correct the plan",
)
def lacks_subnet(plan: Plan, known: Known) -> Says:
    """MAAS must know the PXE and the cluster subnet; it may do without that of the BMCs."""
    for name, segment in segments(plan):
        if _seen(known).subnet(segment.cidr) is None:
            message = f"MAAS has no subnet {segment.cidr} ({name} network)"
            yield "site", message, (f"networks.{name.lower()}.cidr",)


@check(
    "network.maas-other-subnet",
    step="network",
    needs="maas",
    cause="MAAS has another subnet in the place of the plan's; it takes no two that overlap",
    remedy="Correct the subnet's CIDR in MAAS, or the plan",
)
def other_subnet(plan: Plan, known: Known) -> Says:
    """A subnet of another size is another subnet."""
    for name, segment in segments(plan):
        for each in _seen(known).subnets:
            if each.cidr != segment.cidr and each.cidr.overlaps(segment.cidr):
                message = f"MAAS has {each.cidr} where the {name} network {segment.cidr} is planned"
                yield "site", message, (f"networks.{name.lower()}.cidr",)


@check(
    "network.maas-lacks-vlan",
    step="network",
    needs="maas",
    cause="no fabric of MAAS has a VLAN with the plan's tag",
    remedy="Create the VLAN in the fabric that the rack controller is on, then the subnet in it",
)
def lacks_vlan(plan: Plan, known: Known) -> Says:
    """Asked only where the subnet is missing too: one that exists is on some VLAN."""
    seen = _seen(known)
    tags = {vlan.vid for vlan in seen.vlans}
    for name, segment in segments(plan):
        if segment.vlan not in tags and seen.subnet(segment.cidr) is None:
            message = f"MAAS has no VLAN {segment.vlan} ({name} network)"
            yield "site", message, (f"networks.{name.lower()}.vlan",)


@check(
    "network.maas-other-vlan",
    step="network",
    needs="maas",
    cause="a subnet is on another VLAN in MAAS than in the plan",
    remedy="Make the two agree",
)
def other_vlan(plan: Plan, known: Known) -> Says:
    """The tag is what the switch ports are set to."""
    for name, segment in segments(plan):
        subnet = _seen(known).subnet(segment.cidr)
        if subnet and subnet.vlan.vid != segment.vlan:
            message = f"{segment.cidr} is on VLAN {subnet.vlan.vid} in MAAS and {segment.vlan} in the plan"
            yield "site", message, (f"networks.{name.lower()}.vlan",)


@check(
    "network.maas-one-vlan",
    step="network",
    needs="maas",
    cause="PXE and cluster are one VLAN in MAAS: its DHCP would answer among the pods",
    remedy="Give the cluster subnet a VLAN or a fabric of its own in MAAS",
)
def maas_one_vlan(plan: Plan, known: Known) -> Says:
    """Tags alone do not tell: untagged is another VLAN in each fabric."""
    seen = _seen(known)
    pxe, cluster = (seen.subnet(segment.cidr) for _, segment in segments(plan))
    if pxe and cluster and pxe.vlan.id == cluster.vlan.id:
        message = (
            f"{pxe.cidr} and {cluster.cidr} are on one VLAN of MAAS, {pxe.vlan.vid} in {pxe.vlan.fabric}"
        )
        yield "site", message, ("networks.pxe.vlan", "networks.cluster.vlan")


@check(
    "network.maas-other-mtu",
    step="network",
    needs="maas",
    cause="MAAS gives servers another MTU than the plan: large packets vanish without a word",
    remedy="Set the VLAN's MTU in MAAS, or correct the plan",
)
def other_mtu(plan: Plan, known: Known) -> Says:
    """Bridges take the MTU of MAAS's VLAN."""
    for name, segment in segments(plan):
        subnet = _seen(known).subnet(segment.cidr)
        if subnet and subnet.vlan.mtu != segment.mtu:
            message = (
                f"{name} network {segment.cidr} has MTU {subnet.vlan.mtu} in MAAS, {segment.mtu} planned"
            )
            yield "site", message, (f"networks.{name.lower()}.mtu",)


@check(
    "network.maas-unmanaged",
    step="network",
    needs="maas",
    cause="in a subnet that is not managed, MAAS gives out the reserved ranges, and nothing else",
    remedy="Switch 'managed allocation' on for the subnet in MAAS",
)
def unmanaged(plan: Plan, known: Known) -> Says:
    """What C3 reserves would become what MAAS gives out (MAAS, 'About IP addresses')."""
    for name, segment in segments(plan):
        subnet = _seen(known).subnet(segment.cidr)
        if subnet and not subnet.managed:
            message = f"{name} subnet {subnet.cidr} is not managed by MAAS"
            yield "site", message, (f"networks.{name.lower()}.cidr",)


@check(
    "network.maas-no-dhcp",
    step="network",
    needs="maas",
    cause="MAAS serves no DHCP on the PXE network, so no server boots",
    remedy="Turn DHCP on for that VLAN in MAAS",
)
def no_dhcp(plan: Plan, known: Known) -> Says:
    """MAAS, and nobody else, serves DHCP where servers boot."""
    pxe = plan.networks.pxe
    subnet = _seen(known).subnet(pxe.cidr)
    if subnet and not subnet.vlan.dhcp:
        yield "site", f"MAAS serves no DHCP on the PXE network {pxe.cidr}", ("networks.pxe.cidr",)


@check(
    "network.maas-other-dhcp",
    step="network",
    needs="maas",
    cause="another DHCP server answers there: the commonest reason why a server never appears",
    remedy="Switch it off, or take it off that VLAN",
)
def other_dhcp(plan: Plan, known: Known) -> Says:
    """As MAAS's rack controller has heard it."""
    for name, segment in segments(plan):
        subnet = _seen(known).subnet(segment.cidr)
        if subnet and subnet.vlan.external_dhcp:
            message = f"MAAS hears a DHCP server at {subnet.vlan.external_dhcp} on the {name} network"
            yield "site", message, (f"networks.{name.lower()}.cidr",)


@check(
    "network.maas-dhcp-on-cluster",
    step="network",
    severity=Severity.WARNING,
    needs="maas",
    cause="MAAS serves DHCP on the cluster L2, where the plan has no leases",
    remedy="Turn it off for that VLAN, or give the leases a range in networks.cluster.dynamic",
)
def dhcp_on_cluster(plan: Plan, known: Known) -> Says:
    """Nodes and pods have fixed addresses; leases there are for others, and must be planned."""
    cluster = plan.networks.cluster
    subnet = _seen(known).subnet(cluster.cidr)
    if subnet and subnet.vlan.dhcp and cluster.dynamic is None:
        yield "site", f"MAAS serves DHCP on the cluster network {cluster.cidr}", ("networks.cluster.dynamic",)


def _clashes(plan: Plan, seen: Picture) -> list[tuple[RangeSeen, Wanted]]:
    found = []
    cidrs = {name: segment.cidr for name, segment in segments(plan)}
    for wanted in wanted_ranges(plan):
        if subnet := seen.subnet(cidrs[wanted.network]):
            found += [(each, wanted) for each in wanted.clashing(seen.ranges_on(subnet))]
    return found


@check(
    "network.maas-dynamic-range",
    step="network",
    needs="maas",
    cause="MAAS leases addresses that belong to nodes, pods, the API, other residents or BMCs",
    remedy="Move the dynamic range in MAAS, or change the plan",
)
def dynamic_range(plan: Plan, known: Known) -> Says:
    """No dynamic range where fixed addresses live."""
    seen = _seen(known)
    for each, wanted in _clashes(plan, seen):
        if each.kind == "dynamic" and wanted.kind == "reserved":
            yield "site", f"{each} lies across {wanted}", ()
    for each in (one for one in seen.ranges if one.kind == "dynamic"):
        for place, server in enumerate(plan.servers):
            if server.bmc.address in each.span:
                message = f"{each} has the BMC address {server.bmc.address} of {server.name} in it"
                yield "site", message, (f"servers.{place}.bmc.address",)


@check(
    "network.maas-foreign-range",
    step="network",
    needs="maas",
    cause="somebody else's range lies across one that C3 must make",
    remedy="It is not C3's, so it stays: move it in MAAS, or change the plan",
)
def foreign_range(plan: Plan, known: Known) -> Says:
    """Ranges of others are never touched; MAAS takes no two that overlap."""
    for each, wanted in _clashes(plan, _seen(known)):
        if each.kind == "reserved" or wanted.kind == "dynamic":
            yield "site", f"{each} lies across {wanted}", ()


@check(
    "network.maas-resident",
    step="network",
    severity=Severity.INFO,
    needs="maas",
    cause="MAAS has a range that the plan knows nothing of; it is left alone",
    remedy="Add it to networks.cluster.reserved, so that the plan knows this resident",
)
def resident(plan: Plan, known: Known) -> Says:
    """Ranges of others beside our own."""
    seen, wanted = _seen(known), wanted_ranges(plan)
    subnet = seen.subnet(plan.networks.cluster.cidr)
    for each in seen.ranges_on(subnet) if subnet else []:
        ours = [one for one in wanted if one.network == "cluster" and one.span.overlaps(each.span)]
        if not ours and not each.comment.startswith(OWN):
            yield "site", f"{each} is not in the plan", ("networks.cluster.reserved",)
