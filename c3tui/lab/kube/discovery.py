"""What the server says it serves: versions, groups, resources, and as much OpenAPI as kubectl reads."""

import hashlib
import json

from c3tui.lab.kube.kinds import ALL_VERBS, Kind, Kinds
from c3tui.lab.kube.objects import Object
from c3tui.lab.kube.status import PlainError, no_resource

VERSION: Object = {
    "major": "1",
    "minor": "35",
    "emulationMajor": "1",
    "emulationMinor": "35",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "34",
    "gitVersion": "v1.35.4",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-06-10T00:00:00Z",
    "goVersion": "go1.26.3",
    "compiler": "gc",
    "platform": "linux/amd64",
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
REVIEWS = {
    "authorization.k8s.io": ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    "authentication.k8s.io": ("selfsubjectreviews", "SelfSubjectReview"),
}
"""Resources that only answer a POST, by group."""
OPENAPI_V2 = b"\x0a\x032.0"
"""A document without definitions, in protobuf: client-side apply merges without a schema then."""
OPENAPI_V2_MEDIA = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_SUB_VERBS = ["get", "patch", "update"]


def core_versions(address: str) -> Object:
    """``/api`` in the legacy form."""
    by_client = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": by_client}


def group_list(kinds: Kinds) -> Object:
    """``/apis`` in the legacy form."""
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(n, v) for n, v in _groups(kinds).items()],
    }


def group(kinds: Kinds, name: str) -> Object:
    """``/apis/GROUP``.

    Raises:
        PlainError: there is no such group.
    """
    versions = _groups(kinds).get(name)
    if not versions:
        raise PlainError
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def resource_list(kinds: Kinds, name: str, version: str) -> Object:
    """``/api/v1`` or ``/apis/GROUP/VERSION``.

    Raises:
        PlainError: there is no such group.
        ApiError: the group has no such version.
    """
    if name and name not in _groups(kinds):
        raise PlainError
    served = [kind for kind in kinds.all() if (kind.group, kind.version) == (name, version)]
    if not served and name not in REVIEWS:
        raise no_resource()
    resources: list[Object] = []
    for kind in sorted(served, key=lambda kind: kind.plural):
        resources += _resources(kind)
    if name in REVIEWS:
        plural, shown = REVIEWS[name]
        resources.append(
            {
                "name": plural,
                "singularName": shown.lower(),
                "namespaced": False,
                "kind": shown,
                "verbs": ["create"],
            }
        )
    head: Object = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if name else {})
    return head | {"groupVersion": f"{name}/{version}" if name else version, "resources": resources}


def aggregated(kinds: Kinds, *, core: bool) -> Object:
    """``/api`` or ``/apis`` in the aggregated form of kubectl 1.26 and later."""
    items = []
    for name, versions in ({"": ["v1"]} if core else _groups(kinds)).items():
        found = [{"version": version, "resources": _discovery(kinds, name, version)} for version in versions]
        meta = {"name": name} if name else {}
        items.append({"metadata": meta, "versions": [{**one, "freshness": "Current"} for one in found]})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def openapi_index(kinds: Kinds) -> Object:
    """``/openapi/v3``: where each group's document is."""
    paths = {}
    for name, versions in kinds.groups().items():
        for version in versions:
            path = f"apis/{name}/{version}" if name else f"api/{version}"
            digest = etag(openapi(kinds, name, version)).strip('"')
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def openapi(kinds: Kinds, name: str, version: str) -> Object:
    """The OpenAPI v3 document of a group, in the little that kubectl reads: the parameters of PATCH."""
    paths: Object = {}
    for kind in kinds.all():
        if (kind.group, kind.version) == (name, version):
            base = f"/apis/{name}/{version}" if name else f"/api/{version}"
            space = "/namespaces/{namespace}" if kind.namespaced else ""
            paths[f"{base}{space}/{kind.plural}/{{name}}"] = {"patch": _patch_operation(kind)}
    info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}


def etag(document: Object) -> str:
    """The ETag of an answer."""
    return f'"{hashlib.sha512(json.dumps(document, sort_keys=True).encode()).hexdigest().upper()}"'


def _groups(kinds: Kinds) -> dict[str, list[str]]:
    return {n: v for n, v in kinds.groups().items() if n} | {key: ["v1"] for key in REVIEWS}


def _group(name: str, versions: list[str]) -> Object:
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def _resources(kind: Kind) -> list[Object]:
    base: Object = {"name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced}
    base |= {"kind": kind.kind, "verbs": list(ALL_VERBS)}
    if kind.short:
        base["shortNames"] = list(kind.short)
    if kind.categories:
        base["categories"] = list(kind.categories)
    found = [base]
    for sub, shown in _subresources(kind):
        more: Object = {"name": f"{kind.plural}/{sub}", "singularName": "", "namespaced": kind.namespaced}
        if sub == "scale":
            more |= {"group": "autoscaling", "version": "v1"}
        found.append(more | {"kind": shown, "verbs": ["get"] if sub == "log" else list(_SUB_VERBS)})
    return found


def _subresources(kind: Kind) -> list[tuple[str, str]]:
    found = [("log", "Pod")] if kind.kind == "Pod" else []
    found += [("scale", "Scale")] if kind.scale else []
    return found + ([("status", kind.kind)] if kind.status else [])


def _discovery(kinds: Kinds, name: str, version: str) -> list[Object]:
    found = []
    for kind in sorted(kinds.all(), key=lambda kind: kind.plural):
        if (kind.group, kind.version) == (name, version):
            found.append(_discovered(kind))
    if name in REVIEWS:
        plural, shown = REVIEWS[name]
        found.append(
            {
                "resource": plural,
                "responseKind": {"group": name, "version": version, "kind": shown},
                "scope": "Cluster",
                "singularResource": shown.lower(),
                "verbs": ["create"],
            }
        )
    return found


def _discovered(kind: Kind) -> Object:
    answer = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    found: Object = {
        "resource": kind.plural,
        "responseKind": answer,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(ALL_VERBS),
    }
    if kind.short:
        found["shortNames"] = list(kind.short)
    if kind.categories:
        found["categories"] = list(kind.categories)
    subs = [
        {"subresource": sub, "responseKind": {**answer, "kind": shown}, "verbs": _SUB_VERBS}
        for sub, shown in _subresources(kind)
    ]
    return found | ({"subresources": subs} if subs else {})


def _patch_operation(kind: Kind) -> Object:
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in names
    ]
    about = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    return {
        "parameters": parameters,
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": about,
        "responses": {"200": {"description": "OK"}},
    }
