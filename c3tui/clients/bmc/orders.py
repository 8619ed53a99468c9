"""What can be ordered of a BMC. An order is done when the hardware says so, not when it was accepted."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from c3tui.clients.bmc import chassis, fru, sel
from c3tui.clients.bmc.chassis import Control, Status
from c3tui.clients.bmc.exchange import APP, NO_PRIVILEGE, Denied, Malformed, NoLogin, Silent, Target, need
from c3tui.clients.bmc.link import Link
from c3tui.clients.bmc.sel import SelEntry
from c3tui.engine.errors import BadAnswer, Refused, Unauthorised, Unreachable
from c3tui.model.fleet import BmcState

POWER_SECONDS = 30.0
"""For a chassis to do as told. Ordinary ones take 1 to 6."""
LED_SECONDS = 5.0
_LOOKS = (0.1, 0.2, 0.5, 1.0)
"""Seconds between looks; the last repeats."""
_CYCLE_DARK = 1.0
"""Seconds within which a cycling chassis has gone off, seen or not."""


@contextmanager
def explained(target: Target, what: str) -> Iterator[None]:
    """Turn what this package knows of trouble into what a person can act on.

    Raises:
        Unreachable, Unauthorised, Refused, BadAnswer: in place of the trouble.
    """
    try:
        yield
    except Silent:
        raise _unreachable(target, what) from None
    except NoLogin as failure:
        raise _not_let_in(target, what, failure) from None
    except Denied as refusal:
        if refusal.code == NO_PRIVILEGE:
            raise Unauthorised(
                f"{what}: user {target.user} may not do this",
                where=target.where,
                remedy="Give that user the Operator or Administrator privilege on the BMC's LAN channel",
            ) from None
        raise Refused(f"{what}: the BMC says {refusal}", where=target.where) from None
    except Malformed as flaw:
        raise BadAnswer(
            f"{what}: {flaw}",
            where=target.where,
            remedy="Reset the BMC; update its firmware if it happens again",
        ) from None


def _unreachable(target: Target, what: str) -> Unreachable:
    return Unreachable(
        f"{what}: the BMC does not answer",
        where=target.where,
        remedy="Check its cable, its address and that UDP port; a BMC that is restarting needs a minute",
    )


def _not_let_in(target: Target, what: str, failure: NoLogin) -> Unreachable | Unauthorised | Refused:
    if failure.state is BmcState.NO_ANSWER:
        return _unreachable(target, what)
    if failure.state in (BmcState.WRONG_PASSWORD, BmcState.NO_LOGIN):
        return Unauthorised(
            f"{what}: {failure.detail}",
            where=target.where,
            remedy="Enter the login on the label of this server",
        )
    remedy = (
        "Close other IPMI tools and web sessions, or wait a minute"
        if failure.state is BmcState.NO_SESSION
        else ""
    )
    return Refused(f"{what}: {failure.detail}", where=target.where, remedy=remedy)


async def power(link: Link, on: bool) -> None:
    """Power on, or hard off; done at once when it is so already."""
    what = "power on" if on else "power off"
    with explained(link.target, what):
        if (await link.reach()).on is not on:
            await chassis.control(link.ask, Control.ON if on else Control.OFF)
            await _until(link, lambda status: status.on is on, what, POWER_SECONDS)
            link.hurry()


async def power_cycle(link: Link) -> None:
    """Off and on again; a server that is off is switched on."""
    with explained(link.target, "power cycle"):
        if not (await link.reach()).on:
            await chassis.control(link.ask, Control.ON)
        else:
            await chassis.control(link.ask, Control.CYCLE)
            await asyncio.sleep(_CYCLE_DARK)
        await _until(link, lambda status: status.on, "power cycle", POWER_SECONDS)
        link.hurry()


async def boot_pxe(link: Link, uefi: bool, persistent: bool) -> None:
    """PXE at the next boot, or at every one; read back from the BMC where it can be."""
    what = "boot from the network"
    with explained(link.target, what):
        await link.reach()
        wanted = await chassis.set_boot_pxe(link.ask, uefi=uefi, persistent=persistent)
        held = await chassis.boot_flags(link.ask)
        if not chassis.same_boot(held, wanted):
            raise Refused(
                f"{what}: accepted, but the BMC holds boot flags {held.hex()} instead of {wanted.hex()}",
                where=link.target.where,
                remedy="Set the boot order in the firmware setup, or update the BMC's firmware",
            )


async def identify(link: Link, on: bool, keep: bool = False) -> None:
    """The identify LED on until further notice, or off; ``keep`` as for :meth:`Link.identify`."""
    what = "identify LED on" if on else "identify LED off"
    with explained(link.target, what):
        await link.reach()
        await link.identify(on, keep)
        await _until(link, lambda status: status.identify in (on, None), what, LED_SECONDS)


async def identified(link: Link) -> bool | None:
    """Whether the identify LED is lit now; None when this BMC does not say."""
    with explained(link.target, "identify LED"):
        return (await link.reach()).identify


async def inventory(link: Link) -> dict[str, str]:
    """See ``fru.inventory``."""
    with explained(link.target, "inventory"):
        await link.reach()
        return await fru.inventory(link.ask)


async def firmware(link: Link) -> str:
    """Major and minor of the firmware, the minor in BCD (IPMI 2.0, 20.1)."""
    with explained(link.target, "firmware version"):
        await link.reach()
        told = need(await link.ask(APP, 0x01), 4, "device id")
        return f"{told[2] & 0x7F}.{told[3]:02x}"


async def event_log(link: Link, after: int | None) -> list[SelEntry]:
    """See ``sel.entries``."""
    with explained(link.target, "event log"):
        await link.reach()
        return await sel.entries(link.ask, after, await link.sensor_names())


async def _until(link: Link, done: Callable[[Status], bool], what: str, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    looks = iter(_LOOKS)
    while True:
        status = await chassis.status(link.ask)
        link.note(status)
        if done(status):
            return
        if loop.time() >= deadline:
            raise Refused(
                f"{what}: accepted, but not so after {seconds:.0f} s",
                where=link.target.where,
                remedy="Look at the server: front panel, power cords, the BMC's event log",
            )
        await asyncio.sleep(next(looks, _LOOKS[-1]))
