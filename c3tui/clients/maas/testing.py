"""Commissions and tests machines: scripts, their limits, and the guard against destructive ones."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from c3tui.clients.maas.fields import as_list
from c3tui.clients.maas.machine import Disk, Machine
from c3tui.clients.maas.records import Script, parse_script
from c3tui.clients.maas.results import Kind, Results
from c3tui.clients.maas.status import Status
from c3tui.engine.errors import BadAnswer, InputError, Refused

TEST_TAG = "c3-test"
"""Disk tag on the drives of the latest partial test; `-2` and so on where tests differ in their drives."""


class Testing(Results):
    """Commissioning and tests."""

    __test__ = False

    async def commission(
        self,
        system_id: str,
        *,
        commissioning_scripts: Sequence[str] = (),
        testing: Sequence[str] | Literal["none"] = "none",
        skip_bmc_config: bool = False,
        skip_networking: bool = False,
        skip_storage: bool = False,
        enable_ssh: bool = False,
    ) -> Machine:
        """Boot the machine and have MAAS take its inventory.

        Args:
            system_id: a New, Ready, Broken or Failed commissioning machine; not one in Failed testing.
            commissioning_scripts: scripts beside MAAS's own; empty runs all uploaded ones.
            testing: tests to run right after, by name.
            skip_bmc_config: keep the power login that MAAS has; otherwise it makes its own BMC user.
            skip_networking: keep the network configuration.
            skip_storage: keep the disks MAAS knows.
            enable_ssh: leave the machine on, with SSH, when it is done.

        Raises:
            InputError: a test is unknown, a tag, or destructive.
            Refused: MAAS refuses, or the BMC refuses MAAS.
            PeerError: MAAS does not answer.
        """
        if testing != "none":
            await self._guard(testing, destructive=False)
        flags = {
            "skip_bmc_config": skip_bmc_config,
            "skip_networking": skip_networking,
            "skip_storage": skip_storage,
            "enable_ssh": enable_ssh,
        }
        # Any text but the word "false" is true to MAAS, so what is not wanted is left out.
        form = {key: True for key, wanted in flags.items() if wanted} | {
            "commissioning_scripts": _csv(commissioning_scripts) or None,
            "testing_scripts": "none" if testing == "none" else _csv(testing),
        }
        return await self.act(system_id, "commission", form, done={Status.COMMISSIONING, Status.TESTING})

    async def test(
        self,
        system_id: str,
        scripts: Sequence[str],
        *,
        storage: Collection[str] | Mapping[str, Collection[str]] | None = None,
        destructive: bool = False,
    ) -> int:
        """Start tests and say in which result set their results will be.

        MAAS takes one disk, one disk tag or all; for some of the disks they are tagged `TEST_TAG`.

        Args:
            system_id: a machine that has been commissioned and is not deployed.
            scripts: by name; a tag would bring destructive scripts along.
            storage: serials of the disks to test, of all tests or by name of the test; None for all.
            destructive: allow scripts that overwrite the disks.

        Raises:
            InputError: a script is unknown, a tag, or destructive; or no disk has that serial.
            Refused: it is deployed or locked, or MAAS or its BMC refuses.
            PeerError: MAAS does not answer.
        """
        chosen = await self._guard(scripts, destructive=destructive)
        machine = await self.machine(system_id)
        if machine.installed or machine.locked:
            state = "locked in MAAS" if machine.locked else "deployed: a test reboots it"
            raise Refused(f"this server is {state}", where=machine.hostname, remedy="Leave it untested.")
        form: dict[str, object] = {"testing_scripts": _csv(scripts)}
        form |= await self._storage(
            machine, [one.name for one in chosen if "storage" in one.parameters], storage
        )
        machine = await self.act(system_id, "test", form, done={Status.TESTING})
        if machine.testing_set is None:
            raise BadAnswer("MAAS started a test without a result set", where=machine.hostname)
        return machine.testing_set

    async def tag_disk(self, system_id: str, serial: str, tag: str) -> None:
        """Put a tag on a disk; one that is there stays.

        Raises:
            InputError: no disk of the machine has that serial.
            PeerError: MAAS refuses or does not answer.
        """
        machine = await self.machine(system_id)
        await self._set_tag(machine, _disk(machine, serial), tag, wanted=True)

    async def untag_disk(self, system_id: str, serial: str, tag: str) -> None:
        """Take a tag off a disk; nothing happens when it is not there.

        Raises:
            InputError: no disk of the machine has that serial.
            PeerError: MAAS refuses or does not answer.
        """
        machine = await self.machine(system_id)
        await self._set_tag(machine, _disk(machine, serial), tag, wanted=False)

    async def scripts(self, kind: Kind | None = None) -> list[Script]:
        """The scripts MAAS can run, of one kind or all.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        raw = await self.wire.get("NodeScripts.read", {"type": kind})
        return [parse_script(one) for one in as_list(raw, "scripts")]

    async def limit_test(self, name: str, seconds: float) -> bool:
        """Set the time that MAAS gives a test on one part; of builtin ones it is what may be changed.

        Returns:
            Whether it was another.

        Raises:
            Refused: MAAS has no such script, or the script carries a limit of its own.
            PeerError: MAAS does not answer.
        """
        known = {script.name: script for script in await self.scripts("testing")}
        if name in known and known[name].timeout == seconds:
            return False
        minutes, rest = divmod(round(seconds), 60)
        form = {"timeout": f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"}
        await self.wire.send("NodeScript.update", form, uri={"name": name}, where=f"script {name}")
        return True

    async def _guard(self, names: Sequence[str], *, destructive: bool) -> list[Script]:
        """The scripts of those names, when all may be run."""
        known = {script.name: script for script in await self.scripts("testing")}
        tags = {tag for script in known.values() for tag in script.tags}
        if not names or isinstance(names, str):
            raise InputError("no test is named", where="hardware.tests", remedy=_named(known))
        for name in names:
            script = known.get(name)
            if script is None:
                what = "is a tag, which can stand for destructive tests" if name in tags else "is no test"
                raise InputError(f"{name} {what}", where="hardware.tests", remedy=_named(known))
            if script.destructive and not destructive:
                raise InputError(
                    f"test {name} destroys what is on the drives",
                    where="hardware.tests",
                    remedy="Leave it out, or allow destructive tests for this run.",
                )
        return [known[name] for name in names]

    async def _storage(
        self,
        machine: Machine,
        names: Sequence[str],
        storage: Collection[str] | Mapping[str, Collection[str]] | None,
    ) -> dict[str, str]:
        """The form's fields that say on which disks each test runs."""
        if not names:
            return {}
        if not isinstance(storage, Mapping):
            return {"storage": await self._disks(machine, storage, TEST_TAG)}
        groups: dict[frozenset[str], list[str]] = {}
        for name in names:
            groups.setdefault(frozenset(storage.get(name, ())), []).append(name)
        fields: dict[str, str] = {}
        for index, (serials, members) in enumerate(groups.items(), 1):
            tag = TEST_TAG if index == 1 else f"{TEST_TAG}-{index}"
            chosen = await self._disks(machine, sorted(serials), tag)
            fields |= {f"{name}_storage": chosen for name in members}
        return fields if len(groups) > 1 else {"storage": next(iter(fields.values()))}

    async def _disks(self, machine: Machine, serials: Collection[str] | None, tag: str) -> str:
        """What goes into a ``storage`` parameter: it takes a single choice, never a list."""
        if serials is None:
            return "all"
        if not serials:
            raise InputError("no drive is named to test", where=machine.hostname)
        chosen = [_disk(machine, serial) for serial in dict.fromkeys(serials)]
        if len(chosen) == len(machine.disks):
            return "all"
        if len(chosen) == 1:
            return str(chosen[0].id)
        for disk in machine.disks:
            await self._set_tag(machine, disk, tag, wanted=disk in chosen)
        return tag

    async def _set_tag(self, machine: Machine, disk: Disk, tag: str, *, wanted: bool) -> None:
        if (tag in disk.tags) is wanted:
            return
        await self.wire.send(
            "BlockDevice.add_tag" if wanted else "BlockDevice.remove_tag",
            {"tag": tag},
            uri={"system_id": machine.system_id, "id": disk.id},
            where=machine.hostname,
        )


def _disk(machine: Machine, serial: str) -> Disk:
    disk = machine.disk(serial)
    if disk is None:
        raise InputError(
            f"MAAS knows no drive {serial} in this server",
            where=machine.hostname,
            remedy="A drive that was put in later appears after commissioning again.",
        )
    return disk


def _named(known: Collection[str]) -> str:
    return f"Name tests of this MAAS: {', '.join(sorted(known))}."


def _csv(names: Sequence[str]) -> str:
    return ",".join(names)
