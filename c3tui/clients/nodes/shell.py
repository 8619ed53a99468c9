"""Commands on servers over SSH; a host whose key is not trusted is never logged in to."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from c3tui.clients.nodes.devices import LINKS, LSBLK, BlockDevice, parse
from c3tui.clients.nodes.failures import named
from c3tui.clients.nodes.hostkeys import KnownHosts, Standing, changed, read_key, scan
from c3tui.engine.errors import PeerError, Refused, Unauthorised, Unreachable

if TYPE_CHECKING:
    import asyncssh

_CONNECT_SECONDS = 10.0
_AT_ONCE = 50
"""Hosts that are asked at the same time."""

# The brackets keep the pattern from matching the shell that carries it.
_LEFTOVERS = (
    r"(^|[ /])([k]ubeadm|[a]pt|[a]pt-get|[d]pkg|[d]nf|[y]um|[c]rictl)( |$)"
    r"|[A]nsiballZ_|[a]nsible-tmp-|[B]ECOME-SUCCESS-"
)


@dataclass(frozen=True)
class Completed:
    """A command that ran to its end."""

    exit: int
    """Exit status; 128 and the signal's number when a signal ended it, where the host says so."""
    stdout: str
    stderr: str


class Shell:
    """Runs commands as one user on many servers."""

    def __init__(self, user: str, port: int, key_file: Path, known_hosts: Path) -> None:
        self._user = user
        self._port = port
        self._key_file = key_file
        self._known = KnownHosts(known_hosts)
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def trust(self, host: str, port: int | None = None, *, renew: bool = False) -> str:
        """Take the key that a host shows for its own; returns the fingerprint, for the journal.

        Args:
            port: where to look; the shell's own unless given.
            renew: the host was just installed: whatever key it had before is forgotten. Otherwise this
                is for first use only.

        Raises:
            Unreachable: the host does not answer.
            Unauthorised: the host is known by another key.
        """
        import asyncssh

        line = await scan(host, port or self._port)
        if renew:
            self._known.forget(host, port or self._port)
        self._known.trust(line)
        return asyncssh.import_public_key(line.split(" ", 1)[1]).get_fingerprint()

    def forget(self, host: str) -> bool:
        """Drop what is known of a host's key, because it was installed again; whether there was any."""
        return self._known.forget(host, self._port)

    async def run(self, host: str, command: str, timeout: float = 30.0) -> Completed:
        """Run a shell command.

        Raises:
            Unreachable: the host does not answer, or the command takes longer than ``timeout`` seconds.
            Unauthorised: the login is refused, or the host's key is unknown or another than before.
            InputError: the site has no private key that can be used.
        """
        async with self._slots, await self._connect(host) as connection:
            with named(host, self._port):
                try:
                    done = await connection.run(command, check=False, timeout=timeout, errors="replace")
                except TimeoutError as error:
                    what = f"{command.split()[0]} did not end in {timeout:g} s"
                    raise Unreachable(what, where=f"{host} port {self._port}") from error
        # asyncssh calls the end by a signal -1.
        status = done.returncode if done.returncode is not None else 255
        return Completed(status if status >= 0 else 128, _text(done.stdout), _text(done.stderr))

    async def settle(self, hosts: Iterable[str]) -> dict[str, list[str]]:
        """What an interrupted installation left running: each process with its id and command line.

        A host with an empty list is settled. One that cannot be asked is not: its list says why.
        """
        asked = list(hosts)
        answers = await asyncio.gather(*(self._leftovers(host) for host in asked))
        return dict(zip(asked, answers, strict=True))

    async def inventory(self, host: str) -> list[BlockDevice]:
        """The block devices of a host, partitions and volumes included.

        Raises:
            Refused: the host has no ``lsblk``, or it fails.
            BadAnswer: ``lsblk`` prints something else than expected.
        """
        listing = await self.run(host, LSBLK)
        if listing.exit != 0:
            raise Refused(f"lsblk failed: {listing.stderr.strip()[:200]}", where=host)
        links = await self.run(host, LINKS)
        return parse(listing.stdout, links.stdout, host)

    async def _leftovers(self, host: str) -> list[str]:
        try:
            found = await self.run(host, f"pgrep -af '{_LEFTOVERS}'")
        except PeerError as error:
            return [f"cannot be asked: {error}"]
        # pgrep(1): 1 means that nothing matched.
        if found.exit > 1:
            return [f"cannot be asked: pgrep failed: {found.stderr.strip()[:200]}"]
        return found.stdout.splitlines()

    async def _connect(self, host: str) -> "asyncssh.SSHClientConnection":
        import asyncssh

        key, known = read_key(self._key_file), self._known.file()
        try:
            with named(host, self._port):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await asyncssh.connect(
                        host,
                        self._port,
                        username=self._user,
                        client_keys=[key],
                        known_hosts=str(known),
                        # Nothing of the user's own: no agent, no configuration, no passwords.
                        agent_path=None,
                        config=None,
                        preferred_auth="publickey",
                    )
        except Unauthorised as error:
            if isinstance(error.__cause__, asyncssh.HostKeyNotVerifiable):
                await self._explain(host)
            raise

    async def _explain(self, host: str) -> None:
        """Say it when a host is not unknown but shows another key than before."""
        if self._known.standing(await scan(host, self._port)) is Standing.CHANGED:
            raise changed(f"{host} port {self._port}")


def _text(output: object) -> str:
    return output if isinstance(output, str) else ""
