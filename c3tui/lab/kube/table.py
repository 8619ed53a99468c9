"""Tables: the form ``kubectl get`` asks for, and the cheap way to count thousands of objects."""

import json
from typing import Any

from c3tui.lab.kube.columns import Cells, columns_of, definition, duration
from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.lists import Page
from c3tui.lab.kube.objects import Object, age, name
from c3tui.lab.kube.status import bad_request

_PARTIAL = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}


def wanted(accept: str) -> str:
    """``Table``, ``PartialObjectMetadata`` or empty: the form the first acceptable media type names."""
    for media in accept.split(","):
        for form in ("Table", "PartialObjectMetadataList", "PartialObjectMetadata"):
            if f"as={form}" in media.replace(" ", "").split(";"):
                return form.removesuffix("List")
    return ""


def render(kind: Kind, page: Page, include: str, *, headed: bool = True) -> Object:
    """A Table of objects. ``include`` is the query parameter includeObject.

    Raises:
        ApiError: 400 when ``include`` is none of Metadata, Object and None.
    """
    if include not in ("", "Metadata", "Object", "None"):
        text = f"includeObject: Invalid value: \"{include}\": must be 'Metadata', 'Object', 'None', or empty"
        raise bad_request(f"Unable to convert to Table as requested: {text}")
    columns, cells = _custom(kind) if kind.custom else columns_of(kind)
    rows = [{"cells": cells(item), "object": _object(item, include)} for item in page.items]
    table: Object = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": page.meta}
    return table | {"columnDefinitions": columns if headed else None, "rows": rows}


def partial(page: Page) -> Object:
    """A PartialObjectMetadataList."""
    items = [_PARTIAL | {"metadata": item["metadata"]} for item in page.items]
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": page.meta,
        "items": items,
    }


def _object(item: Object, include: str) -> Object | None:
    if include == "None":
        return None
    return item if include == "Object" else _PARTIAL | {"metadata": item["metadata"]}


def _custom(kind: Kind) -> tuple[list[Object], Cells]:
    heads = [definition("Name", "string", 0)]
    for column in kind.columns:
        heads.append(
            definition(
                column["name"], column["type"], column.get("priority", 0), column.get("description", "")
            )
        )
    if not kind.columns:
        heads.append(definition("Age", "date", 0))

    def cells(item: Object) -> list[Any]:
        if not kind.columns:
            return [name(item), duration(age(item["metadata"]["creationTimestamp"]))]
        return [name(item), *(_cell(item, column) for column in kind.columns)]

    return heads, cells


def _cell(item: Object, column: Object) -> Any:
    value: Any = item
    for step in column["jsonPath"].replace("\\.", "\0").strip(".").split("."):
        value = value.get(step.replace("\0", ".")) if isinstance(value, dict) else None
    if value is None:
        return None
    if column["type"] == "date":
        return duration(age(value))
    if column["type"] == "string" and not isinstance(value, str):
        return json.dumps(value)
    return value
