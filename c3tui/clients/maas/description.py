"""The description MAAS gives of itself, pointed at the address the engineer typed."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pydantic import SecretStr

from c3tui.engine.errors import BadAnswer, InputError

_URL_REMEDY = "Give the URL as in a browser, such as http://maas.example:5240/MAAS/."
_API = "/api/2.0/"


def api_url(url: str) -> str:
    """The address of API 2.0 behind the URL that a person types, with a slash at its end.

    Raises:
        InputError: no http or https URL, or one with a login in it.
    """
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise InputError(
            "the MAAS URL is malformed", where="endpoints.maas.url", remedy=_URL_REMEDY
        ) from None
    if not valid:
        raise InputError("the MAAS URL is malformed", where="endpoints.maas.url", remedy=_URL_REMEDY)
    if parts.username or parts.password:
        raise InputError(
            "the MAAS URL must hold no login",
            where="endpoints.maas.url",
            remedy="The API key belongs into the site's secrets.",
        )
    path = parts.path.rstrip("/").removesuffix("/api/2.0") + _API
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def split_key(api_key: SecretStr) -> tuple[str, str, str]:
    """Consumer key, token key and token secret of an API key.

    Raises:
        InputError: it has not three parts.
    """
    parts = api_key.get_secret_value().strip().split(":")
    if len(parts) != 3 or not all(part and part.isascii() and part.isprintable() for part in parts):
        raise InputError(
            "the MAAS API key is malformed",
            where="secrets, maas_api_key",
            remedy="It has three parts with colons between them, consumer:token:secret; copy it whole.",
        )
    consumer, token, secret = parts
    return consumer, token, secret


def pointed_at(description: object, url: str) -> dict[str, Any]:
    """The description with every ``uri`` on the scheme, host and port of ``url``.

    MAAS builds these from the host name it was asked by, which behind a tunnel, NAT or reverse proxy is
    not the one that leads back to it.

    Raises:
        BadAnswer: it does not describe a MAAS.
    """
    if not isinstance(description, dict) or not isinstance(description.get("resources"), list):
        raise not_a_maas(url)
    target = urlsplit(url)
    for handler in _handlers(description, url):
        handler["uri"] = _moved(handler, target, url)
    return description


def _handlers(description: dict[str, Any], url: str) -> Iterator[dict[str, Any]]:
    for resource in description["resources"]:
        if not isinstance(resource, dict) or not {"anon", "auth"} <= resource.keys():
            raise not_a_maas(url)
        for handler in (resource["anon"], resource["auth"]):
            if handler is None:
                continue
            if not isinstance(handler, dict) or not {"name", "uri", "params", "actions"} <= handler.keys():
                raise not_a_maas(url)
            yield handler


def _moved(handler: dict[str, Any], target: SplitResult, url: str) -> str:
    try:
        here = urlsplit(str(handler["uri"]))
    except ValueError:
        raise not_a_maas(url) from None
    return urlunsplit((target.scheme, target.netloc, here.path, "", ""))


def not_a_maas(url: str) -> BadAnswer:
    """The error for a server that answers, but not as a MAAS region."""
    return BadAnswer("this is no MAAS region with API 2.0", where=url, remedy=_URL_REMEDY)
