"""Keys: the site's own, and those that servers show, kept in a ``known_hosts`` file."""

import asyncio
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from c3tui.clients.nodes.failures import named
from c3tui.engine.errors import InputError, Unauthorised, Unreachable

if TYPE_CHECKING:
    import asyncssh


class Standing(StrEnum):
    """What a ``known_hosts`` file says about a key that a host shows."""

    UNKNOWN = "unknown"
    TRUSTED = "trusted"
    CHANGED = "changed"


def ensure_key(path: Path) -> str:
    """The public line of the site's key, an Ed25519 one that is made at first use (mode 0600).

    Raises:
        InputError: the file is not a private key without passphrase.
    """
    import asyncssh

    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519", comment="c3")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.export_private_key())
    return read_key(path).export_public_key().decode().strip()


def read_key(path: Path) -> "asyncssh.SSHKey":
    """The site's private key.

    Raises:
        InputError: the file is not there, or not a private key without passphrase.
    """
    import asyncssh

    try:
        return asyncssh.read_private_key(path)
    except (asyncssh.KeyImportError, OSError) as error:
        raise InputError(
            f"this private key cannot be used: {error}",
            where=str(path),
            remedy="Name one without a passphrase in endpoints.ssh.key_file",
        ) from error


async def scan(host: str, port: int, timeout: float = 10.0) -> str:
    """The ``known_hosts`` line of the key a host shows now. It proves nothing about the host.

    Raises:
        Unreachable: the host does not answer within ``timeout`` seconds.
    """
    import asyncssh

    with named(host, port):
        async with asyncio.timeout(timeout):
            key = await asyncssh.get_server_host_key(host, port, config=None)
    if key is None:
        raise Unreachable("it shows no SSH host key", where=f"{host} port {port}")
    return f"{pattern(host, port)} {key.export_public_key().decode().strip()}"


class KnownHosts:
    """The host keys a site trusts, in OpenSSH's format: Ansible's ssh reads the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def file(self) -> Path:
        """The file, made empty (mode 0600) when absent."""
        if not self._path.exists():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
        return self._path

    def standing(self, line: str) -> Standing:
        """What the file says about a scanned line."""
        host, key = line.split(" ", 1)
        entries = [entry.split(" ", 1) for entry in self._lines() if entry.startswith(f"{host} ")]
        if not entries:
            return Standing.UNKNOWN
        wanted = key.split()[:2]
        return Standing.TRUSTED if any(e[1].split()[:2] == wanted for e in entries) else Standing.CHANGED

    def trust(self, line: str) -> None:
        """Add a scanned line at first use.

        Raises:
            Unauthorised: the host is known by another key.
        """
        standing = self.standing(line)
        if standing is Standing.CHANGED:
            raise changed(line.split(" ", 1)[0])
        if standing is Standing.UNKNOWN:
            with self.file().open("a") as file:
                file.write(f"{line}\n")

    def forget(self, host: str, port: int) -> bool:
        """Drop the keys of a host, because it was installed again; whether there were any."""
        kept = [line for line in self._lines() if not line.startswith(f"{pattern(host, port)} ")]
        dropped = len(kept) != len(self._lines())
        if dropped:
            draft = self._path.with_name(f".{self._path.name}.part")
            draft.touch(mode=0o600)
            draft.write_text("".join(f"{line}\n" for line in kept))
            draft.replace(self._path)
        return dropped

    def _lines(self) -> list[str]:
        return self.file().read_text().splitlines()


def pattern(host: str, port: int) -> str:
    """How ``known_hosts`` names a host (sshd(8))."""
    return host if port == 22 else f"[{host}]:{port}"


def changed(where: str) -> Unauthorised:
    """The error of a host that shows another key than before."""
    return Unauthorised(
        "its SSH host key changed",
        where=where,
        remedy="If it was installed again, forget its old key and trust the new one; if not, find out "
        "who answers there",
    )
