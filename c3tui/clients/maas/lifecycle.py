"""Takes machines from state to state: power login, name, commissioning, deployment, release, repair."""

import asyncio
from base64 import b64encode
from collections.abc import Collection
from typing import Literal

from pydantic import SecretStr

from c3tui.clients.maas.answers import Denied, NoAnswer
from c3tui.clients.maas.fields import as_object, text
from c3tui.clients.maas.inventory import Inventory
from c3tui.clients.maas.machine import Machine
from c3tui.clients.maas.status import Status
from c3tui.clients.maas.wire import Data
from c3tui.engine.errors import BadAnswer, PeerError, Refused

PowerDriver = Literal["LAN", "LAN_2_0"]
Privilege = Literal["OPERATOR", "ADMIN", "USER"]

_GOING_TO_DEPLOY = frozenset({Status.DEPLOYING, Status.DEPLOYED})
_LET_GO = frozenset({Status.RELEASING, Status.DISK_ERASING, Status.READY, Status.NEW})


class Lifecycle(Inventory):
    """What is done with a whole machine."""

    async def set_power_ipmi(
        self,
        system_id: str,
        address: str,
        user: str,
        password: SecretStr,
        *,
        driver: PowerDriver = "LAN_2_0",
        cipher: str = "3",
        privilege: Privilege = "OPERATOR",
    ) -> Machine:
        """Tell MAAS how to power the machine; MAAS does not try it now, see `query_power`.

        Raises:
            Refused: MAAS refuses, for one when another machine has the same address and login.
            PeerError: MAAS does not answer.
        """
        return await self._update(
            system_id,
            {
                "power_type": "ipmi",
                "power_parameters_power_address": address,
                "power_parameters_power_user": user,
                "power_parameters_power_pass": password.get_secret_value(),
                "power_parameters_power_driver": driver,
                "power_parameters_cipher_suite_id": cipher,
                "power_parameters_privilege_level": privilege,
            },
        )

    async def rename(self, system_id: str, hostname: str, description: str | None = None) -> Machine:
        """Give the machine its host name, and a description unless None.

        Raises:
            Refused: the name is taken or no host name.
            PeerError: MAAS does not answer.
        """
        return await self._update(system_id, {"hostname": hostname, "description": description})

    async def query_power(self, system_id: str) -> str:
        """Ask the BMC through MAAS: ``on``, ``off``, ``unknown`` or ``error``; holds MAAS up to a minute.

        Raises:
            Refused: the BMC refuses MAAS, or MAAS cannot reach it.
            PeerError: MAAS does not answer.
        """
        raw = await self.wire.get(
            "Machine.query_power_state", uri={"system_id": system_id}, where=self.where(system_id)
        )
        return text(as_object(raw, "power state"), "state")

    async def abort(self, system_id: str) -> Machine:
        """Stop commissioning, testing, deploying or erasing; it takes effect a while later: poll.

        MAAS leaves a machine whose commissioning was aborted as New, even one that was Ready before.

        Raises:
            Refused: MAAS is doing nothing with it.
            PeerError: MAAS does not answer.
        """
        return await self.act(system_id, "abort")

    async def override_failed_testing(self, system_id: str, comment: str) -> Machine:
        """Accept a machine in spite of its failed tests; the failed results stay on record.

        Raises:
            Refused: it is not in Failed testing.
            PeerError: MAAS does not answer.
        """
        return await self.act(
            system_id, "override_failed_testing", {"comment": comment}, done={Status.READY, Status.DEPLOYED}
        )

    async def allocate(self, system_id: str, comment: str = "") -> Machine:
        """Take a Ready machine for our user; one that is ours already is answered as it is.

        Raises:
            Refused: it is not Ready, or belongs to somebody else.
            PeerError: MAAS does not answer.
        """
        form = {"system_id": system_id, "comment": comment or None}
        try:
            raw = await self.wire.send("Machines.allocate", form, where=self.where(system_id))
        except (Denied, NoAnswer) as error:
            machine = await self._after(system_id, error)
            if machine.status == Status.ALLOCATED and machine.owner == self.username:
                return machine
            raise
        return self.known(as_object(raw, "machine"))

    async def release(self, system_id: str, comment: str = "") -> Machine:
        """Give a machine back: MAAS switches it off and forgets its system. On a Ready one nothing happens.

        Raises:
            Refused: it is in a state that does not allow it, locked, or its BMC refuses.
            PeerError: MAAS does not answer.
        """
        return await self.act(system_id, "release", {"comment": comment or None}, done=_LET_GO)

    async def deploy(
        self,
        system_id: str,
        *,
        osystem: str,
        distro_series: str,
        kernel: str = "",
        user_data: str = "",
        comment: str = "",
    ) -> Machine:
        """Install an operating system on a Ready or Allocated machine.

        A dead BMC shows later, as Failed deployment.

        Args:
            system_id: the machine.
            osystem: such as ``ubuntu``.
            distro_series: such as ``noble``.
            kernel: such as ``hwe-24.04``; MAAS's choice when empty.
            user_data: for cloud-init, as text.
            comment: for MAAS's event log.

        Raises:
            Refused: MAAS refuses: state, no image, network or storage not configured.
            PeerError: MAAS does not answer.
        """
        form = {
            "osystem": osystem,
            "distro_series": distro_series,
            "hwe_kernel": kernel or None,
            "user_data": b64encode(user_data.encode()).decode() if user_data else None,
            "comment": comment or None,
        }
        return await self.act(system_id, "deploy", form, done=_GOING_TO_DEPLOY)

    async def mark_broken(self, system_id: str, comment: str) -> Machine:
        """Take a machine out of use; one that is Broken already is answered as it is.

        Never one that is deployed: MAAS would release it first. MAAS lets only its owner mark a machine
        (since 2.6), so a Ready one is allocated before.

        Raises:
            Refused: it is deployed, belongs to somebody else, or was never commissioned.
            PeerError: MAAS does not answer.
        """
        machine = await self.machine(system_id)
        if machine.installed:
            raise Refused(
                "a deployed server must not be marked broken: MAAS would release it",
                where=machine.hostname,
                remedy="Take it out of the cluster and release it first.",
            )
        if machine.status == Status.BROKEN:
            return machine
        if machine.status == Status.READY and machine.owner != self.username:
            await self.allocate(system_id, comment)
        return await self.act(system_id, "mark_broken", {"comment": comment}, done={Status.BROKEN})

    async def mark_fixed(self, system_id: str, comment: str) -> Machine:
        """Take a Broken machine back into use, as Ready.

        Raises:
            Refused: it is not Broken.
            PeerError: MAAS does not answer.
        """
        return await self.act(system_id, "mark_fixed", {"comment": comment}, done={Status.READY})

    async def act(
        self, system_id: str, operation: str, form: Data | None = None, done: Collection[int] = ()
    ) -> Machine:
        """Post an operation on a machine, safely: when it is in doubt whether MAAS carried it out, the
        machine is looked at, and only what MAAS asked to be repeated later is repeated.

        Args:
            system_id: the machine.
            operation: MAAS's word, ``commission``.
            form: its fields.
            done: states that show that it was carried out.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        uri = {"system_id": system_id}
        attempt = 0
        while True:
            try:
                raw = await self.wire.send(f"Machine.{operation}", form, uri=uri, where=self.where(system_id))
                break
            except (Denied, NoAnswer, BadAnswer) as error:
                retry_after = None if isinstance(error, BadAnswer) else error.retry_after
                if not isinstance(error, BadAnswer) and not error.doubtful:
                    raise
                if retry_after is not None:
                    await asyncio.sleep(self.wire.limits.before_again(attempt, retry_after))
                machine = await self._after(system_id, error)
                if machine.status in done:
                    return machine
                attempt += 1
                if retry_after is None or attempt >= self.wire.limits.tries:
                    raise
        # With power type "manual" some operations answer null.
        return self.known(raw) if isinstance(raw, dict) else await self.machine(system_id)

    async def _after(self, system_id: str, error: PeerError) -> Machine:
        """The machine after an act in doubt; when it cannot be read, the act's own error counts."""
        try:
            return await self.machine(system_id)
        except PeerError:
            raise error from None

    async def _update(self, system_id: str, form: Data) -> Machine:
        raw = await self.wire.send(
            "Machine.update", form, uri={"system_id": system_id}, where=self.where(system_id)
        )
        return self.known(as_object(raw, "machine"))
