"""Spans of addresses with their purposes, as the subnet operations of the API list them."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any


@dataclass(frozen=True)
class Span:
    """Addresses from ``start`` to ``end``, both included, as numbers."""

    start: int
    end: int
    purposes: frozenset[str] = frozenset()

    @classmethod
    def single(cls, address: str, purpose: str) -> "Span":
        """One address."""
        number = int(IPv4Address(address))
        return cls(number, number, frozenset({purpose}))

    @property
    def size(self) -> int:
        """How many addresses."""
        return self.end - self.start + 1

    def as_json(self) -> dict[str, Any]:
        """As the API writes it."""
        return {
            "start": str(IPv4Address(self.start)),
            "end": str(IPv4Address(self.end)),
            "num_addresses": self.size,
            "purpose": sorted(self.purposes),
        }


def merged(spans: list[Span]) -> list[Span]:
    """Spans by address: overlapping ones become one, and neighbours of the same purpose."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        last = found[-1] if found else None
        touches = last is not None and span.start == last.end + 1 and span.purposes == last.purposes
        if last is not None and (span.start <= last.end or touches):
            found[-1] = Span(last.start, max(last.end, span.end), last.purposes | span.purposes)
        else:
            found.append(span)
    return found


def gaps(spans: list[Span], network: IPv4Network) -> list[Span]:
    """What lies between merged spans, network and broadcast address excluded."""
    free: list[Span] = []
    position, last = int(network.network_address) + 1, int(network.broadcast_address) - 1
    for span in spans:
        if span.start > position:
            free.append(Span(position, span.start - 1))
        position = max(position, span.end + 1)
    if position <= last:
        free.append(Span(position, last))
    return free
