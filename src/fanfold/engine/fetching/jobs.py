"""What is on its way for one entry: a run with the stages it goes through, and all that its runs have given so far."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from fanfold.engine.fetching.graph import Node
from fanfold.engine.fetching.scope import Scope
from fanfold.engine.runs import Run
from fanfold.entries import Entry, Fetch, Mishap
from fanfold.errors import RequestError
from fanfold.model import Endpoint

Key = tuple[Any, ...]
"""Where something stands in the order of results, whenever it came: keys of one entry can be compared."""

ONCE: Key = ()
"""The root of a run that is for no record in particular."""


class Evaluating(Struct, frozen=True):
    """Marks a call that works out an expression rather than asking the target."""

    write: bool = False
    batchable: bool = True
    inline: bool = False
    costs: tuple[str, ...] = ()


EVALUATION = Evaluating()


class Batch(Struct, eq=False):
    """Records that came together: a page, or what a transform or a spool gave. ``scope`` is that of their run.

    ``one``: it is a single value, to be taken as it is. ``good``: nothing went wrong with its run.
    """

    key: Key
    scope: Scope
    records: list[Any]
    one: bool = False
    good: bool = True

    @property
    def value(self) -> Any:
        """What stands where it is bound as a whole."""
        return self.records[0] if self.one else self.records


class Job(Struct, eq=False):
    """One run of an entry.

    ``root`` says which record and which element it is for; ``page0``, ``level`` and ``trail`` where in a recursion it
    stands. ``worked_out`` is what its expressions gave, ``stage`` how many of them that are. ``lent`` are fields that
    its records get. ``page`` counts those that came, and ``batches`` hold them as far as somebody needs them.
    """

    state: State
    root: Key
    scope: Scope
    parent: Any = None
    element: tuple[Any] | None = None
    lent: Mapping[str, Any] = {}
    page0: int = 0
    level: int = 0
    trail: Key = ()
    refused: RequestError | None = None
    begun: bool = False
    worked_out: dict[str, Any] = {}
    stage: int = 0
    fetch: Fetch | None = None
    page: int = 0
    batches: list[Batch] = []
    shared: Shared | None = None

    @property
    def key(self) -> Key:
        """Where it stands among the runs of its entry."""
        return (self.root, self.page0, self.level, self.trail)

    def batch_key(self, page: int) -> Key:
        """Where the records of a page stand: those of a recursion behind the page that it began with."""
        if not self.level:
            return (self.root, page, 0, ())
        return (self.root, self.page0, self.level, (*self.trail, page))

    def deeper(self, batch: Batch, place: int, scope: Scope) -> Job:
        """The run for a record of its own, one level further down."""
        page = batch.key[3][-1] if self.level else batch.key[1]
        return Job(
            self.state,
            self.root,
            scope,
            self.parent,
            self.element,
            self.lent,
            self.page0 if self.level else page,
            self.level + 1,
            (*self.trail, page, place),
        )


class Shared(Struct, eq=False):
    """One fetch that several runs want: what came of it, and until that is known those that wait for it."""

    key: bytes
    pages: list[list[Any]] = []
    over: bool = False
    error: RequestError | None = None
    waiting: list[Job] = []


class Ran(Struct, frozen=True):
    """A run that is over. ``blamed`` is set where it was none, because run ``key`` of that parent went wrong."""

    key: Key
    good: bool
    blamed: tuple[State, Key] | None = None


class State(Struct, eq=False):
    """How far an entry has come.

    ``sources`` give its runs one by one, ``live`` are those on their way. ``feeding`` counts the parents that may still
    give it something to do, ``gates`` those that have to be finished before it begins; until it is ``open`` what it is
    to do is ``held``. ``batches`` are what it gave, where it ``stores`` them. ``told`` are the caps that
    kept it from going on, ``truncated`` those that kept some of its runs from giving all there is.
    """

    node: Node
    run: Run
    endpoint: Endpoint | None = None
    params: tuple[str, ...] = ()
    path: str = ""
    refused: RequestError | None = None
    stores: bool = False
    shares: bool = False
    feeds: list[State] = []
    opens: list[State] = []
    feeding: int = 0
    gates: int = 0
    open: bool = False
    sources: deque[Iterator[Job]] = field(default_factory=deque)
    held: list[Iterator[Job]] = []
    live: dict[int, Job] = {}
    batches: list[Batch] = []
    ran: list[Ran] = []
    mishaps: list[tuple[Key | None, Mishap]] = []
    calls: int = 0
    records: int = 0
    cut: bool = False
    told: frozenset[str] = frozenset()
    truncated: dict[str, tuple[Key, Mishap]] = {}
    finished: bool = False
    places: dict[Key, int] = {}

    @property
    def entry(self) -> Entry:
        """What it is the state of."""
        return self.node.entry

    @property
    def failed(self) -> bool:
        """Whether every run that there was went wrong."""
        return bool(self.ran) and not any(ran.good for ran in self.ran)

    @property
    def flows(self) -> bool:
        """Whether it is given what its parents give as that comes, rather than all of it at the end."""
        return bool(self.node.fan) and not self.node.crossed and not self.node.whole

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do, as far as is known."""
        return not self.live and not self.sources and not self.held
