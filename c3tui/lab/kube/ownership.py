"""Who owns which field: server-side apply, its conflicts, and what plain updates take over."""

from dataclasses import dataclass, replace
from typing import Any

from c3tui.lab.kube import fields
from c3tui.lab.kube.fields import Path
from c3tui.lab.kube.objects import Object, now
from c3tui.lab.kube.shape import Shape, item_key
from c3tui.lab.kube.status import ApiError


@dataclass(frozen=True)
class Owner:
    """One entry of ``metadata.managedFields``."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    paths: frozenset[Path]

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two entries the same owner."""
        return self.manager, self.operation, self.subresource

    def shown(self) -> str:
        """As a conflict names it."""
        words = f'"{self.manager}"'
        if self.subresource:
            words += f' with subresource "{self.subresource}"'
        return f"{words} using {self.api_version}" if self.operation == "Update" else words


def read(item: Object) -> list[Owner]:
    """The owners an object names."""
    return [
        Owner(
            manager=entry.get("manager", "unknown"),
            operation=entry.get("operation", "Update"),
            api_version=entry.get("apiVersion", ""),
            subresource=entry.get("subresource", ""),
            time=entry.get("time", ""),
            paths=frozenset(fields.decode(entry.get("fieldsV1") or {})),
        )
        for entry in item["metadata"].get("managedFields") or []
        if entry
    ]


def write(item: Object, owners: list[Owner]) -> Object:
    """The object with these owners; those that own nothing are left out."""
    entries = []
    for owner in sorted(owners, key=lambda o: (o.operation, o.time, o.manager, o.subresource)):
        if not owner.paths:
            continue
        entry: Object = {"manager": owner.manager, "operation": owner.operation}
        entry |= {"apiVersion": owner.api_version, "time": owner.time, "fieldsType": "FieldsV1"}
        entry["fieldsV1"] = fields.encode(set(owner.paths))
        entries.append(entry | ({"subresource": owner.subresource} if owner.subresource else {}))
    metadata = {key: value for key, value in item["metadata"].items() if key != "managedFields"}
    if entries:
        metadata["managedFields"] = entries
    return {**item, "metadata": metadata}


def update(old: Object | None, new: Object, shape: Shape, manager: str, subresource: str = "") -> Object:
    """The object after a write that is no apply: the writer owns what it changed."""
    base = new if "managedFields" in new["metadata"] else old
    touched, gone = fields.changed(old if old is not None else {}, new, shape)
    if not touched and not gone:
        return write(new, read(base)) if base else new
    me = Owner(manager, "Update", new.get("apiVersion", ""), subresource, now(), frozenset())
    kept = []
    for owner in read(base) if base else []:
        if owner.identity == me.identity:
            me = replace(me, paths=owner.paths)
        else:
            lost = fields.within(set(owner.paths), gone) | touched
            kept.append(replace(owner, paths=owner.paths - lost))
    mine = (set(me.paths) | touched) - fields.within(set(me.paths), gone)
    return write(new, [*kept, replace(me, paths=frozenset(mine))])


def apply(live: Object, config: Object, shape: Shape, manager: str, *, force: bool) -> Object:
    """The object after a server-side apply.

    Raises:
        ApiError: 409 when other managers own differing values and ``force`` is not given.
    """
    wanted = fields.owned(config, shape)
    merged = _merge(live, config, shape)
    others, mine = [], frozenset[Path]()
    for owner in read(live):
        if (owner.manager, owner.operation, owner.subresource) == (manager, "Apply", ""):
            mine = owner.paths
        else:
            others.append(owner)
    disputed = _disputed(live, merged, shape, wanted, others)
    if disputed and not force:
        raise _conflict(disputed)
    taken = {path for _, path in disputed}
    others = [replace(owner, paths=owner.paths - taken) for owner in others]
    held = {path for owner in others for path in owner.paths}
    dropped = {path for path in mine if path not in wanted and not _still_held(path, held | wanted)}
    for path in sorted(dropped):
        merged = fields.without(merged, shape, path)
    me = Owner(manager, "Apply", config["apiVersion"], "", now(), frozenset(wanted))
    return write(merged, [*others, me])


def _still_held(path: Path, held: set[Path]) -> bool:
    return any(other[: len(path)] == path for other in held)


def _disputed(
    live: Object, merged: Object, shape: Shape, wanted: set[Path], others: list[Owner]
) -> list[tuple[Owner, Path]]:
    found = []
    for owner in others:
        for path in sorted(owner.paths & wanted):
            if fields.value_at(live, shape, path) != fields.value_at(merged, shape, path):
                found.append((owner, path))
    return sorted(found, key=lambda pair: (pair[0].shown(), pair[1]))


def _conflict(disputed: list[tuple[Owner, Path]]) -> ApiError:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {owner.shown()}",
            "field": fields.text(path),
        }
        for owner, path in disputed
    ]
    if len(disputed) == 1:
        text = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        by_owner: dict[str, list[str]] = {}
        for owner, path in disputed:
            by_owner.setdefault(owner.shown(), []).append(fields.text(path))
        lines = []
        for shown, paths in by_owner.items():
            lines += [f"conflicts with {shown}:", *(f"- {path}" for path in paths)]
        text = f"Apply failed with {len(disputed)} conflicts: " + "\n".join(lines)
    return ApiError(409, text, "Conflict", {"causes": causes})


def _merge(live: Any, config: Any, shape: Shape) -> Any:
    if type(live) is not type(config) or not (shape.granular(live) and shape.granular(config)):
        return config
    if isinstance(config, dict):
        merged = dict(live)
        for name, value in config.items():
            inner = shape.child(name) or Shape(name)
            merged[name] = _merge(live[name], value, inner) if name in live else value
        return merged
    if shape.is_set():
        return [*live, *(item for item in config if item not in live)]
    return _merge_items(live, config, shape)


def _merge_items(live: list[Any], config: list[Any], shape: Shape) -> list[Any]:
    keys = shape.keys()
    new = {item_key(item, keys): item for item in config}
    merged = []
    for item in live:
        wanted = new.pop(item_key(item, keys), None)
        merged.append(item if wanted is None else _merge(item, wanted, shape.item()))
    return [*merged, *new.values()]
