"""Brings one server from its box to READY."""

from c3tui.clients.bmc import BmcFleet
from c3tui.clients.maas import Maas, Machine, MachineWatch, Status
from c3tui.engine.errors import InputError, Refused, StepError, Unauthorised, Unreachable
from c3tui.engine.step import Context
from c3tui.model.base import utc_now
from c3tui.model.fleet import BmcState, Power, Stage
from c3tui.model.plan import ExpectedServer
from c3tui.steps import identity, inventory
from c3tui.steps.discovery.pace import Normal, Pace, span
from c3tui.steps.waiting import Silence, settled

COMMISSIONED = frozenset({Status.READY, Status.ALLOCATED, Status.DEPLOYED, Status.DEPLOYING, Status.TESTING})
PXE, COMMISSIONING = "booting from PXE", "commissioning"
USUAL = {PXE: Normal(180, 600), COMMISSIONING: Normal(300, 900)}
"""By experience: firmware, PXE and the ephemeral system; then inventory and reboot. In seconds."""


class Bring:
    """What is done with one server, from wherever it is now."""

    def __init__(self, ctx: Context, maas: Maas, fleet: BmcFleet, watch: MachineWatch) -> None:
        self._ctx = ctx
        self._maas = maas
        self._fleet = fleet
        self._watch = watch
        self.pace = Pace(USUAL)
        self.ready = 0
        """Servers brought to READY."""

    async def contact(self, name: str) -> None:
        """See that its BMC answers and lets us in.

        Raises:
            C3Error: it does not, and what to do.
        """
        expected = self._ctx.plan.expected(name)
        self._ctx.progress(name, "asking its BMC")
        if self._ctx.site.secrets.bmc.of(name) is None:
            raise InputError(
                "nobody gave a login for its BMC",
                where=f"{name} ({expected.bmc.address})",
                remedy="Give it with k or `c3tui credentials`, then run discovery again",
            )
        # Who runs this again says that something was mended, be it the password in the BMC itself.
        reading = await self._fleet.read(name, again=True)
        where = f"{name} (BMC {expected.bmc.address})"
        if reading.state is BmcState.WRONG_PASSWORD:
            remedy = "Give the login of its label with k or `c3tui credentials`, then run discovery again"
            raise Unauthorised("its BMC refuses the password", where=where, remedy=remedy)
        if reading.state is BmcState.NO_ANSWER:
            remedy = "Look at its IPMI cable, its power feed and the address in the plan"
            raise Unreachable("its BMC does not answer", where=where, remedy=remedy)
        if reading.state is not BmcState.OK:
            raise Refused(f"its BMC is {reading.state} {reading.detail}".strip(), where=where)
        self._ctx.progress(name, "its BMC answers", detail="waiting for its wave")

    async def one(self, name: str) -> None:
        """The whole way.

        Raises:
            C3Error: why it cannot go on, and what to do.
        """
        expected = self._ctx.plan.expected(name)
        try:
            system_id = self._watch.find(str(expected.bmc.address)) or await self._enlist(expected)
            machine = await self._adopt(expected, await self._machine(name, system_id))
            machine = await self._commission(name, machine)
            server = await inventory.take_in(self._ctx, self._maas, self._ctx.server(name), machine)
        finally:
            self.pace.drop(name)
        identity.compare(self._ctx, expected, server, machine)
        inventory.compare_bays(self._ctx, server)
        self._ctx.advance(name, Stage.READY)
        self._ctx.say(f"ready: {len(server.drives())} drives in {len(server.bays)} bays", name)
        self._ctx.progress(name, "ready", 1.0, ended=True)
        self.ready += 1

    async def _machine(self, name: str, system_id: str) -> Machine:
        """A machine as MAAS tells of it now; many are asked for together."""
        self._ctx.progress(name, "asking MAAS for it")
        limit = self._maas.wire.limits.full_list
        silence = Silence(self._ctx, name)
        machine = await self._watch.wait(system_id, lambda each: True, limit=limit, on_silence=silence)
        if machine is None:
            raise StepError("MAAS has just lost it", where=name, remedy="Run discovery again")
        return machine

    async def _enlist(self, expected: ExpectedServer) -> str:
        name, limit = expected.name, self._ctx.plan.discovery.enlist_timeout
        if self._ctx.server(name).in_production:
            raise Refused("it is in production and unknown to MAAS", where=name, remedy="Nothing was powered")
        power = (await self._fleet.read(name)).power
        if self._ctx.server(name).stage is Stage.POWERED and power is not Power.ON:
            # An earlier run powered it on: it went off enlisted, maybe after the look that is under way.
            await self._watch.look_around()
            if system_id := self._watch.find(str(expected.bmc.address)):
                return system_id
        waited = await self._power_on(name, power)
        self.pace.begin(name, PXE, waited)
        self._ctx.progress(name, PXE, detail=f"normal {self.pace.normal(PXE)}, then MAAS enlists it")
        system_id = await self._watch.appeared(
            str(expected.bmc.address), limit=max(0.0, limit - waited), on_silence=Silence(self._ctx, name)
        )
        if system_id is None:
            raise Unreachable(
                f"powered on {limit:.0f} s ago, and MAAS has not enlisted it",
                where=name,
                remedy="Look at its console: does it reach PXE, and is its port on the PXE network?",
            )
        self._ctx.say(f"enlisted {span(self.pace.end(name))} after power on", name)
        return system_id

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
        self._ctx.progress(name, "powering on")
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
        self._ctx.progress(expected.name, "enlisted", detail="naming it in MAAS")
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
        self.pace.begin(name, COMMISSIONING)

        def says(seen: Machine) -> tuple[str, str]:
            late = self.pace.late(name)
            return COMMISSIONING, "; ".join(part for part in (str(late or ""), seen.status_message) if part)

        machine = await settled(
            self._ctx, self._maas, name, machine.system_id, limit=limit, good=COMMISSIONED, says=says
        )
        self._ctx.say(f"commissioned in {span(self.pace.end(name))}", name)
        return machine
