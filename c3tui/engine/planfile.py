"""Reading and editing ``site.yaml``: errors by line, comments kept, nothing lost.

The file is the engineer's: C3 changes only the values it was asked to change.
"""

import difflib
import itertools
import os
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from c3tui.engine.errors import InputError

M = TypeVar("M", bound=BaseModel)

MAX_BYTES = 4 << 20
"""A plan of a thousand servers is under 300 KB; more than this is not a plan."""

MAX_NODES = 500_000
"""Values in a plan, aliases followed; a thousand servers are under 20,000."""


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def read_text(path: Path) -> str:
    """The text of a file a person wrote.

    Raises:
        InputError: it cannot be read, is not UTF-8, or is far too large.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                f"larger than {MAX_BYTES >> 20} MiB", where=str(path), remedy="Is this the right file?"
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text (byte {error.start})", where=str(path)) from error


def parse(text: str, where: str) -> Any:
    """A YAML document that remembers its lines and comments.

    Raises:
        InputError: it is not YAML, with the line; not a mapping, or its aliases multiply.
    """
    try:
        tree = _yaml().load(text)
    except MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(
            error.problem or "not YAML", where=f"{where}{line}", remedy="Mend the line"
        ) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"not YAML: {error}".splitlines()[0], where=where) from error
    if not isinstance(tree, dict):
        raise InputError("must be a mapping of sections", where=where, remedy="Start from `c3tui init`")
    if sum(1 for _ in itertools.islice(_nodes(tree), MAX_NODES)) >= MAX_NODES:
        raise InputError(
            "far too much in it: do its anchors multiply?", where=where, remedy="Remove the aliases"
        )
    return tree


def _nodes(root: Any) -> Iterator[Any]:
    """Every node of a tree, aliases followed."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, dict | list):
            waiting.extend(node.values() if isinstance(node, dict) else node)


def plain(node: Any) -> Any:
    """The tree as plain dicts, lists and scalars."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for scalar in (int, float, str):
        if isinstance(node, scalar):
            return scalar(node)
    return node


def validate(model: type[M], tree: Any, where: str) -> M:
    """The tree as a model.

    Raises:
        InputError: every fault of the file, each with its line; unknown keys with a suggestion.
    """
    try:
        return model.model_validate(plain(tree))
    except ValidationError as error:
        lines = []
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            loc = fault["loc"]
            place = f"line {line}: " if (line := _line(tree, loc)) else ""
            path = ".".join(str(part) for part in loc)
            lines.append(f"{place}{path}: {_say(model, fault['type'], loc, fault['msg'])}")
        raise InputError("; ".join(lines), where=where, remedy="Mend the file and try again") from error


def _say(model: type[BaseModel], kind: str, loc: tuple[int | str, ...], message: str) -> str:
    if kind != "extra_forbidden":
        return message.removeprefix("Value error, ")
    fields = _fields_at(model, loc[:-1])
    near = difflib.get_close_matches(str(loc[-1]), fields, n=1)
    if near:
        return f"unknown key; did you mean {near[0]!r}?"
    return f"unknown key; known are {', '.join(fields)}"


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    at: Any = model
    for part in loc:
        inner = _model_in(at)
        if inner is None or not isinstance(part, str) or part not in inner.model_fields:
            continue
        at = inner.model_fields[part].annotation
    inner = _model_in(at)
    return list(inner.model_fields) if inner else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin = typing.get_origin(annotation)
    if origin in (list, dict, tuple, typing.Union, types.UnionType, typing.Annotated):
        for argument in typing.get_args(annotation):
            if found := _model_in(argument):
                return found
    return None


def _line(tree: Any, loc: tuple[int | str, ...]) -> int | None:
    line = None
    for part in loc:
        try:
            mark = tree.lc.item(part) if isinstance(part, int) else tree.lc.key(part)
            line = mark[0] + 1
            tree = tree[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line


def load(model: type[M], path: Path) -> M:
    """A model from its YAML file.

    Raises:
        InputError: what is wrong, on which line.
    """
    return validate(model, parse(read_text(path), path.name), path.name)


def edit(model: type[M], path: Path, changes: Mapping[str, Any]) -> M:
    """Change values in the file, keep everything else as the engineer wrote it.

    Args:
        changes: new values by dotted path, such as ``networks.cluster.vip`` or ``servers.0.unit``.

    Raises:
        InputError: the result would not be valid; the file is then left alone.
    """
    tree = parse(read_text(path), path.name)
    for dotted, value in changes.items():
        try:
            _set(tree, dotted.split("."), value, path.name)
        except (IndexError, ValueError) as error:
            raise InputError(f"there is no {dotted}", where=path.name) from error
    valid = validate(model, tree, path.name)
    text = StringIO()
    _yaml().dump(tree, text)
    write(path, text.getvalue())
    return valid


def _set(tree: Any, keys: list[str], value: Any, where: str) -> None:
    *parents, last = keys
    for key in parents:
        if isinstance(tree, list):
            tree = tree[int(key)]
        else:
            tree = tree.setdefault(key, {})
        if not isinstance(tree, dict | list):
            raise InputError(f"{'.'.join(keys)}: {key} is a value, not a section", where=where)
    if isinstance(tree, list):
        tree[int(last)] = value
    else:
        tree[last] = value


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file in one step: a crash leaves the old one or the new one.

    Raises:
        InputError: it cannot be written; the old one is left as it was.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise InputError(
            f"cannot be written ({error.strerror})", where=str(path), remedy="Make room, or make it writable"
        ) from error


def dump(data: Any) -> str:
    """Data as YAML text, in the layout C3 writes."""
    text = StringIO()
    _yaml().dump(data, text)
    return text.getvalue()
