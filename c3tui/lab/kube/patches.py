"""The patch types beside apply: merge patch, JSON patch, strategic merge."""

import copy
from typing import Any

from c3tui.lab.kube.objects import Object
from c3tui.lab.kube.shape import Shape, item_key
from c3tui.lab.kube.status import ApiError, bad_request, unsupported_media

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def patched(item: Object, patch: Any, content_type: str, shape: Shape, *, custom: bool) -> Object:
    """The object after a patch.

    Raises:
        ApiError: the patch type is not taken here (415), or the patch does not fit (400, 422).
    """
    if content_type == JSON:
        if not isinstance(patch, list):
            raise bad_request(
                "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch"
            )
        return _json_patch(item, patch)
    if content_type not in (MERGE, STRATEGIC):
        raise unsupported_media()
    if content_type == STRATEGIC and custom:
        raise unsupported_media(f"{JSON}, {MERGE}, {APPLY}")
    if not isinstance(patch, dict):
        text = (
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
        )
        raise bad_request(text)
    merged: Object = _strategic(item, patch, shape) if content_type == STRATEGIC else merge(item, patch)
    return merged


def merge(value: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for name, inner in patch.items():
        if inner is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), inner)
    return merged


def _strategic(value: Any, patch: Any, shape: Shape) -> Any:
    if isinstance(patch, dict):
        if patch.get("$patch") == "replace":
            return {name: inner for name, inner in patch.items() if name != "$patch"}
        return _strategic_map(value if isinstance(value, dict) else {}, patch, shape)
    if isinstance(patch, list) and isinstance(value, list) and (shape.keys() or shape.is_set()):
        return _strategic_list(value, patch, shape)
    return patch


def _strategic_map(value: Object, patch: Object, shape: Shape) -> Object:
    merged = dict(value)
    for name, inner in patch.items():
        if name.startswith("$deleteFromPrimitiveList/"):
            target = name.split("/", 1)[1]
            merged[target] = [item for item in merged.get(target) or [] if item not in inner]
        elif name.startswith("$"):
            continue
        elif inner is None:
            merged.pop(name, None)
        else:
            merged[name] = _strategic(merged.get(name), inner, shape.child(name) or Shape(name))
    return merged


def _strategic_list(value: list[Any], patch: list[Any], shape: Shape) -> list[Any]:
    if shape.is_set():
        return [*value, *(item for item in patch if item not in value)]
    keys = shape.keys()
    merged = {item_key(item, keys): item for item in value}
    for inner in patch:
        at = item_key(inner, keys)
        if inner.get("$patch") == "delete":
            merged.pop(at, None)
        else:
            merged[at] = _strategic(merged.get(at, {}), inner, shape.item())
    return list(merged.values())


def _json_patch(item: Object, operations: list[Any]) -> Object:
    root: Any = copy.deepcopy(item)
    try:
        for operation in operations:
            root = _operate(root, operation)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        text = "the server rejected our request due to an error in our request"
        raise ApiError(422, text, "Invalid", {}) from error
    result: Object = root
    return result


def _operate(root: Any, operation: Object) -> Any:
    op, path = operation["op"], _pointer(operation["path"])
    if op == "test":
        if _resolve(root, path) != operation.get("value"):
            raise ValueError(operation["path"])
    elif op == "remove":
        _remove(root, path)
    elif op in ("add", "replace"):
        if op == "replace":
            _resolve(root, path)
        _insert(root, path, operation["value"], replace=op == "replace")
    elif op in ("move", "copy"):
        source = _pointer(operation["from"])
        value = copy.deepcopy(_resolve(root, source))
        if op == "move":
            _remove(root, source)
        _insert(root, path, value)
    else:
        raise ValueError(op)
    return root


def _pointer(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _resolve(value: Any, path: list[str]) -> Any:
    for step in path:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def _remove(root: Any, path: list[str]) -> None:
    parent = _resolve(root, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]


def _insert(root: Any, path: list[str], value: Any, *, replace: bool = False) -> None:
    parent = _resolve(root, path[:-1])
    if not isinstance(parent, list):
        parent[path[-1]] = value
    elif path[-1] == "-":
        parent.append(value)
    elif replace:
        parent[int(path[-1])] = value
    else:
        parent.insert(int(path[-1]), value)
