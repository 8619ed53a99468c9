"""The other ends a step talks to, opened once per engine and shared by all steps."""

from pathlib import Path

from c3tui.clients.bmc import BmcFleet, Target
from c3tui.clients.cluster import Cluster
from c3tui.clients.maas import Maas
from c3tui.clients.nodes import Shell, ensure_key
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


async def bmcs(site: Site, resources: Resources) -> BmcFleet:
    """The BMCs of the site, watched as the plan and the secrets say now."""

    async def opened() -> BmcFleet:
        fleet = BmcFleet(poll=site.plan.endpoints.bmc.poll)
        await fleet.start()
        return fleet

    fleet = await resources.get("bmc", opened)
    fleet.watch(targets(site))
    return fleet


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
