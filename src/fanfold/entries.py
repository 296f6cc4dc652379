"""The words of fetching: a recipe and its entries, what is asked of a resource, and what became of each entry.

A batch of this kind is not a list of requests but of entries, each of which may become any number of calls: one for
each record of another entry, for each element of an array, for each page. What an entry gives is records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from fanfold.errors import RequestError

Kind = Literal["request", "transform", "spool"]

OnError = Literal["continue", "ignore", "stop"]
"""What follows when a run of an entry fails: the rest goes on and the error is told; it is not even told; or nothing
more is begun in the whole batch."""


class Recurse(Struct, frozen=True):
    """Ask again for each record for which ``condition`` gives true, with ``id`` and ``query`` merged over the first.

    ``condition`` is a template, empty for never; ``id`` and ``query`` hold placeholders and are None where absent.
    """

    condition: str = ""
    id: str | None = None
    query: dict[str, Any] | None = None


class Retry(Struct, frozen=True):
    """How often a run is tried, all in all, and with which pause in seconds (doubled each time) between attempts.

    ``statuses`` are those after which it is tried again.
    """

    attempts: int = 3
    pause: float = 0.5
    statuses: frozenset[int] = frozenset({408, 425, 429, 500, 502, 503, 504})


class Group(Struct, frozen=True):
    """Many values in one call: ``of`` is a placeholder that gives a value for each parent record, or an array.

    Distinct values, at most ``size`` for each call, stand at ``{{group}}``.
    """

    of: str
    size: int = 50


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of a recipe, as written. Strings hold placeholders unless said otherwise.

    ``index`` is its place in the recipe. ``name`` is empty where none was given. A ``query`` or ``body`` that is a
    string is an expression which gives it. ``expression`` is a transform's. ``run_if`` is an expression; ``timeout``
    is in seconds and for one call. ``include_from_parent`` names fields of the parent record that its children get.
    """

    index: int
    kind: Kind = "request"
    name: str = ""
    resource: str = ""
    method: str = ""
    id: str | None = None
    query: dict[str, Any] | str | None = None
    body: Any = None
    loop_on: str = ""
    depends_on: tuple[str, ...] = ()
    persist: bool = False
    recurse: Recurse | None = None
    response_format: str = ""
    expression: str = ""
    run_if: str = ""
    retry: Retry | None = None
    timeout: float | None = None
    on_error: OnError = "continue"
    include_from_parent: tuple[str, ...] = ()
    group: Group | None = None

    @property
    def title(self) -> str:
        """What others call it: its name, else its resource."""
        return self.name or self.resource

    @property
    def unified(self) -> bool:
        """Whether it asks for a resource of a unified model, such as ``crm/contacts``."""
        return "/" in self.resource

    @property
    def included(self) -> bool:
        """Whether what it gives stands in the result."""
        return self.persist or (self.kind == "request" and self.unified)


class Failure(Struct, frozen=True):
    """A mistake in a recipe. ``path`` is a JSON Pointer to where it stands (RFC 6901)."""

    path: str
    message: str


class Caps(Struct, frozen=True, kw_only=True):
    """How much one batch may fetch: calls, pages of one list, levels of recursion, records held; at once, and in time.

    ``runs`` also counts those that need no call, since another has asked the same.

    ``deadline`` is in seconds. ``records`` and ``size`` (bytes of JSON) count what is held for others or for the
    answer, not what is streamed.
    """

    calls: int = 1000
    runs: int = 10_000
    pages: int = 100
    depth: int = 10
    records: int = 200_000
    size: int = 64 * 1024 * 1024
    at_once: int = 10
    deadline: float = 30.0


class Recipe(Struct, frozen=True, kw_only=True):
    """What is to be fetched, as written. ``failures`` are the mistakes that could be seen while reading it.

    ``context`` holds what the account adds to the names that placeholders may use; nothing secret.
    """

    account: str
    entries: tuple[Entry, ...]
    args: dict[str, Any] = {}
    context: Mapping[str, Any] = {}
    failures: tuple[Failure, ...] = ()
    dry_run: bool = False
    caps: Caps = Caps()


class Fetch(Struct, frozen=True):
    """What is asked of a resource beyond its name and method: the body of a call to one.

    ``query`` and ``body`` are decoded JSON with everything filled in, nested as written. ``cursor`` is the opaque one
    of the page before. ``timeout`` in seconds bounds the call with all its attempts. ``retry`` is what the entry wants
    instead of what the integration says.
    """

    id: str = ""
    query: Mapping[str, Any] = {}
    body: Any = None
    cursor: str = ""
    response_format: str = ""
    timeout: float | None = None
    retry: Retry | None = None


class Page(Struct, frozen=True):
    """What a resource's method gave, decoded.

    ``value`` is an array for ``list``. ``cursor`` is empty at the end. ``told`` holds further members of a list
    envelope, such as ``prev_cursor``, ``result_count`` and ``is_partial_response``. ``size`` is the bytes it had.
    """

    value: Any = None
    cursor: str = ""
    told: Mapping[str, Any] = {}
    size: int = 0


class Mishap(Struct, frozen=True):
    """An error of one run of an entry. ``index`` is the run's number within the entry, from 0.

    ``element`` is what a loop was at, in a tuple of one; ``parent`` the id of the record that it was run for; ``page``
    the number from 1 of a later page that failed. ``details`` are added to those of the error.
    """

    error: RequestError
    index: int = 0
    element: tuple[Any] | None = None
    parent: Any = None
    page: int | None = None
    details: Mapping[str, Any] = {}


class Outcome(Struct, frozen=True):
    """What became of an entry: ``value`` stands in the result if it is ``included``.

    ``bare``: the value of a transform that is not an array of records. ``calls`` is how many it made, ``records`` how
    many it gave.
    """

    value: Any = None
    bare: bool = False
    mishaps: tuple[Mishap, ...] = ()
    calls: int = 0
    records: int = 0


__all__ = [
    "Caps",
    "Entry",
    "Failure",
    "Fetch",
    "Group",
    "Kind",
    "Mishap",
    "OnError",
    "Outcome",
    "Page",
    "Recipe",
    "Recurse",
    "Retry",
]
