"""A running node: its SSH server, with public-key logins, commands and SFTP."""

import asyncio
import os
import posixpath
from contextlib import suppress
from pathlib import Path

import asyncssh

from c3tui.lab.nodes import processes, session
from c3tui.lab.nodes.system import USER, System


class Host:
    """Listens at the node's address while its system runs."""

    def __init__(self, system: System, stand_ins: Path, control: Path) -> None:
        self.system = system
        self._environment = system.environment(stand_ins, control)
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._sessions: set[asyncio.Task[None]] = set()

    @property
    def sessions(self) -> int:
        """How many commands run now."""
        return len(self._sessions)

    async def start(self, port: int) -> None:
        """Listen.

        Raises:
            OSError: the address or the port cannot be had.
        """
        self._acceptor = await asyncssh.listen(
            self.system.box.address,
            port,
            server_factory=lambda: _Login(self.system, self._connections),
            server_host_keys=[self.system.host_key()],
            process_factory=self._serve,
            sftp_factory=lambda channel: _Files(channel, self.system.tree),
            allow_scp=True,
            encoding=None,
            line_editor=False,
            reuse_address=True,
            login_timeout=30,
        )

    async def stop(self) -> None:
        """Power cut: connections break, every process of the node dies."""
        if self._acceptor:
            self._acceptor.close()
        for connection in list(self._connections):
            connection.abort()
        processes.kill(self.system.tree)
        if self._sessions:
            _, stuck = await asyncio.wait(list(self._sessions), timeout=5)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)
        if self._acceptor:
            await self._acceptor.wait_closed()

    async def _serve(self, process: session.Process) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            await session.serve(process, self.system, self._environment)
        except OSError:
            # The machine could not start another process, as a full one cannot.
            with suppress(OSError, asyncssh.Error):
                process.exit(255)
        finally:
            self._sessions.discard(task)


class _Login(asyncssh.SSHServer):
    """Lets in the installed system's first user by the keys it was installed with."""

    def __init__(self, system: System, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._system = system
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection:
            self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        if username != USER:
            return False
        for line in self._system.box.authorized_keys:
            with suppress(asyncssh.KeyImportError):
                if asyncssh.import_public_key(line) == key:
                    return True
        return False


class _Files(asyncssh.SFTPServer):
    """The node's tree, also under the absolute path that its shell calls home."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], tree: Path) -> None:
        self._tree = os.fsencode(tree)
        super().__init__(channel, chroot=self._tree)

    def exit(self) -> None:
        """Tell success at the end of an SFTP session, as OpenSSH's server does and its scp wants."""
        if self.channel.get_subsystem() == "sftp":
            self.channel.exit(0)

    def map_path(self, path: bytes) -> bytes:
        """Where a path of the client's lies on the machine."""
        absolute = posixpath.normpath(posixpath.join(b"/", path))
        if absolute == self._tree or absolute.startswith(self._tree + b"/"):
            return absolute
        return super().map_path(path)
