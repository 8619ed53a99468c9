"""What ``kubectl get`` shows of each kind: column names and how their cells are computed."""

from collections.abc import Callable
from typing import Any

from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.objects import Object, age, condition, dig, is_true, labels, name

Cells = Callable[[Object], list[Any]]
NONE, UNSET = "<none>", "<unset>"


def duration(seconds: float) -> str:
    """An age as kubectl writes it: ``5s``, ``8m52s``, ``26h``."""
    total = max(0, int(seconds))
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 120:
        return f"{total}s"
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    return f"{days}d{hours % 24}h" if days < 8 and hours % 24 else f"{days}d"


def since(item: Object) -> str:
    """The age of an object."""
    return duration(age(item["metadata"]["creationTimestamp"]))


def _node(item: Object) -> list[Any]:
    words = [("Ready" if is_true(item, "Ready") else "NotReady") if condition(item, "Ready") else "Unknown"]
    if dig(item, "spec", "unschedulable"):
        words.append("SchedulingDisabled")
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key.removeprefix(prefix) for key in labels(item) if key.startswith(prefix))
    info = dig(item, "status", "nodeInfo", default={})
    inside = [a["address"] for a in dig(item, "status", "addresses", default=[]) if a["type"] == "InternalIP"]
    wide = [
        inside[0] if inside else NONE,
        NONE,
        info.get("osImage", "<unknown>"),
        info.get("kernelVersion", "<unknown>"),
    ]
    wide.append(info.get("containerRuntimeVersion", "<unknown>"))
    return [
        name(item),
        ",".join(words),
        ",".join(roles) or NONE,
        since(item),
        info.get("kubeletVersion", ""),
        *wide,
    ]


def _containers(item: Object) -> list[str]:
    found = dig(item, "spec", "template", "spec", "containers", default=[])
    return [",".join(c["name"] for c in found), ",".join(c.get("image", "") for c in found)]


def _selector(item: Object) -> str:
    wanted = dig(item, "spec", "selector", "matchLabels", default={})
    return ",".join(f"{key}={wanted[key]}" for key in sorted(wanted)) or NONE


def _deployment(item: Object) -> list[Any]:
    status = item.get("status") or {}
    ready = f"{status.get('readyReplicas', 0)}/{item['spec'].get('replicas', 1)}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    return [name(item), ready, *counts, since(item), *_containers(item), _selector(item)]


def _daemonset(item: Object) -> list[Any]:
    status = item.get("status") or {}
    fields = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    counts = [status.get(field, 0) for field in fields]
    wanted = dig(item, "spec", "template", "spec", "nodeSelector", default={})
    nodes = ",".join(f"{key}={wanted[key]}" for key in sorted(wanted)) or NONE
    return [name(item), *counts, nodes, since(item), *_containers(item), _selector(item)]


def _job(item: Object) -> list[Any]:
    status = item.get("status") or {}
    word = "Complete" if is_true(item, "Complete") else "Failed" if is_true(item, "Failed") else "Running"
    took = ""
    if status.get("startTime"):
        end = age(status["completionTime"]) if status.get("completionTime") else 0.0
        took = duration(age(status["startTime"]) - end)
    done = f"{status.get('succeeded', 0)}/{item['spec'].get('completions', 1)}"
    return [name(item), word, done, took, since(item), *_containers(item), _selector(item)]


def _pod(item: Object) -> list[Any]:
    states = dig(item, "status", "containerStatuses", default=[])
    total = len(dig(item, "spec", "containers", default=[]))
    waiting = [dig(state, "state", "waiting", "reason") for state in states]
    word = next((reason for reason in waiting if reason), dig(item, "status", "phase", default="Unknown"))
    if word == "Succeeded":
        word = "Completed"
    if item["metadata"].get("deletionTimestamp"):
        word = "Terminating"
    ready = f"{sum(bool(state.get('ready')) for state in states)}/{total}"
    restarts = str(sum(state.get("restartCount", 0) for state in states))
    where = [dig(item, "status", "podIP", default=NONE), dig(item, "spec", "nodeName", default=NONE)]
    return [name(item), ready, word, restarts, since(item), *where, NONE, NONE]


def _modes(modes: list[str]) -> str:
    short = {
        "ReadWriteOnce": "RWO",
        "ReadOnlyMany": "ROX",
        "ReadWriteMany": "RWX",
        "ReadWriteOncePod": "RWOP",
    }
    return ",".join(short.get(mode, mode) for mode in modes)


def _claim(item: Object) -> list[Any]:
    spec = item["spec"]
    capacity = dig(item, "status", "capacity", "storage", default="")
    modes = _modes(dig(item, "status", "accessModes", default=[]))
    head = [name(item), dig(item, "status", "phase", default=""), spec.get("volumeName", ""), capacity, modes]
    return [*head, spec.get("storageClassName", UNSET), UNSET, since(item), spec.get("volumeMode", UNSET)]


def _volume(item: Object) -> list[Any]:
    spec = item["spec"]
    claim = (
        f"{dig(spec, 'claimRef', 'namespace', default='')}/{dig(spec, 'claimRef', 'name', default='')}".strip(
            "/"
        )
    )
    head = [name(item), dig(spec, "capacity", "storage", default=""), _modes(spec.get("accessModes", []))]
    state = [
        spec.get("persistentVolumeReclaimPolicy", "Delete"),
        dig(item, "status", "phase", default=""),
        claim,
    ]
    return [
        *head,
        *state,
        spec.get("storageClassName", ""),
        UNSET,
        "",
        since(item),
        spec.get("volumeMode", UNSET),
    ]


def _storage_class(item: Object) -> list[Any]:
    default = dig(item, "metadata", "annotations", default={}).get(
        "storageclass.kubernetes.io/is-default-class"
    )
    shown = f"{name(item)} (default)" if default == "true" else name(item)
    policy = [item.get("reclaimPolicy", "Delete"), item.get("volumeBindingMode", "Immediate")]
    return [shown, item.get("provisioner", ""), *policy, item.get("allowVolumeExpansion", False), since(item)]


def _event(item: Object) -> list[Any]:
    about = item.get("involvedObject") or {}
    last = item.get("lastTimestamp") or item.get("eventTime") or item["metadata"]["creationTimestamp"]
    first = item.get("firstTimestamp") or last
    what = f"{about.get('kind', '').lower()}/{about.get('name', '')}"
    source = dig(item, "source", "component", default=item.get("reportingComponent", ""))
    head = [
        duration(age(last)),
        item.get("type", ""),
        item.get("reason", ""),
        what,
        about.get("fieldPath", ""),
        source,
    ]
    return [*head, item.get("message", ""), duration(age(first)), item.get("count", 1), name(item)]


_KINDS: dict[str, tuple[str, Cells]] = {
    "Node": (
        "Name Status Roles Age Version "
        "+Internal-IP +External-IP +OS-Image +Kernel-Version +Container-Runtime",
        _node,
    ),
    "Namespace": ("Name Status Age", lambda i: [name(i), dig(i, "status", "phase", default=""), since(i)]),
    "Deployment": ("Name Ready Up-to-date Available Age +Containers +Images +Selector", _deployment),
    "DaemonSet": (
        "Name Desired Current Ready Up-to-date Available Node_Selector Age +Containers +Images +Selector",
        _daemonset,
    ),
    "Job": ("Name Status Completions Duration Age +Containers +Images +Selector", _job),
    "Pod": ("Name Ready Status Restarts Age +IP +Node +Nominated_Node +Readiness_Gates", _pod),
    "PersistentVolumeClaim": (
        "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age +VolumeMode",
        _claim,
    ),
    "PersistentVolume": (
        "Name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass "
        "Reason Age +VolumeMode",
        _volume,
    ),
    "StorageClass": (
        "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age",
        _storage_class,
    ),
    "Event": ("Last_Seen Type Reason Object +Subobject +Source Message +First_Seen +Count +Name", _event),
    "ConfigMap": ("Name Data Age", lambda i: [name(i), len(i.get("data") or {}), since(i)]),
    "Secret": (
        "Name Type Data Age",
        lambda i: [name(i), i.get("type", ""), len(i.get("data") or {}), since(i)],
    ),
}


def columns_of(kind: Kind) -> tuple[list[Object], Cells]:
    """The column definitions of a built-in kind and the function that fills a row."""
    default = ("Name Created_At", lambda item: [name(item), item["metadata"]["creationTimestamp"]])
    text, cells = _KINDS.get(kind.kind, default)
    found = []
    for word in text.split():
        title = word.removeprefix("+").replace("_", " ")
        wide = int(word.startswith("+"))
        type_ = "date" if title == "Created At" else "string"
        found.append(definition(title, type_, wide))
    return found, cells


def definition(title: str, type_: str, priority: int, description: str = "") -> Object:
    """One column definition."""
    format_ = "name" if title == "Name" else ""
    return {"name": title, "type": type_, "format": format_, "description": description, "priority": priority}
