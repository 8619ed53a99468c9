"""Who holds which node address and pod slice: bound to a server's name until it is confirmed gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address

from pydantic import Field

from c3tui.model.base import Document, utc_now
from c3tui.model.fleet import Server
from c3tui.model.network import ClusterNetwork, Placement4, node_addresses, room_for_nodes


class Binding(Document):
    """A server's name and the index of its addresses; ``id`` is the name."""

    kind = "binding"

    index: int
    """Counts both the node range and the slices of the pod block from 0."""
    bound_at: datetime = Field(default_factory=utc_now)
    released_at: datetime | None = None
    """When somebody confirmed that the server is gone; until then nobody else gets the index."""
    released_by: str = ""

    @property
    def held(self) -> bool:
        """Whether the index still belongs to this name."""
        return self.released_at is None


@dataclass(frozen=True)
class Holdings:
    """What the record says about addresses: who is bound to what, and what servers carry already."""

    bindings: tuple[Binding, ...] = ()
    servers: tuple[Server, ...] = field(default=())


def assign(names: Iterable[str], bindings: Iterable[Binding] = ()) -> dict[str, int]:
    """The index of each name, in the order given.

    A name that holds an index keeps it. One that had released its own gets it back if nobody else has it.
    The others get the lowest indexes that nobody holds, in the order of the names; an index that belongs
    to a name outside the list stays with that name.
    """
    wanted = list(dict.fromkeys(names))
    bound = {each.id: each for each in bindings}
    given = {name: bound[name].index for name in wanted if name in bound and bound[name].held}
    taken = {each.index for each in bound.values() if each.held}
    for name in wanted:
        if name not in given and name in bound and bound[name].index not in taken:
            given[name] = bound[name].index
            taken.add(bound[name].index)
    free = 0
    for name in wanted:
        if name in given:
            continue
        while free in taken:
            free += 1
        given[name] = free
        taken.add(free)
    return {name: given[name] for name in wanted}


def placements(network: ClusterNetwork, indexes: Mapping[str, int]) -> dict[str, Placement4]:
    """The addresses of each name; left out is whom the network has no room for."""
    room = room_for_nodes(network)
    return {name: node_addresses(network, index) for name, index in indexes.items() if 0 <= index < room}


def index_of(network: ClusterNetwork, address: str) -> int | None:
    """The index that an address of the node range belongs to, or None."""
    try:
        found = IPv4Address(address)
    except ValueError:
        return None
    return int(found) - int(network.nodes.start) if found in network.nodes else None


def with_carried(network: ClusterNetwork, holdings: Holdings) -> list[Binding]:
    """The bindings on record, and one for each server that carries an address and has none yet."""
    known = {each.id: each for each in holdings.bindings}
    taken = {each.index for each in known.values() if each.held}
    for server in holdings.servers:
        index = index_of(network, server.address) if server.address else None
        if server.name not in known and index is not None and index not in taken:
            known[server.name] = Binding(id=server.name, index=index)
            taken.add(index)
    return list(known.values())
