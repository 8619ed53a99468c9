"""Bodies of requests: urlencoded, or multipart with the base64 parts that python-libmaas sends."""

from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from aiohttp import web

from c3tui.lab.maas.wire import Fields


async def form_of(request: web.Request) -> Fields:
    """The fields of a POST or PUT; uploaded files count as texts."""
    if request.method not in ("POST", "PUT"):
        return Fields([])
    body = await request.read()
    if request.content_type.startswith("multipart/"):
        return Fields(_parts(request.headers["Content-Type"], body))
    text = body.decode(errors="replace")
    return Fields(parse_qsl(text, keep_blank_values=True))


def _parts(content_type: str, body: bytes) -> list[tuple[str, str]]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    found = []
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found.append((name, content.decode(errors="replace")))
    return found
