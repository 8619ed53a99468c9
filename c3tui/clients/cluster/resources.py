"""Where objects of a kind live: learned from the API server's discovery."""

from dataclasses import dataclass

from c3tui.clients.cluster.refusals import ApiError
from c3tui.clients.cluster.wire import JsonDict, Wire
from c3tui.engine.errors import InputError


@dataclass(frozen=True)
class Resource:
    """A kind of object as the API server serves it."""

    api_version: str
    plural: str
    namespaced: bool

    def path(self, namespace: str = "", name: str = "") -> str:
        """The path of one object, or of all when ``name`` is empty."""
        space = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{_root(self.api_version)}{space}/{self.plural}" + (f"/{name}" if name else "")


class Discovery:
    """Resources by apiVersion and kind, asked once each."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: dict[tuple[str, str], Resource] = {}

    async def of(self, api_version: str, kind: str) -> Resource:
        """The resource of a kind.

        Raises:
            InputError: the API server does not serve that kind (yet).
            PeerError: it cannot be asked.
        """
        if found := await self.find(api_version, kind):
            return found
        raise InputError(
            f"the cluster does not know {kind} of {api_version}",
            where=self._wire.where,
            remedy="Are the definitions that bring it applied?",
        )

    async def find(self, api_version: str, kind: str) -> Resource | None:
        """The resource of a kind, or None when the API server does not serve it (yet).

        Raises:
            PeerError: it cannot be asked.
        """
        if (api_version, kind) not in self._known:
            try:
                served = await self._wire.request("GET", _root(api_version))
            except ApiError as error:
                if error.status != 404:
                    raise
                return None
            for each in served.get("resources") or []:
                self._learn(api_version, each)
        return self._known.get((api_version, kind))

    def _learn(self, api_version: str, served: JsonDict) -> None:
        if "/" not in served["name"]:
            self._known[(api_version, served["kind"])] = Resource(
                api_version, served["name"], bool(served["namespaced"])
            )


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
