"""The two kinds of model: what the engineer writes (strict) and what C3 records (documents)."""

from datetime import UTC, datetime
from typing import ClassVar, TypeVar

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


D = TypeVar("D", bound=BaseModel)
_GIVEN: dict[frozenset[str], set[str]] = {}


def lean(model: D) -> D:
    """The same model, and those within it, in two thirds of the memory; for whoever keeps thousands.

    Each holds a set of its own of the fields it was given, and they were all given the same ones.
    """
    given = model.model_fields_set
    shared = _GIVEN.setdefault(frozenset(given), given)
    object.__setattr__(model, "__pydantic_fields_set__", shared)
    for value in model.__dict__.values():
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, BaseModel):
                lean(each)
    return model
