"""Deploy: MAAS installs the operating system on every accepted server; data drives stay untouched."""

import asyncio
import time

from c3tui.clients.maas import Maas, Machine, Nic, Status
from c3tui.clients.nodes import ensure_key
from c3tui.engine.errors import PeerError, Refused, StepError, Unreachable
from c3tui.engine.step import Checked, Context, Step
from c3tui.model.fleet import Stage, TestState, Use, bay_id
from c3tui.steps import addresses, peers
from c3tui.steps.waiting import settled

FAILED = "deploy.failed"
SSH_SECONDS = 300.0
"""From MAAS saying Deployed to SSH answering, at most."""


class Deploy(Step):
    """An operating system on every accepted server, with its address on the cluster L2."""

    id = "deploy"
    title = "OS deployment"
    needs = ("hardware",)
    uses = ("os", "networks")

    async def check(self, ctx: Context) -> Checked:
        """Which tested servers have no system yet."""
        fleet = ctx.servers(Stage.TESTED)
        left = [server.name for server in fleet if not server.stage.reached(Stage.DEPLOYED)]
        system = f"{ctx.plan.os.osystem}/{ctx.plan.os.distro_series}"
        summary = f"{system} on {len(fleet) - len(left)} of {len(fleet)} servers"
        if not fleet:
            return Checked(False, "no server is tested", ["wait for the hardware tests"])
        return Checked(not left, summary, [f"install {system} on {name}" for name in left])

    async def destroys(self, ctx: Context) -> list[str]:
        """The system drives that are overwritten."""
        lost = []
        for server in ctx.servers(Stage.TESTED):
            if server.stage.reached(Stage.DEPLOYED):
                continue
            for bay, drive in server.drives(Use.SYSTEM):
                lost.append(
                    f"{bay_id(server.name, bay.slot)} {drive.model} {drive.serial}: all that is on it"
                )
        return lost

    async def run(self, ctx: Context) -> str:
        """Deploy by waves; a server that fails is left behind and tried again by the next run."""
        maas = await peers.maas(ctx)
        await self._refuse_without_image(ctx, maas)
        await maas.ensure_ssh_key(ensure_key(peers.key_file(ctx.site)))
        left = [s.name for s in ctx.servers(Stage.TESTED) if not s.stage.reached(Stage.DEPLOYED)]
        if not left:
            raise StepError("no server is tested", where=self.id, remedy="Run the hardware tests first")
        ctx.overall("installing", waiting=left)
        install = Install(ctx, maas)
        await ctx.each(left, install.one, limit=ctx.plan.os.wave, check=FAILED)
        if {victim.server for victim in ctx.run.victims} >= set(left):
            raise StepError("no server could be installed", remedy="See each server's trouble in the table")
        return (await self.check(ctx)).summary

    async def _refuse_without_image(self, ctx: Context, maas: Maas) -> None:
        wanted = f"{ctx.plan.os.osystem}/{ctx.plan.os.distro_series}"
        names = {image.name for image in await maas.boot_images()}
        if wanted not in names:
            raise StepError(
                f"MAAS has no image {wanted}",
                where="os.distro_series",
                remedy=f"Import it in MAAS, or choose one it has: {', '.join(sorted(names)) or 'none'}",
            )


class Install:
    """Installs one server."""

    def __init__(self, ctx: Context, maas: Maas) -> None:
        self._ctx = ctx
        self._maas = maas

    async def one(self, name: str) -> None:
        """From tested to an SSH login that works.

        Raises:
            C3Error: why it cannot go on.
        """
        ctx, server = self._ctx, self._ctx.server(name)
        if server.in_production:
            raise Refused("it is in production", where=name, remedy="Nothing was installed")
        machine = await self._maas.machine(server.system_id)
        address = addresses.of(ctx, name)
        if machine.status in (Status.FAILED_DEPLOYMENT, Status.ALLOCATED):
            await self._maas.release(machine.system_id, "C3 deploys it again")
            machine = await settled(
                ctx, self._maas, name, machine.system_id, limit=ctx.plan.os.timeout, good=(Status.READY,)
            )
        if machine.status == Status.FAILED_TESTING:
            await self._maas.override_failed_testing(machine.system_id, "accepted drive by drive in C3")
        if machine.status not in (Status.DEPLOYING, Status.DEPLOYED):
            await self._start(name, machine, str(address.address))
        ctx.advance(name, Stage.DEPLOYING, address=str(address.address), pod_range=str(address.pod_range))
        await settled(
            ctx, self._maas, name, machine.system_id, limit=ctx.plan.os.timeout, good=(Status.DEPLOYED,)
        )
        await self._login(name, str(address.address))
        await self._verify(name, str(address.address))
        ctx.advance(name, Stage.DEPLOYED)
        ctx.say(f"deployed, answers SSH at {address.address}", name)
        ctx.progress(name, "deployed", 1.0, ended=True)

    async def _start(self, name: str, machine: Machine, address: str) -> None:
        cluster, os = self._ctx.plan.networks.cluster, self._ctx.plan.os
        self._ctx.progress(name, "configuring its network in MAAS")
        await self._maas.ensure_bridge(
            machine.system_id, cluster_nic(machine).mac, cluster.bridge, str(cluster.cidr), address
        )
        # A new system has a new host key: what was known of this address is void.
        peers.shell(self._ctx.site).forget(address)
        await self._maas.deploy(
            machine.system_id,
            osystem=os.osystem,
            distro_series=os.distro_series,
            kernel=os.kernel,
            comment=f"C3 site {self._ctx.plan.site.name}",
        )
        self._ctx.touched()
        self._ctx.say(f"installing {os.osystem}/{os.distro_series}, {cluster.bridge} will be {address}", name)

    async def _login(self, name: str, address: str) -> None:
        """Wait for SSH; the host key of a system we have just installed is trusted once, and recorded."""
        ctx, shell = self._ctx, peers.shell(self._ctx.site)
        deadline = time.monotonic() + SSH_SECONDS
        while True:
            ctx.progress(name, "waiting for its SSH", detail=address)
            try:
                fingerprint = await shell.trust(address)
                ctx.save(note="host key trusted", subject=name, fingerprint=fingerprint, address=address)
                done = await shell.run(address, "hostname")
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(min(2.0, ctx.plan.endpoints.maas.poll))
                continue
            if done.stdout.strip() != name:
                raise StepError(
                    f"the system at {address} calls itself {done.stdout.strip()!r}",
                    where=name,
                    remedy="Is the address taken by another machine?",
                )
            return

    async def _verify(self, name: str, address: str) -> None:
        """Data drives must be as empty as they were: nothing mounted, no file system."""
        ctx, server = self._ctx, self._ctx.server(name)
        try:
            devices = await peers.shell(ctx.site).inventory(address)
        except PeerError as error:
            raise StepError(f"cannot read its drives: {error.what}", where=name) from error
        drives = {device.serial: device for device in devices if device.serial and not device.parent}
        parents = {device.parent for device in devices if device.parent}
        for bay, drive in server.drives(Use.DATA):
            device = drives.get(drive.serial)
            if device is None and drive.test is not TestState.FAILED:
                raise StepError(
                    f"{bay_id(name, bay.slot)} {drive.serial} is not seen by the installed system",
                    where=name,
                    remedy="Was it pulled? Run discovery again, then deploy",
                )
            if device and (device.mountpoints or device.fstype or device.name in parents):
                raise StepError(
                    f"data drive {drive.serial} in bay {bay.slot} holds {device.fstype or 'partitions'}",
                    where=name,
                    remedy="C3 never wipes what it was not told to: empty it, or take it out of the plan",
                )


def cluster_nic(machine: Machine) -> Nic:
    """The port that carries the cluster L2: the fastest one that is not the PXE port, else that one.

    Raises:
        Refused: MAAS knows no port of the machine.
    """
    ports = [nic for nic in machine.nics if nic.type == "physical"]
    if not ports:
        raise Refused("MAAS knows no network port", where=machine.hostname, remedy="Commission it again")
    others = [nic for nic in ports if nic.mac != machine.boot_mac and nic.connected]
    return max(others or ports, key=lambda nic: nic.speed)
