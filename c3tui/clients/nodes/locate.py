"""The locate LED of a drive bay, in band: ``ledctl`` (ledmon) or ``sg_ses`` (sg3-utils) on the server.

IPMI knows no LED of a bay. Both programs want root, so the login must be able to ``sudo`` without a password.
"""

from dataclasses import dataclass
from shlex import quote

from c3tui.clients.nodes.shell import Completed, Shell
from c3tui.engine.errors import Refused

_SECONDS = 15.0
_TOOLS = "PATH=$PATH:/usr/sbin:/sbin; for tool in ledctl sg_ses; do command -v $tool; done; true"
_ENCLOSURES = "find /sys/class/enclosure -mindepth 1 -maxdepth 1 -printf '%f\\n' 2>/dev/null"


@dataclass(frozen=True)
class BayLed:
    """How the LED of one bay is reached."""

    host: str
    path: str
    """``/dev/disk/by-path/...`` of the bay; there only while a drive sits in it."""
    slot: int
    ledctl: str = ""
    """The program's path; empty when it is not installed."""
    sg_ses: str = ""
    enclosure: str = ""
    """SES device; empty when there is none, or several, so that a slot number says too little."""

    @property
    def way(self) -> str:
        """The program that switches it."""
        return "ledctl" if self.ledctl else "sg_ses"


async def find_bay_led(shell: Shell, host: str, path: str, slot: int) -> BayLed:
    """What a server has to light one of its bays.

    Raises:
        Refused: neither program is there, or only ``sg_ses`` with no enclosure that is the only one.
        Unreachable, Unauthorised: the server cannot be asked.
    """
    tools = (await shell.run(host, _TOOLS, _SECONDS)).stdout.split()
    found = {tool.rpartition("/")[2]: tool for tool in tools}
    ledctl, sg_ses = found.get("ledctl", "") if path else "", found.get("sg_ses", "")
    enclosure = ""
    if sg_ses:
        enclosures = (await shell.run(host, _ENCLOSURES, _SECONDS)).stdout.split()
        enclosure = f"/dev/bsg/{enclosures[0]}" if len(enclosures) == 1 else ""
    if not ledctl and not enclosure:
        raise Refused(
            "the locate LED of a bay cannot be reached in band",
            where=host,
            remedy="Install ledmon there (ledctl); sg_ses alone does where there is exactly one enclosure",
        )
    return BayLed(host, path, slot, ledctl, sg_ses, enclosure)


async def bay_lit(shell: Shell, led: BayLed) -> bool | None:
    """Whether it is lit; None when nothing on the server can tell.

    Raises:
        Unreachable, Unauthorised: the server cannot be asked.
    """
    if not (led.sg_ses and led.enclosure):
        return None
    done = await _as_root(shell, led, f"{_ses(led)} --get=ident {quote(led.enclosure)}")
    word = done.stdout.strip()
    return word == "1" if done.exit == 0 and word in ("0", "1") else None


async def bay_locate(shell: Shell, led: BayLed, on: bool) -> bool | None:
    """Switch it, and read it back; None when it was switched and nothing can tell how it is.

    Raises:
        Refused: the program says no, or the LED is not so afterwards.
        Unreachable, Unauthorised: the server cannot be asked.
    """
    if led.ledctl:
        pattern = "locate" if on else "locate_off"
        # Without --listed-only it puts out the LED of every other drive (ledctl(8)).
        done = await _as_root(shell, led, f"{led.ledctl} --listed-only {pattern}={quote(led.path)}")
        if done.exit and led.enclosure:
            # The drive was pulled, so its device is gone; the slot is still there.
            done = await _set_ident(shell, led, on)
    else:
        done = await _set_ident(shell, led, on)
    if done.exit:
        said = " ".join((done.stderr or done.stdout).split())[:200]
        raise Refused(f"{led.way} failed: {said or done.exit}", where=led.host)
    lit = await bay_lit(shell, led)
    if lit is (not on):
        raise Refused(f"{led.way} was accepted, but the LED is still {'off' if on else 'on'}", where=led.host)
    return lit


def _ses(led: BayLed) -> str:
    return f"{led.sg_ses} --dev-slot-num={led.slot}"


async def _set_ident(shell: Shell, led: BayLed, on: bool) -> Completed:
    return await _as_root(
        shell, led, f"{_ses(led)} --{'set' if on else 'clear'}=ident {quote(led.enclosure)}"
    )


async def _as_root(shell: Shell, led: BayLed, command: str) -> Completed:
    return await shell.run(led.host, f"sudo -n {command}", _SECONDS)
