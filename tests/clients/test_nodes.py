import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncssh
import pytest

from c3tui.clients.nodes import Shell, ensure_key
from c3tui.engine.errors import InputError, Unauthorised, Unreachable

HOST, GONE, PORT = "127.60.0.10", "127.60.0.99", 2260

LSBLK = """#!/bin/sh
cat <<'END'
{"blockdevices": [
  {"name": "sda", "path": "/dev/sda", "type": "disk", "size": 480103981056, "serial": "PHYG1", "wwn": "0x5",
   "model": "INTEL SSD", "rota": false, "fstype": null, "mountpoints": [null], "children": [
     {"name": "sda1", "path": "/dev/sda1", "type": "part", "size": 1000, "serial": null, "wwn": null,
      "model": null, "rota": false, "fstype": "ext4", "mountpoints": ["/", "/boot"]}]},
  {"name": "sdb", "path": "/dev/sdb", "type": "disk", "size": "16000900661248", "serial": "ZL2 ", "wwn": null,
   "model": "ST16000", "rota": "1", "fstype": null, "mountpoints": []}
]}
END
"""
FIND = """#!/bin/sh
echo '/dev/disk/by-path/pci-0000:3b:00.0-sas-phy1-lun-0 ../../sdb'
echo '/dev/disk/by-id/ata-ST16000_ZL2 ../../sdb'
echo '/dev/disk/by-id/wwn-0x5000c500 ../../sdb'
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name, text in {"lsblk": LSBLK, "find": FIND}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


@pytest.fixture
def shell(site: Path) -> Shell:
    ensure_key(site / "ssh" / "id_ed25519")
    return Shell("ubuntu", PORT, site / "ssh" / "id_ed25519", site / "ssh" / "known_hosts")


@asynccontextmanager
async def server(site: Path, *, authorised: str = "") -> AsyncIterator[None]:
    """A server with a host key of its own, whose PATH begins with the site's ``bin``."""

    running: dict[asyncio.Task[object], int] = {}

    def end(session: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(session, signal.SIGKILL)

    async def execute(process: "asyncssh.SSHServerProcess[bytes]") -> None:
        child = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", process.command or ""),
            env={"PATH": f"{site / 'bin'}:{os.defpath}"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        task = asyncio.current_task()
        assert task
        running[task] = child.pid
        output = asyncio.create_task(child.communicate())
        gone = asyncio.create_task(process.wait_closed())
        await asyncio.wait({output, gone}, return_when=asyncio.FIRST_COMPLETED)
        end(child.pid)
        stdout, stderr = await output
        process.stdout.write(stdout)
        process.stderr.write(stderr)
        process.exit(child.returncode or 0)
        await gone

    keys = asyncssh.import_authorized_keys(authorised or ensure_key(site / "ssh" / "id_ed25519"))
    acceptor = await asyncssh.listen(
        *(HOST, PORT),
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        authorized_client_keys=keys,
        process_factory=execute,
        encoding=None,
    )
    try:
        yield
    finally:
        acceptor.close()
        await acceptor.wait_closed()
        # What is left alone would outlive the event loop.
        for session in running.values():
            end(session)
        await asyncio.gather(*running, return_exceptions=True)


def test_the_key_is_made_once_and_private(site: Path) -> None:
    path = site / "new" / "key"
    line = ensure_key(path)
    assert line.startswith("ssh-ed25519 ") and line == ensure_key(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_key_is_named(site: Path) -> None:
    (site / "key").write_text("hello")
    with pytest.raises(InputError, match="cannot be used"):
        ensure_key(site / "key")


async def test_commands_tell_their_exit_and_output(site: Path, shell: Shell) -> None:
    async with server(site):
        assert (await shell.trust(HOST)).startswith("SHA256:")
        done = await shell.run(HOST, "echo out; echo err >&2; exit 3")
    assert (done.exit, done.stdout, done.stderr) == (3, "out\n", "err\n")


async def test_an_unknown_host_is_not_logged_in_to(site: Path, shell: Shell) -> None:
    async with server(site):
        with pytest.raises(Unauthorised, match="not known"):
            await shell.run(HOST, f"touch {site}/ran")
    assert not (site / "ran").exists()


async def test_a_changed_host_key_is_refused_until_forgotten(site: Path, shell: Shell) -> None:
    async with server(site):
        await shell.trust(HOST)
        await shell.trust(HOST)
    async with server(site):
        with pytest.raises(Unauthorised, match="host key changed"):
            await shell.run(HOST, "true")
        with pytest.raises(Unauthorised, match="host key changed"):
            await shell.trust(HOST)
        await shell.trust(HOST, PORT, renew=True)
        assert (await shell.run(HOST, "true")).exit == 0
    assert len((site / "ssh" / "known_hosts").read_text().splitlines()) == 1
    assert shell.forget(HOST) and not shell.forget(HOST)


async def test_a_refused_login_is_told_from_a_dead_host(site: Path, shell: Shell) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    async with server(site, authorised=other):
        await shell.trust(HOST)
        with pytest.raises(Unauthorised, match="refuses the login"):
            await shell.run(HOST, "true")
    with pytest.raises(Unreachable):
        await shell.run(GONE, "true")


async def test_a_command_may_not_take_for_ever(site: Path, shell: Shell) -> None:
    async with server(site):
        await shell.trust(HOST)
        with pytest.raises(Unreachable, match="sleep did not end"):
            await shell.run(HOST, "sleep 20", timeout=0.2)


@pytest.fixture
def leftover(site: Path) -> Iterator[str]:
    """A process that looks like an interrupted ``kubeadm``."""
    argv = [f"{site}/kubeadm", "60"]
    process = subprocess.Popen(argv, executable="/bin/sleep")
    yield f"{process.pid} {' '.join(argv)}"
    process.kill()
    process.wait()


@pytest.mark.skipif(not Path("/usr/bin/pgrep").exists(), reason="needs pgrep of procps")
async def test_settling_finds_what_still_runs(site: Path, shell: Shell, leftover: str) -> None:
    async with server(site):
        await shell.trust(HOST)
        found = await shell.settle([HOST, GONE])
    assert leftover in found[HOST]
    assert not [line for line in found[HOST] if "pgrep" in line]
    assert len(found[GONE]) == 1 and "cannot be asked" in found[GONE][0]


async def test_drives_carry_their_stable_links(site: Path, shell: Shell) -> None:
    async with server(site):
        await shell.trust(HOST)
        system, part, data = await shell.inventory(HOST)
    assert (part.parent, part.mountpoints, part.type) == ("sda", ("/", "/boot"), "part")
    assert (system.size, system.rotational, system.parent, system.by_id) == (480103981056, False, "", "")
    assert (data.size, data.rotational, data.serial) == (16000900661248, True, "ZL2")
    assert data.by_id == "/dev/disk/by-id/wwn-0x5000c500"
    assert data.by_path == "/dev/disk/by-path/pci-0000:3b:00.0-sas-phy1-lun-0"
