"""The other ends a step talks to, opened once per engine and shared by all steps."""

from pathlib import Path

from c3tui.clients.bmc import BmcFleet, Target
from c3tui.clients.cluster import Cluster
from c3tui.clients.maas import Maas, MachineWatch
from c3tui.clients.nodes import Shell, ensure_key
from c3tui.engine.errors import InputError
from c3tui.engine.resources import Resources
from c3tui.engine.site import Site
from c3tui.engine.step import Context


async def maas(ctx: Context) -> Maas:
    """The MAAS region of the site, as plan and secrets name it now.

    A step under way keeps the connection it has when they are read again.

    Raises:
        PeerError: it does not answer, or refuses the key.
    """
    endpoint, key = ctx.plan.endpoints.maas, ctx.site.secrets.maas_api_key
    name = f"maas {endpoint.url} {hash(key)}"
    return await ctx.resources.get(name, lambda: Maas.connect(str(endpoint.url), key))


async def machines(ctx: Context, region: Maas) -> MachineWatch:
    """The watch over the machines of a region, shared by all; it tells the run of ``ctx`` of its trouble."""

    async def opened() -> MachineWatch:
        return MachineWatch(region, ctx.plan.endpoints.maas.poll)

    watch = await ctx.resources.get("machines", opened)
    if watch.inventory is not region:
        # The plan names another region, or another key, than when it was opened.
        await ctx.resources.drop("machines")
        watch = await ctx.resources.get("machines", opened)
    watch.speak_to(ctx.run.id, lambda text: ctx.say(text, level="warning"))
    return watch


async def bmcs(site: Site, resources: Resources) -> BmcFleet:
    """The BMCs of the site, watched as the plan and the secrets say now."""

    async def opened() -> BmcFleet:
        fleet = BmcFleet(poll=site.plan.endpoints.bmc.poll, directory=site.files.directory / "bmc")
        await fleet.start()
        return fleet

    fleet = await resources.get("bmc", opened)
    guests = resources.peek(GUESTS)
    fleet.watch([*targets(site), *(guests.targets.values() if guests else ())])
    return fleet


GUESTS = "bmc guests"


class Guests:
    """BMCs that are spoken to for a while without being in the plan, by address."""

    def __init__(self) -> None:
        self.targets: dict[str, Target] = {}

    async def close(self) -> None:
        """Forget them."""
        self.targets.clear()


async def no_guests() -> Guests:
    """What a site begins with."""
    return Guests()


GUEST = "stray "


def guest(address: str) -> str:
    """The name under which the BMC of a stray is spoken to."""
    return f"{GUEST}{address}"


async def admit(site: Site, resources: Resources, name: str) -> None:
    """Speak to the BMC of a stray from now on, by the login given for its address, or by that of all.

    Raises:
        InputError: there is no login for it.
    """
    address = name.removeprefix(GUEST)
    login = site.secrets.bmc.of(address)
    if login is None:
        remedy = "Give its login: it is on its label"
        raise InputError("nobody gave a login for its BMC", where=address, remedy=remedy)
    guests = await resources.get(GUESTS, no_guests)
    port = site.plan.endpoints.bmc.port
    guests.targets[address] = Target(name, address, port, login.user, login.password)


def targets(site: Site) -> list[Target]:
    """Every BMC of the plan that somebody gave a login for."""
    found = []
    for server in site.plan.servers:
        if login := site.secrets.bmc.of(server.name):
            address, port = str(server.bmc.address), site.plan.endpoints.bmc.port
            found.append(Target(server.name, address, port, login.user, login.password))
    return found


def shell(site: Site) -> Shell:
    """SSH to the deployed servers, with the site's key and known hosts."""
    ssh = site.plan.endpoints.ssh
    return Shell(ssh.user, ssh.port, key_file(site), site.files.known_hosts)


def key_file(site: Site) -> Path:
    """The site's private SSH key; made when there is none yet."""
    path = site.files.resolve(site.plan.endpoints.ssh.key_file)
    ensure_key(path)
    return path


def kubeconfig(site: Site) -> Path:
    """Where the site keeps the new cluster's kubeconfig."""
    return site.files.resolve(site.plan.endpoints.kubernetes.kubeconfig)


async def cluster(ctx: Context) -> Cluster:
    """The new cluster.

    Raises:
        InputError: there is none yet.
        PeerError: its API does not answer, or refuses.
    """
    return await ctx.resources.get("cluster", lambda: Cluster.connect(kubeconfig(ctx.site)))
