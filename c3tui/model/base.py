"""The two kinds of model: what the engineer writes (strict) and what C3 records (documents)."""

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


def utc_now() -> datetime:
    """The current time, timezone aware, in UTC."""
    return datetime.now(UTC)


class Chosen(BaseModel):
    """Part of the plan: written by a person, so an unknown key is an error, not a surprise."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Document(BaseModel):
    """A piece of current state in the store, addressed by its kind and ``id``."""

    model_config = ConfigDict(extra="ignore")

    kind: ClassVar[str]

    id: str
    """Unique within the kind, stable for the life of the thing."""
