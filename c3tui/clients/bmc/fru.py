"""The inventory a server carries about itself (IPMI 2.0, chapter 34): serial, product, maker."""

from c3tui.clients.bmc.exchange import BAD_FIELD, STORAGE, TOO_LONG, UNSPECIFIED, Ask, Denied, need, printable

_CHUNK, _SMALLEST = 128, 16
_TOO_MUCH = (0xC9, 0xCA, TOO_LONG, BAD_FIELD, 0xC7, UNSPECIFIED)
_FIELDS = {
    "serial": "Serial Number",
    "product": "Product name",
    "manufacturer": "Manufacturer",
    "board_serial": "Board serial number",
    "board_product": "Board product name",
}


async def inventory(ask: Ask) -> dict[str, str]:
    """``serial``, ``product``, ``manufacturer``, ``board_serial``, ``board_product``: those filled in."""
    area = need(await ask(STORAGE, 0x10, b"\x00"), 3, "FRU inventory area info")
    size, in_words = int.from_bytes(area[:2], "little"), area[2] & 1
    raw = b""
    chunk = min(_CHUNK, size)
    while len(raw) < size:
        wanted = min(chunk, size - len(raw))
        unit = 2 if in_words else 1
        request = b"\x00" + (len(raw) // unit).to_bytes(2, "little") + bytes([max(wanted // unit, 1)])
        try:
            answer = need(await ask(STORAGE, 0x11, request), 1, "FRU data")
        except Denied as refusal:
            if refusal.code not in _TOO_MUCH or chunk <= _SMALLEST:
                raise
            chunk = max(chunk // 2, _SMALLEST)
            continue
        if len(answer) < 2:
            break
        raw += answer[1 : 1 + answer[0] * unit]
    return parse(raw)


def parse(raw: bytes) -> dict[str, str]:
    """The fields C3 uses, from the raw area (Platform Management FRU Information Storage Definition)."""
    from pyghmi.ipmi.fru import FRU

    try:
        info = FRU(rawdata=raw).info or {}
    except Exception:
        # Half-programmed areas are common, and the parser trips over them in many ways.
        return {}
    found = {key: info.get(field) for key, field in _FIELDS.items()}
    texts = {key: printable(value.strip()) for key, value in found.items() if isinstance(value, str)}
    return {key: value for key, value in texts.items() if value}
