"""The connection to a MAAS region: makes it, checks who we are there, and holds all calls."""

import asyncio
from typing import Any, Self

from pydantic import SecretStr

from c3tui.clients.maas.answers import KEY_REMEDY
from c3tui.clients.maas.description import api_url, pointed_at, split_key
from c3tui.clients.maas.fields import as_object, text
from c3tui.clients.maas.networking import Networking
from c3tui.clients.maas.settings import Settings
from c3tui.clients.maas.testing import Testing
from c3tui.clients.maas.wire import Limits, Wire
from c3tui.engine.errors import Unauthorised


class Maas(Testing, Networking, Settings):
    """A MAAS region, as one administrator.

    All calls raise `c3tui.engine.errors.PeerError` and its kinds; none of them holds the API key.
    """

    @classmethod
    async def connect(cls, url: str, api_key: SecretStr, limits: Limits | None = None) -> Self:
        """Connect, and see that the key is good and an administrator's.

        Every later call goes to the host and port of ``url``, whatever host MAAS says it is.

        Args:
            url: as in a browser, ending in ``/MAAS/``.
            api_key: ``consumer:token:secret``.
            limits: time limits and retries, when the defaults do not suit.

        Raises:
            InputError: the URL or the key is malformed.
            Unreachable: nothing answers there.
            Unauthorised: the key is not accepted, or not an administrator's.
            BadAnswer: something answers that is no MAAS region.
        """
        base, key = api_url(url), split_key(api_key)
        # Together they take half a second to load.
        aiohttp, bones = await asyncio.to_thread(_libraries)
        http = aiohttp.ClientSession(
            # A kept connection that the server just closed would leave a POST in doubt.
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        wire = Wire(base, http, limits or Limits(), key)
        try:
            wire.api = bones.SessionAPI(pointed_at(await wire.describe(), base), key)
            wire.api.scheme = base.partition(":")[0]
            return cls(wire, await _administrator(wire), await _version(wire))
        except BaseException:
            await http.close()
            raise

    async def close(self) -> None:
        """Give the connection up."""
        await self.wire.http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _libraries() -> tuple[Any, Any]:
    import aiohttp
    from maas.client import bones

    return aiohttp, bones


async def _administrator(wire: Wire) -> str:
    user = as_object(await wire.get("Users.whoami"), "user")
    name = text(user, "username")
    if user.get("is_superuser") is not True:
        raise Unauthorised(f"MAAS user {name} is no administrator", where=wire.base, remedy=KEY_REMEDY)
    return name


async def _version(wire: Wire) -> str:
    return text(as_object(await wire.get("Version.read"), "version"), "version")
