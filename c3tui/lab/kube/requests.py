"""Reading requests: paths, query parameters and bodies."""

import io
import json
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from c3tui.lab.kube import patches
from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.kinds import BUILT_IN, Kind, Kinds
from c3tui.lab.kube.status import (
    ApiError,
    Cause,
    PlainError,
    bad_request,
    invalid_options,
    no_resource,
    unsupported_media,
)

BODY_LIMIT = 3_145_728
"""Bytes of a request body beyond which the answer is 413."""
_BUILT_IN_GROUPS = frozenset(kind.group for kind in BUILT_IN.values())


@dataclass(frozen=True)
class Target:
    """What a resource path points at."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    sub: str = ""

    def kind(self, kinds: Kinds) -> Kind:
        """The resource.

        Raises:
            PlainError: a group or custom resource that is not served.
            ApiError: a built-in group without such a resource.
        """
        found = kinds.find(self.group, self.version, self.plural)
        if found is None:
            raise no_resource() if self.group in _BUILT_IN_GROUPS else PlainError
        if self.namespace and not found.namespaced:
            raise no_resource()
        return found


def target(path: str) -> Target | None:
    """What a path points at; None when it is no resource path."""
    steps = [step for step in path.split("/") if step]
    if steps[:1] == ["api"] and len(steps) > 2:
        group, version, rest = "", steps[1], steps[2:]
    elif steps[:1] == ["apis"] and len(steps) > 3:
        group, version, rest = steps[1], steps[2], steps[3:]
    else:
        return None
    space = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        space, rest = rest[1], rest[2:]
    return Target(group, version, rest[0], space, *(rest[1:3]))


def options(query: dict[str, str], *, method: str, media: str, agent: str) -> Options:
    """The write options among the query parameters.

    Raises:
        ApiError: 422 for a value or combination that is not allowed.
    """
    kind_name = {"POST": "CreateOptions", "PUT": "UpdateOptions", "DELETE": "DeleteOptions"}.get(
        method, "PatchOptions"
    )
    dry = query.get("dryRun", "")
    if dry not in ("", "All"):
        text = f'Unsupported value: ["{dry}"]: supported values: "All"'
        raise invalid_options(kind_name, Cause("FieldValueNotSupported", text, "dryRun"))
    applies = media == patches.APPLY
    if applies and not query.get("fieldManager"):
        cause = Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
        raise invalid_options(kind_name, cause)
    if method == "PATCH" and not applies and "force" in query:
        cause = Cause("FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force")
        raise invalid_options(kind_name, cause)
    manager = query.get("fieldManager") or agent.split("/")[0] or "unknown"
    return Options(
        manager=manager,
        dry_run=dry == "All",
        force=query.get("force") == "true",
        validation=query.get("fieldValidation") or "Warn",
    )


def decode(text: bytes, kind: Kind, media: str) -> tuple[Any, tuple[str, ...]]:
    """The body as JSON data, and the paths of fields it holds twice.

    Raises:
        ApiError: 400 when it cannot be read, 413 when it is too long.
    """
    if len(text) > BODY_LIMIT:
        raise ApiError(413, f"Request entity too large: limit is {BODY_LIMIT}", "RequestEntityTooLarge")
    if "protobuf" in media:
        raise unsupported_media("application/json, application/yaml")
    duplicates: list[str] = []
    try:
        raw = json.loads(text or b"null", object_pairs_hook=_Pairs)
    except ValueError as error:
        if "yaml" in media:
            return _yaml(text), ()
        start = text[:32].decode(errors="replace")
        reason = f"couldn't get version/kind; json parse error: {error} ({start} ...)"
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind.kind}): {reason}"
        ) from error
    return _plain(raw, "", duplicates), tuple(duplicates)


def _yaml(text: bytes) -> Any:
    try:
        return YAML(typ="safe").load(io.BytesIO(text))
    except YAMLError as error:
        raise bad_request(f"error decoding YAML: {str(error).splitlines()[0]}") from error


class _Pairs(list[tuple[str, Any]]):
    """A JSON object that still knows which of its names came twice."""


def _plain(value: Any, path: str, duplicates: list[str]) -> Any:
    if isinstance(value, _Pairs):
        made: dict[str, Any] = {}
        for name, inner in value:
            at = f"{path}.{name}" if path else name
            if name in made:
                duplicates.append(at)
            made[name] = _plain(inner, at, duplicates)
        return made
    if isinstance(value, list):
        return [_plain(inner, f"{path}[{n}]", duplicates) for n, inner in enumerate(value)]
    return value
