"""MAAS's own settings and stock: configuration, images, rack controllers, SSH keys and uploaded scripts."""

import hashlib
import io
import re
from pathlib import Path
from typing import Any

from c3tui.clients.maas.answers import Denied
from c3tui.clients.maas.fields import as_list, as_object, text
from c3tui.clients.maas.inventory import Caller
from c3tui.clients.maas.records import Script, parse_script
from c3tui.clients.maas.site import BootImage, RackController, parse_image, parse_rack
from c3tui.engine.errors import InputError, Refused

_METADATA = re.compile(
    rb"# --- Start MAAS 1\.0 script metadata ---\n(?P<fields>.*?)# --- End MAAS 1\.0 script metadata ---",
    re.S,
)
_NAME = re.compile(rb"^# name: *(?P<name>[\w-]+) *$", re.M)


class Settings(Caller):
    """What belongs to MAAS itself."""

    async def config(self, name: str) -> Any:
        """A setting of MAAS: text, number, boolean or None, as it is.

        Raises:
            Refused: MAAS has no such setting.
            PeerError: MAAS does not answer.
        """
        return await self.wire.get("MAAS.get_config", {"name": name}, where=f"setting {name}")

    async def boot_images(self) -> list[BootImage]:
        """The images MAAS has imported.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        raw = await self.wire.get("BootResources.read")
        return [parse_image(one) for one in as_list(raw, "boot images")]

    async def rack_controllers(self) -> list[RackController]:
        """The rack controllers; without one MAAS boots and powers nothing.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        raw = await self.wire.get("RackControllers.read")
        return [parse_rack(one) for one in as_list(raw, "rack controllers")]

    async def ensure_ssh_key(self, public: str) -> bool:
        """See that deployed servers let this public key in; it is added to our MAAS user.

        Args:
            public: one line, ``ssh-ed25519 AAAA... comment``.

        Returns:
            Whether it had to be added.

        Raises:
            InputError: it is no public key.
            Refused: MAAS does not take it.
            PeerError: MAAS does not answer.
        """
        wanted = public.split()[:2]
        if len(wanted) != 2 or "PRIVATE" in public:
            raise InputError("this is no SSH public key", where="endpoints.ssh.key_file")
        keys = as_list(await self.wire.get("SSHKeys.read"), "SSH keys")
        if any(text(key, "key").split()[:2] == wanted for key in keys):
            return False
        await self.wire.send("SSHKeys.create", {"key": public.strip()}, where="SSH key")
        return True

    async def ensure_script(self, path: Path) -> bool:
        """See that MAAS has this script as it is in the file; its metadata stands in the file.

        Returns:
            Whether it had to be uploaded.

        Raises:
            InputError: the file cannot be read, or has no MAAS metadata with a name.
            Refused: MAAS does not take it, or has a builtin of that name.
            PeerError: MAAS does not answer.
        """
        name, content = _read_script(path)
        where = f"script {name}"
        there = await self._script(name)
        if there is not None and there.builtin:
            raise Refused("MAAS has a builtin script of that name", where=where, remedy="Rename it.")
        if there is not None and await self.wire.get("NodeScript.download", uri={"name": name}) == content:
            return False
        form = {
            "comment": f"sha256 {hashlib.sha256(content).hexdigest()[:12]}",
            # An opener makes it a file upload, which MAAS takes byte by byte.
            "script": lambda: io.BytesIO(content),
        }
        if there is None:
            await self.wire.send("NodeScripts.create", form, where=where)
        else:
            await self.wire.send("NodeScript.update", form, uri={"name": name}, where=where)
        return True

    async def _script(self, name: str) -> Script | None:
        try:
            raw = await self.wire.get("NodeScript.read", uri={"name": name})
        except Denied as error:
            if error.status == 404:
                return None
            raise
        return parse_script(as_object(raw, "script"))


def _read_script(path: Path) -> tuple[str, bytes]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the script: {error.strerror}", where=str(path)) from None
    metadata = _METADATA.search(content)
    name = _NAME.search(metadata["fields"]) if metadata else None
    if name is None:
        raise InputError("the script has no MAAS metadata with a name in it", where=str(path))
    return name["name"].decode(), content
