"""From a read request to the answer's data: every verb on every resource, without HTTP."""

from dataclasses import dataclass, field, replace
from typing import Any

from c3tui.lab.kube import lists, patches, selectors, status, table
from c3tui.lab.kube.access import Attributes, User, allowed_by
from c3tui.lab.kube.api import Answer, Api
from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.discovery import REVIEWS
from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.lists import Page
from c3tui.lab.kube.objects import Object, dig, name, namespace, now
from c3tui.lab.kube.requests import Target, decode, options
from c3tui.lab.kube.shape import Shape

_REVIEW_KIND = Kind("", "v1", "reviews", "Review", namespaced=False)
_FORMS = ("json", "yaml", "protobuf", "*/*", "application/*")
"""What an Accept header must name one of; the answer is JSON whatever it prefers, and JSON is YAML."""
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass
class Call:
    """A request on a resource."""

    method: str
    target: Target
    query: dict[str, str]
    headers: dict[str, str]
    """With lower-case names."""
    body: bytes
    user: User

    @property
    def media(self) -> str:
        """The media type of the body."""
        return self.headers.get("content-type", "").split(";")[0].strip()

    @property
    def accept(self) -> str:
        """What forms of answer are taken."""
        return self.headers.get("accept", "")

    @property
    def watches(self) -> bool:
        """Whether a stream of changes is asked for; on a single object the parameter is ignored."""
        return self.method == "GET" and not self.target.name and self.query.get("watch") in ("true", "1")

    def wants(self) -> Attributes:
        """What authorisation judges."""
        verb = _VERBS.get(self.method, "")
        if self.method == "GET":
            verb = "get" if self.target.name else "watch" if self.watches else "list"
        elif self.method == "DELETE":
            verb = "delete" if self.target.name else "deletecollection"
        at = self.target
        return Attributes(verb, at.group, at.plural, at.sub, at.namespace, at.name)


@dataclass
class Reply:
    """An answer: its number, its JSON, its warnings."""

    code: int
    body: Any
    warnings: list[str] = field(default_factory=list)


def answer(api: Api, call: Call) -> Reply:
    """Do what a call asks for.

    Raises:
        ApiError: it is refused.
        PlainError: nothing is served there.
    """
    at = call.target
    if at.group in REVIEWS and call.method == "POST" and at.plural == REVIEWS[at.group][0]:
        return _review(api, call)
    kind = at.kind(api.kinds)
    if call.accept and not any(form in call.accept for form in _FORMS):
        raise status.not_acceptable()
    if call.method == "GET":
        return _read(api, kind, call)
    if call.method == "DELETE":
        return _delete(api, kind, call)
    misplaced = bool(at.name) and not at.sub if call.method == "POST" else not at.name
    if call.method not in _VERBS or misplaced:
        raise status.method_not_allowed()
    wanted = options(
        call.query, method=call.method, media=call.media, agent=call.headers.get("user-agent", "")
    )
    body, duplicates = decode(call.body, kind, call.media)
    made = _write(api, kind, call, body, replace(wanted, duplicates=duplicates))
    return Reply(made.code, made.item, made.warnings)


def _write(api: Api, kind: Kind, call: Call, body: Any, wanted: Options) -> Answer:
    at = call.target
    if at.sub == "scale" and kind.scale:
        return _scale(api, kind, call, body, wanted)
    if at.sub in ("eviction", "binding") and call.method == "POST":
        return _pod_action(api, kind, at, body)
    if at.sub not in ("", "status", "finalize") or (at.sub == "status" and not kind.status):
        raise status.no_resource()
    if call.method == "PATCH":
        return api.patch(kind, at.namespace, at.name, body, call.media, wanted, at.sub)
    if not isinstance(body, dict):
        raise status.bad_request(f"the object provided is unrecognized (must be of type {kind.kind})")
    if call.method == "POST":
        body.setdefault("metadata", {})
        return api.create(kind, at.namespace, body, wanted)
    return api.replace(kind, at.namespace, at.name, body, wanted, at.sub)


def _read(api: Api, kind: Kind, call: Call) -> Reply:
    at = call.target
    form = table.wanted(call.accept)
    include = call.query.get("includeObject", "")
    if at.name:
        item = api.get(kind, at.namespace, at.name)
        if at.sub == "scale" and kind.scale:
            return Reply(200, scale_of(item))
        if at.sub not in ("", "status"):
            raise status.no_resource()
        page = Page([item], {"resourceVersion": item["metadata"]["resourceVersion"]})
        if form == "Table":
            return Reply(200, table.render(kind, page, include))
        return Reply(200, table.partial(page)["items"][0] if form else item)
    chosen = selectors.parse(kind, call.query.get("labelSelector", ""), call.query.get("fieldSelector", ""))
    page = lists.read(api.store, kind, at.namespace, chosen, call.query)
    if form == "Table":
        return Reply(200, table.render(kind, page, include))
    return Reply(200, table.partial(page) if form else lists.body(kind, page))


def _delete(api: Api, kind: Kind, call: Call) -> Reply:
    at = call.target
    body, _ = decode(call.body, kind, call.media)
    wanted = options(call.query, method="DELETE", media="", agent=call.headers.get("user-agent", ""))
    settings = {**(body if isinstance(body, dict) else {})}
    if "propagationPolicy" in call.query:
        settings["propagationPolicy"] = call.query["propagationPolicy"]
    if settings.get("dryRun"):
        wanted = replace(wanted, dry_run=True)
    if at.name:
        made = api.delete(kind, at.namespace, at.name, settings, wanted)
        return Reply(made.code, made.item, made.warnings)
    chosen = selectors.parse(kind, call.query.get("labelSelector", ""), call.query.get("fieldSelector", ""))
    page = lists.read(api.store, kind, at.namespace, chosen, {})
    for item in page.items:
        api.delete(kind, namespace(item), name(item), settings, wanted)
    page.meta["resourceVersion"] = str(api.store.revision)
    return Reply(200, lists.body(kind, page))


def scale_of(item: Object) -> Object:
    """The Scale of a workload."""
    meta = {
        key: item["metadata"][key]
        for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    }
    wanted = dig(item, "spec", "selector", "matchLabels", default={})
    replicas = item["spec"].get("replicas", 1)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": meta,
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": dig(item, "status", "replicas", default=0),
            "selector": ",".join(f"{key}={wanted[key]}" for key in sorted(wanted)),
        },
    }


def _scale(api: Api, kind: Kind, call: Call, body: Any, wanted: Options) -> Answer:
    at = call.target
    item = api.get(kind, at.namespace, at.name)
    if call.method == "PATCH":
        shown = scale_of(item)
        shown["spec"] = {"replicas": item["spec"].get("replicas", 1)}
        body = patches.patched(shown, body, call.media, Shape(), custom=False)
    replicas = int(dig(body, "spec", "replicas", default=0))
    new = {**item, "spec": {**item["spec"], "replicas": replicas}}
    made = api.replace(kind, at.namespace, at.name, new, wanted)
    return replace(made, item=scale_of(made.item))


def _pod_action(api: Api, kind: Kind, at: Target, body: Any) -> Answer:
    pod = api.get(kind, at.namespace, at.name)
    if at.sub == "eviction":
        api.delete(kind, at.namespace, at.name, {"propagationPolicy": "Background"})
    else:
        node = str(dig(body, "target", "name", default=""))
        api.replace(kind, at.namespace, at.name, {**pod, "spec": {**pod["spec"], "nodeName": node}})
    return Answer(201, status.success(code=201))


def _review(api: Api, call: Call) -> Reply:
    body, _ = decode(call.body, _REVIEW_KIND, call.media)
    head = {"kind": REVIEWS[call.target.group][1], "apiVersion": f"{call.target.group}/v1"}
    if call.target.group == "authentication.k8s.io":
        who = {"username": call.user.name, "groups": sorted(call.user.groups)}
        return Reply(201, head | {"metadata": {"creationTimestamp": now()}, "status": {"userInfo": who}})
    asked = dig(body, "spec", "resourceAttributes", default={})
    fields = ("verb", "group", "resource", "subresource", "namespace", "name")
    wanted = Attributes(*(str(asked.get(key, "")) for key in fields))
    reason = allowed_by(api.store, call.user, wanted)
    verdict: Object = {"allowed": bool(reason)} | ({"reason": reason} if reason.startswith("RBAC") else {})
    return Reply(201, head | {"metadata": {}, "spec": dig(body, "spec", default={}), "status": verdict})
