"""What the server adds to built-in objects and refuses about them, beside any schema."""

import json
import re
from collections.abc import Callable

from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.objects import Object, dig, name
from c3tui.lab.kube.status import ApiError, Cause, invalid

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_FREE_NAMES = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})
_UNITS = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
}


def quantity(text: str) -> int:
    """Bytes of ``1Gi`` and the like; 0 when it is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]*)", str(text))
    return int(float(match[1]) * _UNITS.get(match[2], 1)) if match else 0


def meta_causes(kind: Kind, item: Object) -> list[Cause]:
    """What is wrong with the name and the labels."""
    called = name(item)
    if not called:
        return [
            Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
        ]
    causes = []
    if kind.kind not in _FREE_NAMES and not _SUBDOMAIN.fullmatch(called):
        text = f"Invalid value: {json.dumps(called)}: {_NAME_RULE}"
        causes.append(Cause("FieldValueInvalid", text, "metadata.name"))
    for key, value in (item["metadata"].get("labels") or {}).items():
        part = key.rpartition("/")[2]
        if not part or len(part) > 63 or not _LABEL.fullmatch(part):
            text = f"Invalid value: {json.dumps(key)}: {_KEY_RULE}"
            causes.append(Cause("FieldValueInvalid", text, "metadata.labels"))
        if len(str(value)) > 63 or not _LABEL.fullmatch(str(value)):
            text = f"Invalid value: {json.dumps(value)}: a valid label must be an empty string or consist of "
            text += "alphanumeric characters, '-', '_' or '.', and be at most 63 characters"
            causes.append(Cause("FieldValueInvalid", text, "metadata.labels"))
    return causes


def admit(kind: Kind, item: Object, old: Object | None) -> Object:
    """The object with the server's defaults.

    Raises:
        ApiError: 422 for what the built-in type forbids.
    """
    fill = _FILL.get(kind.kind)
    if fill and not kind.custom:
        item = fill(item, old)
    return item


def finalizer_warnings(item: Object) -> list[str]:
    """Warnings about finalizers that name no domain path."""
    text = "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with "
    return [
        f'metadata.finalizers: "{finalizer}": {text}other finalizer writers'
        for finalizer in item["metadata"].get("finalizers") or []
        if "/" not in finalizer and finalizer not in ("orphan", "foregroundDeletion", "kubernetes")
    ]


def _namespace(item: Object, old: Object | None) -> Object:
    meta = item["metadata"]
    labels = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta["name"]}
    filled = {
        **item,
        "metadata": {**meta, "labels": labels},
        "spec": item.get("spec") or {"finalizers": ["kubernetes"]},
    }
    return filled if old else filled | {"status": {"phase": "Active"}}


def _node(item: Object, old: Object | None) -> Object:
    filled: Object = {"spec": {}} | item
    fields = """machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeletVersion
    kubeProxyVersion operatingSystem architecture"""
    blank = {
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
        "nodeInfo": dict.fromkeys(fields.split(), ""),
    }
    return filled if old else {"status": blank} | filled


def _workload(item: Object, old: Object | None) -> Object:
    spec = dict(item.get("spec") or {})
    spec.setdefault("replicas", 1)
    if item["kind"] == "Deployment":
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
        spec.setdefault("strategy", rolling)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    return _templated(item, spec)


def _daemonset(item: Object, old: Object | None) -> Object:
    spec = dict(item.get("spec") or {})
    spec.setdefault("revisionHistoryLimit", 10)
    return _templated(item, spec)


def _templated(item: Object, spec: Object) -> Object:
    wanted = dig(spec, "selector", "matchLabels", default={})
    given = dig(spec, "template", "metadata", "labels", default={})
    if not wanted or any(given.get(key) != value for key, value in wanted.items()):
        text = f"Invalid value: {json.dumps(given, sort_keys=True, separators=(',', ':'))}: "
        cause = Cause(
            "FieldValueInvalid",
            text + "`selector` does not match template `labels`",
            "spec.template.metadata.labels",
        )
        raise invalid(item["kind"], "apps", name(item), [cause])
    return {"status": {}} | item | {"spec": _pod_template(spec)}


def _pod_template(spec: Object, restart: str = "Always") -> Object:
    template = dict(spec.get("template") or {})
    return spec | {"template": template | {"spec": _pod_spec(template.get("spec") or {}, restart)}}


def _pod_spec(spec: Object, restart: str = "Always") -> Object:
    defaults: Object = {
        "restartPolicy": restart,
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }
    return defaults | spec | {"containers": [_container(one) for one in spec.get("containers") or []]}


def _container(spec: Object) -> Object:
    image = str(spec.get("image", ""))
    tag = image.rpartition("/")[2].partition(":")[2]
    defaults = {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always" if tag in ("", "latest") else "IfNotPresent",
    }
    return defaults | spec


def _pod(item: Object, old: Object | None) -> Object:
    filled = item | {"spec": _pod_spec(item.get("spec") or {})}
    return filled if old else filled | {"status": {"phase": "Pending", "qosClass": "BestEffort"}}


def _job(item: Object, old: Object | None) -> Object:
    spec = dict(item.get("spec") or {})
    defaults = {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "manualSelector": False,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    }
    return {"status": {}} | item | {"spec": _pod_template(defaults | spec, "Never")}


def _service(item: Object, old: Object | None) -> Object:
    spec = {"type": "ClusterIP", "sessionAffinity": "None"} | (item.get("spec") or {})
    return {"status": {"loadBalancer": {}}} | item | {"spec": spec}


def _definition(item: Object, old: Object | None) -> Object:
    spec = item["spec"]
    wanted = f"{dig(spec, 'names', 'plural', default='')}.{spec.get('group', '')}"
    if name(item) != wanted:
        text = f'Invalid value: "{name(item)}": must be spec.names.plural+"."+spec.group'
        raise invalid(
            item["kind"],
            "apiextensions.k8s.io",
            name(item),
            [Cause("FieldValueInvalid", text, "metadata.name")],
        )
    names = {"singular": spec["names"]["kind"].lower(), "listKind": f"{spec['names']['kind']}List"} | spec[
        "names"
    ]
    filled = item | {"spec": {"conversion": {"strategy": "None"}} | spec | {"names": names}}
    stored = [version["name"] for version in spec.get("versions", []) if version.get("storage")]
    fresh = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored}
    return filled if old else filled | {"status": fresh}


def _storage_class(item: Object, old: Object | None) -> Object:
    filled = {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"} | item
    if old:
        causes = []
        for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
            if old.get(field) != filled.get(field):
                shown = json.dumps(filled.get(field), sort_keys=True, separators=(",", ":"))
                causes.append(
                    Cause("FieldValueInvalid", f"Invalid value: {shown}: field is immutable", field)
                )
        if causes:
            raise invalid("StorageClass", "storage.k8s.io", name(item), causes)
    return filled


def _claim(item: Object, old: Object | None) -> Object:
    spec = {"volumeMode": "Filesystem"} | (item.get("spec") or {})
    if old:
        _check_claim(item, spec, old)
        return item | {"spec": spec}
    meta = dict(item["metadata"])
    meta["finalizers"] = [*(meta.get("finalizers") or []), "kubernetes.io/pvc-protection"]
    return item | {"metadata": meta, "spec": spec, "status": {"phase": "Pending"}}


def _check_claim(item: Object, spec: Object, old: Object) -> None:
    held = quantity(dig(old, "status", "capacity", "storage", default=""))
    asked = quantity(dig(spec, "resources", "requests", "storage", default=""))
    text, field = "", ""
    if asked < held:
        field = "spec.resources.requests.storage"
        text = "Forbidden: field can not be less than status.capacity"
    elif spec.get("storageClassName") != old["spec"].get("storageClassName"):
        field = "spec"
        text = "Forbidden: spec is immutable after creation except resources.requests and "
        text += "volumeAttributesClassName for bound claims"
    if text:
        raise invalid("PersistentVolumeClaim", "", name(item), [Cause("FieldValueForbidden", text, field)])


def _volume(item: Object, old: Object | None) -> Object:
    item = item | {"spec": {"volumeMode": "Filesystem"} | (item.get("spec") or {})}
    if old:
        return item
    meta = dict(item["metadata"])
    meta["finalizers"] = [*(meta.get("finalizers") or []), "kubernetes.io/pv-protection"]
    return item | {"metadata": meta, "status": {"phase": "Pending"}}


def _event(item: Object, old: Object | None) -> Object:
    return {"eventTime": None, "reportingComponent": "", "reportingInstance": ""} | item


def _secret(item: Object, old: Object | None) -> Object:
    return {"type": "Opaque"} | item


_FILL: dict[str, Callable[[Object, Object | None], Object]] = {
    "Namespace": _namespace,
    "Node": _node,
    "Deployment": _workload,
    "ReplicaSet": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _daemonset,
    "Job": _job,
    "Pod": _pod,
    "Service": _service,
    "CustomResourceDefinition": _definition,
    "StorageClass": _storage_class,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "Secret": _secret,
    "Event": _event,
}


def refuse_terminating(kind: Kind, called: str, space: str) -> ApiError:
    """403: nothing is created in a namespace that is going away."""
    text = f'{kind.resource} "{called}" is forbidden: unable to create new content in namespace {space} '
    about: Object = {"name": called} | ({"group": kind.group} if kind.group else {}) | {"kind": kind.plural}
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {space} is being terminated",
        "field": "metadata.namespace",
    }
    return ApiError(403, text + "because it is being terminated", "Forbidden", about | {"causes": [cause]})
