"""Sets of field paths: what a manager owns, in the form ``fieldsV1`` writes down."""

import json
from typing import Any

from c3tui.lab.kube.objects import Object
from c3tui.lab.kube.shape import Shape, item_key

Path = tuple[str, ...]
"""Elements are ``f:name``, ``k:{"key":"value"}`` or ``v:"value"``."""

_MISSING = object()
_UNOWNED: dict[Path, frozenset[str]] = {
    (): frozenset({"apiVersion", "kind"}),
    ("f:metadata",): frozenset(
        """name namespace uid resourceVersion generation creationTimestamp deletionTimestamp
        deletionGracePeriodSeconds managedFields selfLink generateName""".split()
    ),
}


def parts(value: Any, shape: Shape, path: Path = ()) -> dict[str, tuple[Any, Shape]]:
    """The children of a granular value by path element."""
    if isinstance(value, dict):
        skipped = _UNOWNED.get(path, frozenset())
        return {
            f"f:{name}": (value[name], shape.child(name) or Shape(name))
            for name in value
            if name not in skipped
        }
    if shape.is_set():
        return {f"v:{json.dumps(item)}": (item, Shape()) for item in value}
    return {item_key(item, shape.keys()): (item, shape.item()) for item in value}


def owned(value: Any, shape: Shape, path: Path = (), *, parents: bool = False) -> set[Path]:
    """The paths a value covers: its leaves and list items; with ``parents`` the maps it brings too."""
    if not shape.granular(value) or (not value and path):
        return {path}
    found: set[Path] = set()
    if path and (path[-1].startswith("k:") or (parents and shape.owned_itself())):
        found.add(path)
    for step, (inner, inner_shape) in parts(value, shape, path).items():
        found |= owned(inner, inner_shape, (*path, step), parents=parents)
    return found


def changed(old: Any, new: Any, shape: Shape, path: Path = ()) -> tuple[set[Path], set[Path]]:
    """Paths that ``new`` adds or alters, and paths that it takes away."""
    if old is new or old == new:
        return set(), set()
    if not (shape.granular(old) and shape.granular(new) and type(old) is type(new)):
        lost = owned(old, shape, path, parents=True) - owned(new, shape, path, parents=True)
        return owned(new, shape, path, parents=True), lost
    touched: set[Path] = set()
    gone: set[Path] = set()
    before, after = parts(old, shape, path), parts(new, shape, path)
    for step in before.keys() | after.keys():
        at = (*path, step)
        if step not in after:
            gone |= owned(*before[step], at, parents=True) | {at}
        elif step not in before:
            touched |= owned(*after[step], at, parents=True)
        else:
            more, less = changed(before[step][0], after[step][0], after[step][1], at)
            touched |= more
            gone |= less
    return touched, gone


def within(paths: set[Path], roots: set[Path]) -> set[Path]:
    """Those paths that are, or lie below, one of ``roots``."""
    return {path for path in paths if any(path[: n + 1] in roots for n in range(len(path)))}


def value_at(value: Any, shape: Shape, path: Path) -> Any:
    """What stands at a path; a sentinel that equals only itself where nothing does."""
    at: Path = ()
    for step in path:
        if not shape.granular(value):
            return _MISSING
        found = parts(value, shape, at).get(step)
        if found is None:
            return _MISSING
        value, shape = found
        at = (*at, step)
    return True if path and path[-1][0] in "kv" else value


def without(value: Any, shape: Shape, path: Path, at: Path = ()) -> Any:
    """The value with what stands at a path taken out, and maps that this empties with it."""
    step, *rest = path
    if not shape.granular(value):
        return value
    found = parts(value, shape, at).get(step)
    if found is None:
        return value
    inner = without(found[0], found[1], tuple(rest), (*at, step)) if rest else _MISSING
    if inner is found[0]:
        return value
    if isinstance(value, dict):
        name = step[2:]
        if inner is _MISSING or inner == {}:
            return {key: item for key, item in value.items() if key != name}
        return value | {name: inner}
    kept = [inner if item is found[0] else item for item in value]
    return [item for item in kept if item is not _MISSING]


def encode(paths: set[Path]) -> Object:
    """The ``fieldsV1`` form."""
    root: Object = {}
    for path in sorted(paths):
        node = root
        for step in path:
            node = node.setdefault(step, {})
    for path in paths:
        node = root
        for step in path:
            node = node[step]
        if node and any(other[: len(path)] == path and len(other) > len(path) for other in paths):
            node["."] = {}
    return _sorted(root)


def decode(fields: Object, path: Path = ()) -> set[Path]:
    """The paths of a ``fieldsV1`` form."""
    found: set[Path] = set()
    for step, inner in fields.items():
        if step == ".":
            found.add(path)
        elif inner:
            found |= decode(inner, (*path, step))
        else:
            found.add((*path, step))
    return found


def text(path: Path) -> str:
    """A path as messages write it: ``.spec.containers[name="osd"].image``."""
    shown = ""
    for step in path:
        if step.startswith("f:"):
            shown += f".{step[2:]}"
        elif step.startswith("k:"):
            pairs = [f"{key}={json.dumps(value)}" for key, value in json.loads(step[2:]).items()]
            shown += f"[{','.join(pairs)}]"
        else:
            shown += f"[={step[2:]}]"
    return shown


def _sorted(node: Object) -> Object:
    return {step: _sorted(node[step]) for step in sorted(node)}
