"""Discovery: bare servers powered on through their BMCs, enlisted and commissioned by MAAS."""

import asyncio
import time
from importlib.resources import as_file, files

from c3tui.checks.profile import lacks
from c3tui.clients.bmc import BmcFleet
from c3tui.clients.maas import Maas, Machine, Status
from c3tui.engine.errors import C3Error, InputError, PeerError, Refused, StepError, Unauthorised, Unreachable
from c3tui.engine.step import Checked, Context, Step
from c3tui.model.base import utc_now
from c3tui.model.finding import Finding, Severity, finding
from c3tui.model.fleet import BmcState, Power, Server, Stage
from c3tui.model.plan import ExpectedServer
from c3tui.steps import inventory, peers
from c3tui.steps.waiting import settled

COMMISSIONED = frozenset({Status.READY, Status.ALLOCATED, Status.DEPLOYED, Status.DEPLOYING, Status.TESTING})
FAILED = "discovery.failed"
WRONG_SERIAL = "discovery.other-serial"
BELOW_PROFILE = "discovery.below-profile"


class Discovery(Step):
    """Finds every expected server and learns what is in it."""

    id = "discovery"
    title = "Discovery"
    needs = ("network",)
    uses = ("servers", "endpoints")

    async def check(self, ctx: Context) -> Checked:
        """Which expected servers MAAS does not have ready yet."""
        maas = await peers.maas(ctx)
        await peers.bmcs(ctx.site, ctx.resources)
        left = [server.name for server in ctx.servers() if not server.stage.reached(Stage.READY)]
        total = len(ctx.plan.servers)
        found = [] if await maas.boot_images() else [self._no_images()]
        ctx.findings_now(("discovery.no-images",), found)
        summary = f"{total - len(left)} of {total} servers commissioned"
        return Checked(not left, summary, [f"power on and commission {name}" for name in left], found)

    def _no_images(self) -> Finding:
        return finding(
            "discovery.no-images",
            "site",
            self.id,
            Severity.CRITICAL,
            "MAAS has no boot images, so nothing can boot from it",
            "Import the commissioning images in MAAS",
        )

    async def run(self, ctx: Context) -> str:
        """Bring every server that is not ready yet to READY, side by side."""
        maas = await peers.maas(ctx)
        fleet = await peers.bmcs(ctx.site, ctx.resources)
        for script in ("c3-bays", "c3-smart"):
            with as_file(files("assets") / "maas-scripts" / script) as path:
                await maas.ensure_script(path)
        left = [server.name for server in ctx.servers() if not server.stage.reached(Stage.READY)]
        finder = Finder(ctx, maas)
        bring = Bring(ctx, maas, fleet, finder)
        try:
            await ctx.each(left, bring.one, limit=ctx.plan.discovery.wave, check=FAILED)
        finally:
            await finder.close()
        lost = {victim.server for victim in ctx.run.victims}
        if len(lost) == len(ctx.plan.servers):
            raise StepError(
                "not one server could be commissioned", remedy="See each server's trouble in the table"
            )
        return f"{len(ctx.plan.servers) - len(lost)} of {len(ctx.plan.servers)} servers commissioned"


class Finder:
    """Finds expected servers among MAAS's machines by the address of their BMC; asks MAAS once for all."""

    def __init__(self, ctx: Context, maas: Maas) -> None:
        self._ctx = ctx
        self._maas = maas
        self._by_address: dict[str, str] = {}
        self._fresh = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._error: C3Error | None = None

    def find(self, address: str) -> str | None:
        """The system id of the machine with that BMC, as of the last look."""
        return self._by_address.get(address)

    async def look(self) -> None:
        """Wait for the next look at MAAS.

        Raises:
            PeerError: MAAS cannot be asked.
        """
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._watch())
        async with self._fresh:
            await self._fresh.wait()
        if self._error:
            raise self._error

    async def close(self) -> None:
        """Stop looking."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            self._error = None
            try:
                self._by_address = await self._maas.power_addresses()
            except PeerError as error:
                self._error = error
            async with self._fresh:
                self._fresh.notify_all()
            await asyncio.sleep(self._ctx.plan.endpoints.maas.poll)


class Bring:
    """Brings one server from its box to READY."""

    def __init__(self, ctx: Context, maas: Maas, fleet: BmcFleet, finder: Finder) -> None:
        self._ctx = ctx
        self._maas = maas
        self._fleet = fleet
        self._finder = finder

    async def one(self, name: str) -> None:
        """The whole way, from wherever the server is now.

        Raises:
            C3Error: why it cannot go on, and what to do.
        """
        expected = self._ctx.plan.expected(name)
        await self._contact(expected)
        await self._finder.look()
        system_id = self._finder.find(str(expected.bmc.address)) or await self._enlist(expected)
        machine = await self._adopt(expected, await self._maas.machine(system_id))
        machine = await self._commission(name, machine)
        server = await inventory.take_in(self._ctx, self._maas, self._ctx.server(name), machine)
        self._compare(expected, server)
        self._ctx.advance(name, Stage.READY)
        self._ctx.say(f"ready: {len(server.drives())} drives in {len(server.bays)} bays", name)
        self._ctx.progress(name, "ready", 1.0, ended=True)

    async def _contact(self, expected: ExpectedServer) -> None:
        name = expected.name
        self._ctx.progress(name, "asking its BMC")
        if self._ctx.site.secrets.bmc.of(name) is None:
            raise InputError(
                "nobody gave a login for its BMC",
                where=f"{name} ({expected.bmc.address})",
                remedy="Write it into secrets.yaml under bmc, then run discovery again",
            )
        # Who runs this again says that something was mended, be it the password in the BMC itself.
        reading = await self._fleet.read(name, again=True)
        where = f"{name} (BMC {expected.bmc.address})"
        if reading.state is BmcState.WRONG_PASSWORD:
            remedy = (
                "Correct its login in secrets.yaml (labels carry unique passwords), then run discovery again"
            )
            raise Unauthorised("its BMC refuses the password", where=where, remedy=remedy)
        if reading.state is BmcState.NO_ANSWER:
            remedy = "Look at its IPMI cable, its power feed and the address in the plan"
            raise Unreachable("its BMC does not answer", where=where, remedy=remedy)
        if reading.state is not BmcState.OK:
            raise Refused(f"its BMC is {reading.state} {reading.detail}".strip(), where=where)

    async def _enlist(self, expected: ExpectedServer) -> str:
        name, limit = expected.name, self._ctx.plan.discovery.enlist_timeout
        if self._ctx.server(name).in_production:
            raise Refused("it is in production and unknown to MAAS", where=name, remedy="Nothing was powered")
        power = (await self._fleet.read(name)).power
        if self._ctx.server(name).stage is Stage.POWERED and power is not Power.ON:
            # An earlier run powered it on: it went off enlisted, maybe after the look that is under way.
            for _ in range(2):
                await self._finder.look()
            if system_id := self._finder.find(str(expected.bmc.address)):
                return system_id
        waited = await self._power_on(name, power)
        deadline = time.monotonic() + limit - waited
        while time.monotonic() < deadline:
            self._ctx.progress(name, "waiting for MAAS to enlist it", detail=f"at most {limit:.0f} s")
            await self._finder.look()
            if system_id := self._finder.find(str(expected.bmc.address)):
                return system_id
        raise Unreachable(
            f"powered on {limit:.0f} s ago, and MAAS has not enlisted it",
            where=name,
            remedy="Look at its console: does it reach PXE, and is its port on the PXE network?",
        )

    async def _power_on(self, name: str, power: Power | None) -> float:
        """Boot from the network; one that an earlier run has booted a while ago is left to go on.

        Returns:
            Seconds since it was powered on.
        """
        server = self._ctx.server(name)
        if server.stage is Stage.POWERED and server.seen_at and power is Power.ON:
            waited = (utc_now() - server.seen_at).total_seconds()
            if waited < self._ctx.plan.discovery.enlist_timeout:
                self._ctx.say(f"powered on {waited:.0f} s ago, still booting from PXE", name)
                return waited
        await self._fleet.boot_pxe(name)
        if power is Power.ON:
            await self._fleet.power_cycle(name)
        else:
            await self._fleet.power(name, True)
        self._ctx.touched()
        self._ctx.advance(name, Stage.POWERED)
        self._ctx.say("powered on, booting from PXE", name)
        return 0.0

    async def _adopt(self, expected: ExpectedServer, machine: Machine) -> Machine:
        """Give MAAS the server's name and its BMC's login."""
        self._ctx.advance(expected.name, Stage.ENLISTED, system_id=machine.system_id)
        if machine.status in COMMISSIONED or machine.status == Status.COMMISSIONING:
            return machine
        login = self._ctx.site.secrets.bmc.of(expected.name)
        assert login is not None
        self._ctx.progress(expected.name, "naming it in MAAS")
        await self._maas.set_power_ipmi(
            machine.system_id, str(expected.bmc.address), login.user, login.password
        )
        self._ctx.touched()
        return await self._maas.rename(machine.system_id, expected.name)

    async def _commission(self, name: str, machine: Machine) -> Machine:
        limit = self._ctx.plan.discovery.commission_timeout
        if machine.status in COMMISSIONED:
            return machine
        if machine.status != Status.COMMISSIONING:
            if machine.status == Status.FAILED_TESTING:
                await self._maas.override_failed_testing(machine.system_id, "C3 reads the inventory again")
            await self._maas.commission(machine.system_id, commissioning_scripts=["c3-bays"], testing="none")
            self._ctx.touched()
        self._ctx.advance(name, Stage.COMMISSIONING)
        self._ctx.progress(name, "commissioning", detail="normally 5 to 15 minutes")
        return await settled(self._ctx, self._maas, name, machine.system_id, limit=limit, good=COMMISSIONED)

    def _compare(self, expected: ExpectedServer, server: Server) -> None:
        """Say where the server is another one than the plan expects, or less of one."""
        name, serial = server.name, expected.serial
        other = serial and server.serial and serial != server.serial
        message = f"the plan expects serial {serial} here, MAAS found {server.serial}"
        remedy = "Is it in the right rack unit? Correct the plan, or move the server"
        self._say(WRONG_SERIAL, name, message if other else "", remedy)
        profile = self._ctx.plan.hardware.profiles.get(expected.profile)
        short = lacks(server, profile) if profile else [f"the plan has no profile {expected.profile!r}"]
        message = f"less than its profile {expected.profile}: {', '.join(short)}" if short else ""
        self._say(
            BELOW_PROFILE, name, message, "Look for unseated parts; correct hardware.profiles if it is right"
        )

    def _say(self, check: str, name: str, message: str, remedy: str) -> None:
        if message:
            self._ctx.find(finding(check, name, Discovery.id, Severity.WARNING, message, remedy))
        else:
            self._ctx.fixed(check, name)
