"""Container logs, and the answers about pods that have none."""

from collections import defaultdict
from datetime import UTC, datetime

from c3tui.lab.kube.objects import Object, dig, name, namespace
from c3tui.lab.kube.status import ApiError, bad_request

KEPT = 5_000
"""Lines of one container."""


class Logs:
    """Lines by (namespace, pod, container)."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, str], list[str]] = defaultdict(list)

    def write(
        self, space: str, pod: str, container: str, text: str, *, level: str = "I", source: str = "op"
    ) -> None:
        """Add a line in the form of Rook's own log."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        lines = self._lines[space, pod, container]
        lines.append(f"{stamp} {level} | {source}: {text}")
        del lines[:-KEPT]

    def lines(self, space: str, pod: str, container: str) -> list[str]:
        """Everything a container said."""
        return self._lines[space, pod, container]

    def drop(self, space: str, pod: str) -> None:
        """Forget a pod."""
        for key in [key for key in self._lines if key[:2] == (space, pod)]:
            del self._lines[key]


def container_of(pod: Object, asked: str) -> str:
    """The container whose log a request wants.

    Raises:
        ApiError: 400 when it names none of several, one that is not there, or one that has not started.
    """
    names = [container["name"] for container in dig(pod, "spec", "containers", default=[])]
    if not asked and len(names) > 1:
        choices = " ".join(names)
        raise bad_request(
            f"a container name must be specified for pod {name(pod)}, choose one of: [{choices}]"
        )
    asked = asked or names[0]
    if asked not in names:
        raise bad_request(f"container {asked} is not valid for pod {name(pod)}")
    if dig(pod, "status", "phase") == "Pending" and dig(pod, "spec", "nodeName"):
        text = f'container "{asked}" in pod "{name(pod)}" is waiting to start: ContainerCreating'
        raise bad_request(text)
    return str(asked)


def unreachable(pod: Object, container: str) -> ApiError:
    """500: the node's kubelet does not answer."""
    node = dig(pod, "spec", "nodeName", default="")
    url = f"https://{node}:10250/containerLogs/{namespace(pod)}/{name(pod)}/{container}"
    return ApiError(500, f'Get "{url}": dial tcp: connect: no route to host')
