"""The verbs that change objects. The HTTP server and the lab's own controllers both write through here."""

import json
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from c3tui.lab.kube import admission, bodies, ownership, patches, status
from c3tui.lab.kube.bodies import DEFAULTS, Options
from c3tui.lab.kube.kinds import DEFINITIONS, NAMESPACES, Kind, Kinds
from c3tui.lab.kube.objects import Object, dig, name, namespace, now
from c3tui.lab.kube.shape import shape_of, type_errors
from c3tui.lab.kube.status import ApiError
from c3tui.lab.kube.store import Store

ETCD_LIMIT = 1_572_864
"""Bytes of one object beyond which etcd refuses it."""
GRPC_LIMIT = 2_097_152
_ALWAYS_OBJECT = frozenset({"StorageClass", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Namespace"})
"""Kinds whose deletion answers the object instead of a Status."""


_ORPHANS = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them or set propagationPolicy=Orphan to suppress this warning"
)


@dataclass
class Answer:
    """What a write gave."""

    code: int
    item: Object
    warnings: list[str] = field(default_factory=list)


class Api:
    """Create, replace, patch, apply and delete, with their checks."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self.store = store
        self.kinds = kinds

    def get(self, kind: Kind, space: str, called: str) -> Object:
        """An object.

        Raises:
            ApiError: 404.
        """
        found = self.store.get(kind.key, space, called)
        if found is None:
            raise status.not_found(kind, called)
        return found

    def create(self, kind: Kind, space: str, body: Object, options: Options = DEFAULTS) -> Answer:
        """POST.

        Raises:
            ApiError: the object is refused, or exists.
        """
        meta = (
            {key: value for key, value in body["metadata"].items() if key not in bodies.SERVER_META}
            if "metadata" in body
            else {}
        )
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = f"{meta['generateName']}{uuid.uuid4().hex[:5]}"
        meta.pop("managedFields", None)
        item = self._home(kind, space, {**body, "metadata": meta})
        if kind.status:
            item.pop("status", None)
        warnings = bodies.undeclared(kind, item, options)
        item = bodies.judged(kind, item, None)
        if self.store.get(kind.key, space, name(item)):
            raise status.already_exists(kind, name(item))
        made = self._born(kind, item)
        bare = {key: value for key, value in made.items() if key != "status"}
        item = {**made, **ownership.update(None, bare, shape_of(kind), options.manager)}
        warnings += admission.finalizer_warnings(item)
        return Answer(201, self._keep(kind, item, options), warnings)

    def replace(
        self, kind: Kind, space: str, called: str, body: Object, options: Options = DEFAULTS, sub: str = ""
    ) -> Answer:
        """PUT, of the whole object or of its status.

        Raises:
            ApiError: the object is absent, was changed meanwhile, or is refused.
        """
        old = self.get(kind, space, called)
        item = self._home(kind, space, {**body, "metadata": dict(body.get("metadata") or {})})
        return self._update(kind, old, item, options, sub)

    def patch(
        self,
        kind: Kind,
        space: str,
        called: str,
        patch: Any,
        content_type: str,
        options: Options = DEFAULTS,
        sub: str = "",
    ) -> Answer:
        """PATCH of any type.

        Raises:
            ApiError: the patch does not fit, conflicts, or its result is refused.
        """
        if content_type == patches.APPLY:
            return self._apply(kind, space, called, patch, options, sub)
        old = self.get(kind, space, called)
        item = patches.patched(old, patch, content_type, shape_of(kind), custom=kind.custom)
        return self._update(kind, old, item, options, sub)

    def set_status(self, kind: Kind, item: Object, new: Object, manager: str) -> Object:
        """Replace the status of an object, for a controller; nothing happens when it is gone."""
        old = self.store.get(kind.key, namespace(item), name(item))
        if old is None:
            return item
        return self._update(kind, old, {**old, "status": new}, Options(manager=manager), "status").item

    def delete(
        self, kind: Kind, space: str, called: str, body: Object | None = None, options: Options = DEFAULTS
    ) -> Answer:
        """DELETE: at once, or by a mark when finalizers hold the object.

        Raises:
            ApiError: the object is absent or another one than the preconditions say.
        """
        item = self.get(kind, space, called)
        body = body or {}
        self._check_preconditions(kind, item, dig(body, "preconditions", default={}))
        warnings: list[str] = []
        finalizers = list(item["metadata"].get("finalizers") or [])
        if kind.kind == "Job" and not body.get("propagationPolicy"):
            warnings.append(_ORPHANS)
            finalizers.append("orphan")
        held = bool(finalizers) or kind is NAMESPACES
        gone = Answer(
            200, status.success(status.details(kind, called, uid=item["metadata"]["uid"])), warnings
        )
        if options.dry_run:
            return gone
        if held:
            return Answer(200, self._mark(kind, item, finalizers), warnings)
        removed = self.store.remove(kind.key, item)
        self._removed(kind, removed)
        return Answer(200, removed, warnings) if kind.kind in _ALWAYS_OBJECT else gone

    def _apply(self, kind: Kind, space: str, called: str, body: Any, options: Options, sub: str) -> Answer:
        config = bodies.config(kind, space, called, body)
        asked_version = config["metadata"].pop("resourceVersion", None)
        asked_uid = config["metadata"].pop("uid", None)
        old = self.store.get(kind.key, space, called)
        if not kind.custom:
            config = bodies.without_nulls(config)
        errors = type_errors(config, shape_of(kind))
        if errors:
            text = (
                errors[0] if len(errors) == 1 else "errors:\n" + "\n".join(f"  {error}" for error in errors)
            )
            where = f"({space}/{called}; {kind.api_version}, Kind={kind.kind})"
            raise ApiError(500, f"failed to create typed patch object {where}: {text}")
        if kind.status and not sub:
            config.pop("status", None)
        if old is None:
            return self._apply_new(kind, space, config, options, asked_uid)
        if asked_version is not None and asked_version != old["metadata"]["resourceVersion"]:
            raise status.stale(kind, called)
        merged = ownership.apply(old, config, shape_of(kind), options.manager, force=options.force)
        return self._update(kind, old, merged, options, sub, applied=True)

    def _apply_new(
        self, kind: Kind, space: str, config: Object, options: Options, asked_uid: str | None
    ) -> Answer:
        called = name(config)
        if asked_uid:
            text = f"uid mismatch: the provided object specified uid {asked_uid}"
            raise status.conflict(kind, called, f"{text}, and no existing object was found")
        self._check_namespace(kind, space, called)
        empty: Object = {"metadata": {}}
        owners = ownership.apply(empty, config, shape_of(kind), options.manager, force=True)["metadata"]
        item = self._born(kind, bodies.judged(kind, config, None))
        item["metadata"] |= {key: owners[key] for key in ("managedFields",) if key in owners}
        return Answer(201, self._keep(kind, item, options), admission.finalizer_warnings(item))

    def _update(
        self, kind: Kind, old: Object, new: Object, options: Options, sub: str, *, applied: bool = False
    ) -> Answer:
        called = name(old)
        version = new["metadata"].get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            raise status.stale(kind, called)
        warnings = [] if sub or applied else bodies.undeclared(kind, new, options, patch=True)
        new = self._narrowed(kind, old, new, sub)
        bodies.check_finalizers(kind, old, new)
        new = bodies.judged(kind, new, old)
        if not applied:
            new = ownership.update(old, new, shape_of(kind), options.manager, sub)
        if _same(old, new):
            return Answer(200, old, warnings)
        if kind.counted and sub != "status" and _content(old) != _content(new):
            new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
        if (
            old["metadata"].get("deletionTimestamp")
            and not new["metadata"].get("finalizers")
            and kind is not NAMESPACES
        ):
            if not options.dry_run:
                self._removed(kind, self.store.remove(kind.key, new))
            return Answer(200, new, warnings)
        if new["metadata"].get("finalizers") != old["metadata"].get("finalizers"):
            warnings += admission.finalizer_warnings(new)
        return Answer(200, self._keep(kind, new, options), warnings)

    def _narrowed(self, kind: Kind, old: Object, new: Object, sub: str) -> Object:
        """The new object limited to what this path may change."""
        meta = {**new["metadata"], "name": name(old)}
        for fixed in bodies.SERVER_META:
            meta.pop(fixed, None)
            if fixed in old["metadata"]:
                meta[fixed] = old["metadata"][fixed]
        if sub == "status":
            kept = {key: value for key, value in old.items() if key != "status"}
            fields = meta.get("managedFields", old["metadata"].get("managedFields"))
            kept["metadata"] = {**old["metadata"], **({"managedFields": fields} if fields else {})}
            return kept | ({"status": new["status"]} if "status" in new else {})
        new = {**new, "metadata": meta, "apiVersion": kind.api_version, "kind": kind.kind}
        if kind.status:
            new.pop("status", None)
            if "status" in old:
                new["status"] = old["status"]
        return new

    def _home(self, kind: Kind, space: str, item: Object) -> Object:
        placed = bodies.placed(kind, space, item)
        self._check_namespace(kind, space, name(placed))
        return placed

    def _check_namespace(self, kind: Kind, space: str, called: str) -> None:
        if not kind.namespaced:
            return
        home = self.store.get(NAMESPACES.key, "", space)
        if home is None:
            raise status.not_found(NAMESPACES, space)
        if dig(home, "status", "phase") == "Terminating" and self.store.get(kind.key, space, called) is None:
            raise admission.refuse_terminating(kind, called, space)

    def _born(self, kind: Kind, item: Object) -> Object:
        meta = {**item["metadata"], "uid": str(uuid.uuid4()), "creationTimestamp": now()}
        return {**item, "metadata": meta | ({"generation": 1} if kind.counted else {})}

    def _keep(self, kind: Kind, item: Object, options: Options) -> Object:
        size = len(json.dumps(item, separators=(",", ":")).encode())
        if size > GRPC_LIMIT:
            text = f"trying to send message larger than max ({size} vs. {GRPC_LIMIT})"
            raise ApiError(500, f"rpc error: code = ResourceExhausted desc = {text}")
        if size > ETCD_LIMIT:
            raise ApiError(500, "etcdserver: request is too large")
        if options.dry_run:
            return item
        stored = self.store.put(kind.key, item)
        if kind is DEFINITIONS:
            self.kinds.learn(stored)
        return stored

    def _mark(self, kind: Kind, item: Object, finalizers: list[str]) -> Object:
        if item["metadata"].get("deletionTimestamp"):
            return item
        meta = {**item["metadata"], "deletionTimestamp": now()}
        if finalizers:
            meta |= {"finalizers": finalizers, "deletionGracePeriodSeconds": 0}
        if kind.counted:
            meta["generation"] = meta.get("generation", 1) + 1
        marked = {**item, "metadata": meta}
        if kind is NAMESPACES:
            marked["status"] = {"phase": "Terminating"}
        return self.store.put(kind.key, marked)

    def _removed(self, kind: Kind, item: Object) -> None:
        """Definitions take their objects along, owners what they own."""
        if kind is DEFINITIONS:
            for made in self.kinds.custom.get(name(item), []):
                for one in self.store.scan(made.key):
                    self.store.remove(made.key, one)
            self.kinds.drop(name(item))
        uid = item["metadata"]["uid"]
        for owned_kind in list(self.kinds.all()):
            for one in self.store.scan(owned_kind.key, namespace(item)):
                if any(owner.get("uid") == uid for owner in one["metadata"].get("ownerReferences") or ()):
                    self.delete(owned_kind, namespace(one), name(one), {"propagationPolicy": "Background"})

    @staticmethod
    def _check_preconditions(kind: Kind, item: Object, wanted: Object) -> None:
        held = item["metadata"]
        if wanted.get("uid", held["uid"]) != held["uid"]:
            text = f"the UID in the precondition ({wanted['uid']}) does not match the UID in record "
            text += f"({held['uid']}). "
            about = replace(kind, plural=kind.kind) if kind.custom else kind
            raise status.conflict(
                about, name(item), text + "The object might have been deleted and then recreated"
            )
        if wanted.get("resourceVersion", held["resourceVersion"]) != held["resourceVersion"]:
            raise status.stale(kind, name(item))


def _content(item: Object) -> Object:
    return {key: value for key, value in item.items() if key not in ("metadata", "status")}


def _same(old: Object, new: Object) -> bool:
    """Whether a write changes nothing but the times of ownership."""

    def bare(item: Object) -> Object:
        entries = [{**entry, "time": ""} for entry in item["metadata"].get("managedFields") or []]
        entries.sort(key=lambda entry: json.dumps(entry, sort_keys=True))
        return {**item, "metadata": {**item["metadata"], "managedFields": entries}}

    return bare(old) == bare(new)
