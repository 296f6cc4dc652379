"""What stands in a plan file, field by field: the body of ``POST /batch-request`` as people write it down."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from fanfold.entries import OnError
from fanfold.integrations.configs import Word

Parents = str | tuple[str, ...]


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something in a plan file."""


class RecurseConfig(Shape, frozen=True, kw_only=True):
    """What is asked instead, for each record."""

    id: str | int = ""
    query: dict[str, Any] = {}


class RecurseShape(Shape, frozen=True, kw_only=True):
    """Asking again for what was found."""

    condition: str | bool = field(default="", name="if")
    config: RecurseConfig = RecurseConfig()


class RetryShape(Shape, frozen=True, kw_only=True):
    """Trying again."""

    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    pause: Annotated[float, Meta(ge=0, le=3600)] = 0.5
    statuses: tuple[Annotated[int, Meta(ge=100, le=599)], ...] = ()


class GroupShape(Shape, frozen=True, kw_only=True):
    """Many values in one call."""

    of: Word
    size: Annotated[int, Meta(ge=1)] = 50


class RequestShape(Shape, frozen=True, kw_only=True):
    """Asking a resource: once, or for each record of another entry, or for each element of a list."""

    name: str = ""
    """What other entries call it; its resource unless told."""

    type: Literal["request"] = "request"
    """May be left out."""

    resource: Word
    """What is asked: ``tasks``, or ``ticketing/tickets`` of a model that several APIs share."""

    method: Word
    """``list``, ``get``, ``create``, ``update``, ``delete``, or another that is declared."""

    id: str | int = ""
    """Which record."""

    query: dict[str, Any] | str = {}
    """What else is asked for; a text is JSONata that gives it."""

    body: Any = None
    """What is sent; a text is JSONata that gives it."""

    loop_on: str = ""
    """A list; the entry is run for each of its elements."""

    depends_on: Parents = ()
    """Entries that have to be done before, by name or resource."""

    run_if: str = ""
    """JSONata; the entry is left out where it is not true."""

    recurse: RecurseShape | None = None
    """Ask again for each record that fits ``if``, with ``config`` over what was asked."""

    group: GroupShape | None = None
    """Ask for many values at once: at most ``size`` of the values that ``of`` gives stand at ``{{group}}``."""

    include_from_parent: tuple[str, ...] = ()
    """Fields of the parent's record that its children get."""

    response_format: Literal["", "raw", "unified", "normalized"] = ""
    """How records of a shared model look."""

    retry: RetryShape | None = None
    """How often and after which statuses it is tried again: ``attempts``, ``pause`` in seconds, ``statuses``."""

    timeout: Annotated[float, Meta(gt=0, le=3600)] | None = None
    """Seconds that one call may take."""

    on_error: OnError = "continue"
    """What follows an error: ``continue``, ``ignore`` it, or ``stop`` the whole plan."""

    persist: bool = False
    """Whether what it gives is in the answer; that of a shared model always is."""


class TransformConfig(Shape, frozen=True, kw_only=True):
    """What a transform does."""

    expression: Word


class TransformShape(Shape, frozen=True, kw_only=True):
    """Making something else of records."""

    name: Word
    """What the answer calls it."""

    type: Literal["transform"]
    """``transform``."""

    depends_on: Parents = ()
    """Whose records it gets."""

    run_if: str = ""
    """JSONata; the entry is left out where it is not true."""

    config: TransformConfig
    """``expression``: JSONata."""

    on_error: OnError = "continue"
    """As for a request."""

    persist: bool = False
    """Whether what it gives is in the answer."""


class SpoolShape(Shape, frozen=True, kw_only=True):
    """Gathering all records of an entry into one list."""

    name: Word
    """What others call it."""

    type: Literal["spool"]
    """``spool``."""

    depends_on: Parents
    """Whose records it gathers: one entry."""

    persist: bool = False
    """Whether the list is in the answer."""


ENTRIES: dict[str, type[Shape]] = {"request": RequestShape, "transform": TransformShape, "spool": SpoolShape}


class PlanShape(Shape, frozen=True, kw_only=True):
    """A plan file."""

    integrated_account_id: str = ""
    """The account that everything is asked of; may be told when the plan is run."""

    args: dict[str, Any] = {}
    """Values for ``{{args.…}}``; those told when the plan is run come first."""

    resources: Annotated[tuple[Any, ...], Meta(min_length=1)]
    """The entries."""
