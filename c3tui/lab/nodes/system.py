"""An installed system's files: made by an installation, partly forgotten by a boot."""

import shutil
from hashlib import sha256
from ipaddress import IPv4Network
from pathlib import Path
from shlex import quote

import asyncssh

from c3tui.lab.chassis import Chassis

USER = "ubuntu"
"""The first user, as cloud-init makes it."""
_OS_RELEASE = """PRETTY_NAME="Ubuntu 24.04.3 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.3 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
"""
_DIRECTORIES = ("dev", "etc", "home", "opt", "tmp", "usr/local/bin", "var/lib", "var/log")


class System:
    """The tree of one node and what its processes get to see.

    The tree is both the node's root directory and its user's home: whatever addresses files by
    ``~`` or ``$HOME`` stays inside.
    """

    def __init__(self, box: Chassis, directory: Path, network: IPv4Network) -> None:
        self.box = box
        self.tree = directory / box.name / "root"
        self._key = directory / box.name / "ssh_host_ed25519_key"
        self._network = network

    @property
    def exists(self) -> bool:
        """Whether a system is installed here."""
        return self._key.exists()

    def install(self, serial: int) -> None:
        """Replace whatever was there by a fresh system with host keys of its own.

        Args:
            serial: which installation of this server this is, counted from 1.
        """
        self.remove()
        for name in _DIRECTORIES:
            (self.tree / name).mkdir(parents=True, exist_ok=True)
        name = self.box.hostname or self.box.name
        instance = sha256(f"{self.box.serial}/{serial}".encode()).hexdigest()[:32]
        etc = self.tree / "etc"
        (etc / "os-release").write_text(_OS_RELEASE)
        (etc / "machine-id").write_text(f"{instance}\n")
        (etc / "hostname").write_text(f"{name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n{self.box.address} {name}\n")
        (etc / "resolv.conf").write_text(f"nameserver {self._network.network_address + 1}\n")
        key = asyncssh.generate_private_key("ssh-ed25519", comment=f"root@{name}")
        self._key.write_bytes(key.export_private_key())
        self._key.chmod(0o600)

    def remove(self) -> None:
        """Forget the installed system."""
        shutil.rmtree(self._key.parent, ignore_errors=True)

    def boot(self) -> None:
        """What a boot changes: runtime state is gone, enabled units run, device links are new."""
        run = self.tree / "run"
        shutil.rmtree(run, ignore_errors=True)
        for name in ("modules", "units"):
            (run / name).mkdir(parents=True)
        network = {
            "INTERFACE": "br0",
            "ADDRESS": self.box.address,
            "PREFIX": self._network.prefixlen,
            "BROADCAST": self._network.broadcast_address,
            "GATEWAY": self._network.network_address + 1,
            "MAC": self.box.nics[-1].mac,
        }
        lines = "".join(f"{name}={quote(str(value))}\n" for name, value in network.items())
        (run / "network.sh").write_text(lines)
        for unit in (self.tree / "etc/systemd/system/multi-user.target.wants").glob("*"):
            (run / "units" / unit.name).touch()
        self.link_devices()

    def link_devices(self) -> None:
        """Make ``dev/disk`` follow the bays, as udev does."""
        disk = self.tree / "dev/disk"
        shutil.rmtree(disk, ignore_errors=True)
        for folder in ("by-path", "by-id"):
            (disk / folder).mkdir(parents=True)
        for bay in self.box.bays:
            if bay.drive:
                for link in (bay.by_path, bay.drive.by_id):
                    (self.tree / link.lstrip("/")).symlink_to(f"../../{bay.kernel_name}")

    def host_key(self) -> asyncssh.SSHKey:
        """The private key that proves which installation answers."""
        return asyncssh.read_private_key(self._key)

    def environment(self, stand_ins: Path, control: Path) -> dict[str, str]:
        """The clean environment that a session starts with."""
        tree = str(self.tree)
        return {
            "PATH": f"{stand_ins}:/usr/local/bin:/usr/bin:/bin",
            "HOME": tree,
            "USER": USER,
            "LOGNAME": USER,
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "TMPDIR": f"{tree}/tmp",
            "C3_LAB_NODE": self.box.hostname or self.box.name,
            "C3_LAB_SOCKET": str(control),
        }
