"""Bodies of write requests: read in the light of their path, checked, pruned and filled in."""

from dataclasses import dataclass
from typing import Any

from c3tui.lab.kube import admission, schema, status
from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.objects import Object, dig, name
from c3tui.lab.kube.status import Cause

SERVER_META = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)
"""Metadata that only the server writes."""


@dataclass(frozen=True)
class Options:
    """The query parameters of a write."""

    manager: str = "unknown"
    dry_run: bool = False
    force: bool = False
    validation: str = "Warn"
    """What becomes of undeclared and duplicate fields: Strict, Warn or Ignore."""
    duplicates: tuple[str, ...] = ()
    """Paths of fields that the body held twice."""


DEFAULTS = Options()


def placed(kind: Kind, space: str, item: Object) -> Object:
    """The object in the namespace of the path, after a look at what it says of itself.

    Raises:
        ApiError: it is of another kind, version or namespace than the path.
    """
    given, version = item.get("kind", kind.kind), item.get("apiVersion", kind.api_version)
    if given != kind.kind:
        if kind.custom:
            text = f'Invalid value: "{given}": must be {kind.kind}'
            raise status.invalid(given, kind.group, name(item), [Cause("FieldValueInvalid", text, "kind")])
        raise status.bad_request(f'{given} in version "{kind.version}" cannot be handled as a {kind.kind}')
    if version != kind.api_version:
        text = f"the API version in the data ({version}) does not match the expected API version"
        raise status.bad_request(f"{text} ({kind.api_version})")
    meta = dict(item["metadata"])
    if meta.get("namespace", space) != space:
        text = "the namespace of the provided object does not match the namespace sent on the request"
        raise status.bad_request(text)
    if kind.namespaced:
        meta["namespace"] = space
    return {"apiVersion": kind.api_version, "kind": kind.kind, **item, "metadata": meta}


def config(kind: Kind, space: str, called: str, body: Any) -> Object:
    """The object of an apply request, checked against its path.

    Raises:
        ApiError: 400 for what an apply may not hold.
    """
    given = body if isinstance(body, dict) else {}
    if (given.get("apiVersion"), given.get("kind")) != (kind.api_version, kind.kind):
        shown = f"{given.get('apiVersion') or '/'}, Kind={given.get('kind') or ''}"
        raise status.bad_request(f"invalid object type: {shown}")
    meta = dict(given.get("metadata") or {})
    if meta.get("managedFields") is not None:
        raise status.bad_request("metadata.managedFields must be nil")
    if meta.setdefault("name", called) != called:
        text = f"the name of the object ({meta['name']}) does not match the name on the URL ({called})"
        raise status.bad_request(text)
    for server_set in ("creationTimestamp", "generation", "selfLink", "managedFields"):
        meta.pop(server_set, None)
    return placed(kind, space, {**given, "metadata": meta})


def judged(kind: Kind, item: Object, old: Object | None) -> Object:
    """The object pruned, filled in and found valid.

    Raises:
        ApiError: 422 with everything that is wrong.
    """
    check_structure(kind, item)
    causes = admission.meta_causes(kind, item)
    if kind.schema is not None:
        declared = schema.prune(item, kind.schema, "", [])
        item = {**schema.fill(declared, kind.schema), "metadata": item["metadata"]}
        checked = schema.check(item, kind.schema, old)
        causes += checked
        if any(cause.reason == "FieldValueRequired" for cause in causes) and not checked:
            causes.append(schema.UNCHECKED)
    if causes:
        raise status.invalid(kind.kind, kind.group, name(item), causes)
    return admission.admit(kind, {**item, "metadata": dict(item["metadata"])}, old)


def check_structure(kind: Kind, item: Object) -> None:
    """What everything else relies on: parts that are objects are, and containers have names.

    Raises:
        ApiError: 400, as from a decoder that cannot read the body.
    """
    parts = {field: item.get(field) for field in ("spec", "status", "data", "parameters")}
    parts |= {f"metadata.{field}": item["metadata"].get(field) for field in ("labels", "annotations")}
    wrong = [path for path, value in parts.items() if not isinstance(value, dict | None)]
    for at in (("spec",), ("spec", "template", "spec")) if not kind.custom and not wrong else ():
        containers = dig(item, *at, "containers", default=[])
        sound = isinstance(containers, list) and all(
            isinstance(one, dict) and isinstance(one.get("name"), str) for one in containers
        )
        wrong += [] if sound else [".".join((*at, "containers"))]
    if wrong:
        where = f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}'
        field = f"Go struct field {kind.kind}.{wrong[0]}"
        raise status.bad_request(f"{where}: json: cannot unmarshal value into {field}")


def check_finalizers(kind: Kind, old: Object, new: Object) -> None:
    """No finalizer is added to what is being deleted.

    Raises:
        ApiError: 422.
    """
    held = old["metadata"].get("finalizers") or []
    added = [one for one in new["metadata"].get("finalizers") or [] if one not in held]
    if old["metadata"].get("deletionTimestamp") and added:
        shown = ", ".join(f'"{one}"' for one in added)
        text = (
            "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
        )
        cause = Cause("FieldValueForbidden", f"{text}[]string{{{shown}}}", "metadata.finalizers")
        raise status.invalid(kind.kind, kind.group, name(old), [cause])


def undeclared(kind: Kind, item: Object, options: Options, *, patch: bool = False) -> list[str]:
    """Warnings about undeclared and duplicate fields; undeclared ones of built-in types are dropped here.

    Raises:
        ApiError: there are some, and validation is strict.
    """
    unknown: list[str] = []
    if kind.schema is not None:
        content = {key: value for key, value in item.items() if key != "metadata"}
        schema.prune(content, kind.schema, "", unknown)
    else:
        unknown = sorted(set(item) - kind.fields - {"apiVersion", "kind", "metadata"})
        for key in unknown:
            del item[key]
    problems = [f'unknown field "{path}"' for path in unknown]
    problems += [f'duplicate field "{path}"' for path in options.duplicates]
    if problems and options.validation == "Strict":
        text = f"strict decoding error: {', '.join(problems)}"
        if patch:
            raise status.invalid(
                "", "", "", [Cause("FieldValueInvalid", f"Invalid value: {{}}: {text}", "patch")]
            )
        where = f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}'
        raise status.bad_request(f"{where}: {text}")
    return problems if options.validation == "Warn" else []


def without_nulls(value: Any) -> Any:
    """The value without fields that are null: built-in types read them as absent."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value
