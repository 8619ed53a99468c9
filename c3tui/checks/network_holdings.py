"""Rules of addresses already given: nobody is moved, and nobody gets what may still be another's."""

from c3tui.checks.catalogue import Known, Says, check
from c3tui.model.addresses import Holdings, assign, placements, with_carried
from c3tui.model.finding import Severity
from c3tui.model.fleet import Stage
from c3tui.model.network import room_for_nodes
from c3tui.model.plan import Plan

NODES, PODS = "networks.cluster.nodes", "networks.cluster.pods"


@check(
    "network.no-address",
    step="network",
    needs="holdings",
    cause="addresses of servers that left the plan are held for them, so new servers get none",
    remedy="Confirm with `c3tui release` which of those servers are gone for good, or widen the range",
)
def no_address(plan: Plan, known: Known) -> Says:
    """A freed index is not given to another name before its owner is confirmed gone."""
    holdings = known.holdings or Holdings()
    cluster, names = plan.networks.cluster, [server.name for server in plan.servers]
    room = room_for_nodes(cluster)
    if len(set(names)) > room:
        return
    bindings = with_carried(cluster, holdings)
    gone = sorted(each.id for each in bindings if each.held and each.id not in names)
    without = [name for name, index in assign(names, bindings).items() if index >= room]
    for name in without:
        yield "site", f"no address is free for {name}: {len(gone)} are held for {_few(gone)}", (NODES, PODS)


@check(
    "network.address-moved",
    step="network",
    needs="holdings",
    cause="the plan gives a server other addresses than those it runs with",
    remedy="Put start of the node range, pod block and node prefix back as they were; widen at the end only",
)
def address_moved(plan: Plan, known: Known) -> Says:
    """An address is bound to a name for ever: an edit must not move a server that has been installed."""
    holdings = known.holdings or Holdings()
    cluster, names = plan.networks.cluster, {server.name for server in plan.servers}
    indexes = assign([server.name for server in plan.servers], with_carried(cluster, holdings))
    placed = placements(cluster, indexes)
    for server in holdings.servers:
        if server.name not in names or not server.address or not server.stage.reached(Stage.DEPLOYED):
            continue
        planned = placed.get(server.name)
        if planned is None:
            yield "site", f"{server.name} has {server.address}, and the plan has none for it", (NODES, PODS)
        elif str(planned.address) != server.address:
            message = f"{server.name} has {server.address}, and the plan says {planned.address}"
            yield "site", message, (NODES,)
        elif server.pod_range and str(planned.pod_range) != server.pod_range:
            message = f"pods of {server.name} have {server.pod_range}, and the plan says {planned.pod_range}"
            yield "site", message, (PODS,)


@check(
    "network.address-held",
    step="network",
    severity=Severity.INFO,
    needs="holdings",
    cause="a server left the plan; should it come back to life, its addresses must still be its own",
    remedy="When it is gone for good, say so: c3tui release SITE SERVER",
)
def address_held(plan: Plan, known: Known) -> Says:
    """Addresses stay with a name until somebody confirms that the server is gone."""
    holdings = known.holdings or Holdings()
    names = {server.name for server in plan.servers}
    for each in with_carried(plan.networks.cluster, holdings):
        if each.held and each.id not in names:
            placed = placements(plan.networks.cluster, {each.id: each.index}).get(each.id)
            where = f"{placed.address} and pods {placed.pod_range}" if placed else f"index {each.index}"
            yield each.id, f"{where} are held for {each.id}, which left the plan", ()


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
