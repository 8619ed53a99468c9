"""Requests and answers of the region's API: calls, errors in the shapes of MAAS, the table of resources."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from c3tui.lab.maas.records import Machine, User
from c3tui.lab.maas.region import Region

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
FALSE_WORD = "false"


@dataclass
class Answer:
    """An HTTP answer; a handler may also return plain data, which becomes JSON with 200."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)
    hashed: bool = True
    """Whether it carries X-MAAS-API-Hash: MAAS leaves it out where an error was raised."""


NO_CONTENT = Answer(204)


class ApiError(Exception):
    """A refusal, as the text or the JSON that MAAS sends."""

    def __init__(self, status: int, body: str | dict[str, list[str]] = "", **headers: str) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.missing = False


def invalid(name: str, *messages: str) -> ApiError:
    """400 of a form: what is wrong with one field."""
    return ApiError(400, {name: list(messages)})


def not_found(kind: str) -> ApiError:
    """404 of a look-up in the database."""
    error = ApiError(404, f"No {kind} matches the given query.")
    error.missing = True
    return error


def choice_error(value: str) -> str:
    """The text of Django's choice fields."""
    return f"Select a valid choice. {value} is not one of the available choices."


class Fields:
    """The fields of a form or a query: names with one or more texts."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def names(self) -> list[str]:
        """The names that were given."""
        return list(self._values)

    def get(self, name: str, default: str = "") -> str:
        """The last text of a name."""
        return self._values[name][-1] if self._values.get(name) else default

    def all(self, name: str) -> list[str]:
        """Every text of a name."""
        return list(self._values.get(name, []))

    def csv(self, name: str) -> list[str]:
        """Every text of a name, cut at commas."""
        return [part.strip() for text in self.all(name) for part in text.split(",") if part.strip()]

    def truth(self, name: str, default: bool = False) -> bool:
        """A checkbox: any text but the word ``false`` is true, ``0`` included."""
        return self.get(name).lower() != FALSE_WORD if name in self else default

    def flag(self, name: str, default: bool = False) -> bool:
        """A true boolean: ``false`` and ``0`` are false."""
        return self.get(name).lower() not in (FALSE_WORD, "0", "") if name in self else default

    def number(self, name: str) -> int:
        """A whole number.

        Raises:
            ApiError: 400, it is none.
        """
        try:
            return int(self.get(name))
        except ValueError:
            raise invalid(name, "Enter a whole number.") from None


@dataclass
class Call:
    """One request to a handler."""

    region: Region
    user: User | None
    path: dict[str, str]
    query: Fields
    form: Fields

    @property
    def username(self) -> str:
        """Who calls; empty for an anonymous caller."""
        return self.user.username if self.user else ""

    @property
    def is_admin(self) -> bool:
        """Whether an administrator calls."""
        return bool(self.user and self.user.is_superuser)

    def machine(self, *, admin: bool = False, edit: bool = False) -> Machine:
        """The machine of the path.

        Raises:
            ApiError: 404 there is none; 403 without a word when the caller may not, or it is locked.
        """
        machine = self.region.db.machines.get(self.path["system_id"])
        if machine is None:
            raise not_found("Machine")
        if admin and not self.is_admin:
            raise ApiError(403)
        if edit and (machine.locked or not (self.is_admin or machine.owner == self.username)):
            raise ApiError(403)
        return machine


Handler = Callable[[Call], Any]


@dataclass
class Action:
    """One operation of a resource."""

    name: str
    method: str
    op: str | None
    doc: str
    run: Handler
    anonymous: bool = False
    admin: str = ""
    """Who else is refused: ``text`` answers 403 with a sentence, ``silent`` with nothing."""


class Resource:
    """A path of the API with its operations."""

    def __init__(
        self, name: str, path: str, doc: str, *, anonymous_only: bool = False, described: bool = True
    ) -> None:
        self.name = name
        self.described = described
        self.path = path
        self.doc = doc
        self.anonymous_only = anonymous_only
        self.params: list[str] = re.findall(r"{(\w+)}", path)
        self.actions: list[Action] = []
        self.pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path) + r"\Z")
        RESOURCES.append(self)

    def on(
        self, method: str, name: str, *, op: bool = False, anonymous: bool = False, admin: str = ""
    ) -> Callable[[Handler], Handler]:
        """Register a handler for a method, and for ``?op=name`` of it when ``op``."""

        def register(run: Handler) -> Handler:
            doc = (run.__doc__ or name).strip()
            self.actions.append(
                Action(name, method, name if op else None, doc, run, anonymous or self.anonymous_only, admin)
            )
            return run

        return register

    def find(self, method: str, op: str | None, *, anonymous: bool) -> Action | None:
        """The operation of a request."""
        for action in self.actions:
            if (action.method, action.op) == (method, op) and (action.anonymous or not anonymous):
                return action
        return None


RESOURCES: list[Resource] = []


async def settled(value: Any) -> Any:
    """What a handler returned, awaited when it is a coroutine."""
    return await value if isinstance(value, Awaitable) else value
