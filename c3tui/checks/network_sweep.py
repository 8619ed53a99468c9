"""Rules of who answers: an address that the plan gives out must belong to nobody yet."""

from ipaddress import IPv4Address

from c3tui.checks.catalogue import Known, Says, check
from c3tui.checks.network_servers import mac_key
from c3tui.model.addresses import Holdings
from c3tui.model.finding import Severity
from c3tui.model.fleet import Server, Stage
from c3tui.model.plan import Plan
from c3tui.model.reality import Answer, Sweep

NODES, PODS, VIP = "networks.cluster.nodes", "networks.cluster.pods.cidr", "networks.cluster.vip"


class Ours:
    """Which addresses our own servers may answer at."""

    def __init__(self, holdings: Holdings) -> None:
        deployed = [each for each in holdings.servers if each.stage.reached(Stage.DEPLOYING) and each.address]
        self.nodes: dict[str, Server] = {each.address: each for each in deployed}
        self.cluster = any(each.in_production or each.stage.reached(Stage.NODE) for each in deployed)
        self._pods = sorted(_ends(each.pod_range) for each in deployed if each.pod_range)

    def pod(self, address: IPv4Address) -> bool:
        """Whether a node that exists has it in its slice."""
        return any(first <= address <= last for first, last in self._pods)


def _ends(span: str) -> tuple[IPv4Address, IPv4Address]:
    first, _, last = span.partition("-")
    return IPv4Address(first), IPv4Address(last)


@check(
    "network.address-answers",
    step="network",
    needs="sweep",
    cause="somebody lives at an address that the plan gives to a node or to pods",
    remedy="Find the machine by its MAC on the switch and move it, or reserve its address in the plan",
)
def address_answers(plan: Plan, known: Known) -> Says:
    """Nothing but our own installed nodes and their pods may answer in the node range and the pod block."""
    ours, cluster = Ours(known.holdings or Holdings()), plan.networks.cluster
    for answer in _swept(known).answers:
        if answer.address in cluster.nodes and str(answer.address) not in ours.nodes:
            yield "site", f"{answer.address}, a node's, answers {_by(answer)}", (NODES,)
        elif answer.address in cluster.pods.cidr and not ours.pod(answer.address):
            yield "site", f"{answer.address}, a pod's, answers {_by(answer)}", (PODS,)


@check(
    "network.vip-answers",
    step="network",
    needs="sweep",
    cause="somebody lives at the address of the Kubernetes API, and there is no cluster yet",
    remedy="Choose an address that is free, or move the machine that has it",
)
def vip_answers(plan: Plan, known: Known) -> Says:
    """The API's address belongs to nobody until the cluster's own nodes announce it."""
    ours = Ours(known.holdings or Holdings())
    for answer in _swept(known).answers:
        if answer.address == plan.networks.cluster.vip and not ours.cluster:
            yield "site", f"the API address {answer.address} answers {_by(answer)}", (VIP,)


@check(
    "network.address-twice",
    step="network",
    needs="sweep",
    cause="two machines have one address: whoever is heard last gets the frames of both",
    remedy="Find both by their MAC on the switch, and take the address from the one that must not have it",
)
def address_twice(plan: Plan, known: Known) -> Says:
    """One address, one MAC; and that of an installed node is one of its own ports."""
    ours = Ours(known.holdings or Holdings())
    for answer in _swept(known).answers:
        owner = ours.nodes.get(str(answer.address))
        own = {mac_key(mac) for mac in owner.macs} if owner else set()
        if len(answer.macs) > 1:
            yield "site", f"{answer.address} answers {_by(answer)}", (NODES,)
        elif owner and own and answer.macs and mac_key(answer.macs[0]) not in own:
            message = f"{answer.address} of {owner.name} answers {_by(answer)}, which is none of its ports"
            yield "site", message, (NODES,)


@check(
    "network.not-swept",
    step="network",
    severity=Severity.INFO,
    needs="sweep",
    cause="some addresses could not be asked whether somebody has them: not tested is not free",
    remedy="Sweep from a host that is on the cluster L2, as root; or look at the ARP table of its gateway",
)
def not_swept(plan: Plan, known: Known) -> Says:
    """What a sweep could not ask."""
    for each in _swept(known).untested:
        yield "site", str(each), ()


def _swept(known: Known) -> Sweep:
    return known.sweep or Sweep()


def _by(answer: Answer) -> str:
    if answer.how == "own":
        return "here: it is this host's own"
    return f"from {' and '.join(answer.macs)}" if answer.macs else f"to {answer.how}"
