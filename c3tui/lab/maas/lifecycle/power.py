"""Power by MAAS: through the BMC with the machine's power parameters, or not at all."""

from c3tui.lab.chassis import Bmc, Chassis
from c3tui.lab.maas.records import Machine
from c3tui.lab.maas.region import POWER_LAG, Region

ACTION_SECONDS = 2.0
"""What a power action of a BMC that answers takes."""
TIMEOUT_SECONDS = 20.0
TIMED_OUT = (
    "Connection timed out while performing power action. "
    "Check BMC configuration and connectivity and try again."
)
WRONG_USER = "Incorrect username. Check BMC configuration and try again."
WRONG_PASSWORD = "Incorrect password. Check BMC configuration and try again."


class PowerError(Exception):
    """The BMC did not do it; the text is that of MAAS's power driver."""


async def reach(region: Region, machine: Machine) -> Chassis | None:
    """The chassis behind the power parameters, once its BMC let MAAS in; None with manual power.

    Raises:
        PowerError: no answer, or wrong credentials.
    """
    if machine.power_type in ("", "manual"):
        return None
    box = region.room.by_bmc(str(machine.power_parameters.get("power_address", "")))
    if box is None or not box.bmc.alive:
        await region.room.clock.sleep(TIMEOUT_SECONDS)
        raise PowerError(TIMED_OUT)
    await region.room.clock.sleep(ACTION_SECONDS)
    log_in(machine, box.bmc)
    return box


def log_in(machine: Machine, bmc: Bmc) -> None:
    """Check the machine's power parameters against the BMC.

    Raises:
        PowerError: wrong user or password.
    """
    if machine.power_parameters.get("power_user") != bmc.user:
        raise PowerError(WRONG_USER)
    if machine.power_parameters.get("power_pass") != bmc.password:
        raise PowerError(WRONG_PASSWORD)


async def boot_from_network(region: Region, machine: Machine) -> None:
    """Set the next boot to PXE, then switch on, or off and on.

    Raises:
        PowerError: see ``reach``.
    """
    box = await reach(region, machine)
    if box is None:
        return
    box.bmc.boot_device = "pxe"
    if box.powered:
        region.room.power_cycle(box)
    else:
        region.room.power_on(box)
    saw(region, machine, "on")


async def switch_off(region: Region, machine: Machine) -> None:
    """Cut the power.

    Raises:
        PowerError: see ``reach``.
    """
    box = await reach(region, machine)
    if box is None:
        return
    region.room.power_off(box)
    saw(region, machine, "off")


async def query(region: Region, machine: Machine) -> str:
    """``on``, ``off`` or ``unknown``.

    Raises:
        PowerError: see ``reach``.
    """
    box = await reach(region, machine)
    if box is None:
        return "unknown"
    state = "on" if box.powered else "off"
    saw(region, machine, state)
    return state


def saw(region: Region, machine: Machine, state: str) -> None:
    """Remember a power state that MAAS brought about or was told."""
    machine.power_state = state
    machine.query_due = region.now() + POWER_LAG
