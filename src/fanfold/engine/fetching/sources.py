"""What an entry is run for: once, for each record of another, for each element of an array, or for many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from msgspec import UNSET, Struct

from fanfold.engine.fetching.graph import Node
from fanfold.engine.fetching.jobs import ONCE, Batch, Job, Key, State
from fanfold.engine.fetching.scope import Path, Scope, bind, found
from fanfold.engine.fetching.texts import GROUP
from fanfold.entries import Entry
from fanfold.errors import RequestError
from fanfold.expressions.placeholders import fill


def once(state: State, scope: Scope) -> Iterator[Job]:
    """The run, or the runs of its loop, of an entry that waits for no records."""
    if state.entry.group is not None:
        yield from grouped(state, scope, [scope])
    else:
        yield from looped(state, ONCE, scope)


def for_batch(state: State, parent: State, batch: Batch) -> Iterator[Job]:
    """The runs for what a parent gave: one for each record, or one for all of it where it is to be transformed."""
    node = state.node
    if node.entry.kind == "transform":
        yield Job(state, (unit_key(parent, batch.key, 0),), bound(parent.node, batch.scope, batch.value))
        return
    for place, record in enumerate(units(node, batch)):
        scope = bound(parent.node, batch.scope, record)
        lent = _lent(node.entry, parent.entry, record)
        yield from looped(state, (unit_key(parent, batch.key, place),), scope, identity(record), lent)


def for_all(state: State, parents: list[State], scope: Scope, behind: Mapping[int, tuple[Path, ...]]) -> Iterator[Job]:
    """The runs of an entry that needs all of its parents' records before it can begin."""
    entry = state.entry
    if entry.kind == "transform":
        for alike in _alike(parents):
            scope = bound(alike[0].node, alone(alike, scope) if len(alike) == len(parents) else scope, joined(alike))
        yield Job(state, ONCE, scope)
        return
    each = [[unit for parent in alike for unit in _units_of(state.node, parent)] for alike in _alike(parents)]
    if entry.group is not None:
        yield from grouped(state, scope, (_crossed(row, behind) for row in product(*each)))
        return
    for row in product(*each):
        lent: dict[str, Any] = {}
        for unit in row:
            lent.update(_lent(entry, unit.parent.entry, unit.record))
        root = tuple([unit.key for unit in row])
        yield from looped(state, root, _crossed(row, behind), identity(row[0].record), lent)


def looped(
    state: State, root: Key, scope: Scope, parent: Any = None, lent: Mapping[str, Any] | None = None
) -> Iterator[Job]:
    """One run, or one for each element of what the entry loops on: within it the same path is the element."""
    lent = lent or {}
    if not state.node.loops:
        yield Job(state, root, scope, parent, None, lent)
        return
    paths = _places_of(state.node.texts.loop, scope)
    if not paths:
        written = state.entry.loop_on
        error = RequestError(f"loop_on: {written[:200]!r} stands for nothing; name an array of args or of resources")
        yield Job(state, (*root, 0), scope, parent, None, lent, refused=error)
        return
    value = found(scope, paths[0])
    elements = value if isinstance(value, list) else [] if value is None else [value]
    for place, element in enumerate(elements):
        within = scope
        for path in paths:
            within = bind(within, path, element)
        yield Job(state, (*root, place), within, parent, (element,), lent)


def grouped(state: State, scope: Scope, scopes: Iterable[Scope]) -> Iterator[Job]:
    """Runs for many values at a time: each value once, in the order in which they come first."""
    group, template = state.entry.group, state.node.texts.group
    if group is None or template is None:
        return
    values: dict[Any, Any] = {}
    try:
        for one in scopes:
            value = _raw(template.source, one, fill(template, one, strict=True))
            for element in value if isinstance(value, list) else [] if value is None else [value]:
                values.setdefault(repr(element) if isinstance(element, dict | list) else element, element)
    except RequestError as error:
        yield Job(state, _group_root(0), scope, refused=error.alone())
        return
    distinct = list(values.values())
    for number, start in enumerate(range(0, len(distinct), group.size)):
        yield Job(state, _group_root(number), {**scope, GROUP: distinct[start : start + group.size]})


def _group_root(number: int) -> Key:
    """Of the same shape as those of runs for records, so that they can be compared."""
    return ((0, ONCE, 0, 0, (), number),)


def bound(node: Node, scope: Scope, value: Any) -> Scope:
    """A scope in which what an entry gave stands where others look for it."""
    for path in node.binds:
        scope = bind(scope, path, value)
        if node.flat and len(path) > 2:
            scope = bind(scope, ("resources", "/".join(path[1:])), value)
    return scope


def units(node: Node, batch: Batch) -> list[Any]:
    """What a parent's batch is one by one; a value that is an array only where something looks into its elements."""
    if batch.one and node.per_element and isinstance(batch.value, list):
        return batch.value
    return batch.records


def joined(states: list[State]) -> Any:
    """All that entries gave in one: records of all pages in order; a single value of a transform as it is."""
    good = [batch for state in states for batch in in_order(batch for batch in state.batches if batch.good)]
    if len(good) == 1 and good[0].one:
        return good[0].value
    return flattened(good)


def in_order(batches: Iterable[Batch]) -> list[Batch]:
    """Batches in the order of results, whenever they came."""
    return sorted(batches, key=lambda batch: batch.key)


def flattened(batches: Iterable[Batch]) -> list[Any]:
    """The records of batches; values that are arrays are joined, others appended."""
    out: list[Any] = []
    for batch in batches:
        if batch.one and isinstance(batch.value, list):
            out += batch.value
        else:
            out += batch.records
    return out


def identity(record: Any) -> Any:
    """What tells a record from others, where it has something of the kind."""
    return (record.get("id", record.get("gid"))) if isinstance(record, dict) else None


def alone(parents: list[State], scope: Scope) -> Scope:
    """The scope of a parent's only run, in which its ancestors are bound; the outer one where there were several."""
    if len(parents) > 1 or len(parents[0].ran) != 1 or not parents[0].batches:
        return scope
    return parents[0].batches[0].scope


def unit_key(parent: State, key: Key, place: int) -> Key:
    """Where a record of a parent stands among those that an entry is run for."""
    return (parent.node.index, *key, place)


class Unit(Struct, frozen=True):
    """A record with the place it has in the order, and the scope of the run that gave it."""

    parent: State
    key: Key
    scope: Scope
    record: Any


def _units_of(node: Node, parent: State) -> Iterator[Unit]:
    for batch in in_order(batch for batch in parent.batches if batch.good):
        for place, record in enumerate(units(node, batch)):
            yield Unit(parent, unit_key(parent, batch.key, place), batch.scope, record)


def _alike(parents: list[State]) -> list[list[State]]:
    """Parents of the same resource together, in the order of the first of each."""
    found: dict[tuple[Path, ...], list[State]] = {}
    for parent in parents:
        found.setdefault(parent.node.binds, []).append(parent)
    return list(found.values())


def _crossed(row: tuple[Unit, ...], behind: Mapping[int, tuple[Path, ...]]) -> Scope:
    """A scope that holds a record of each parent, and whatever each of them was run for."""
    scope: Scope = row[0].scope
    for unit in row:
        for path in behind[unit.parent.node.index]:
            value = found(unit.scope, path)
            if value is not UNSET:
                scope = bind(scope, path, value)
        scope = bound(unit.parent.node, scope, unit.record)
    return scope


def _lent(entry: Entry, parent: Entry, record: Any) -> dict[str, Any]:
    if not entry.include_from_parent or not isinstance(record, dict):
        return {}
    name = parent.title.rpartition("/")[2]
    return {f"_{name}_{field}": record.get(field) for field in entry.include_from_parent}


def _places_of(path: Path, scope: Scope) -> list[Path]:
    """Where a loop looks, in all spellings that there are: a bare name among the arguments first."""
    spellings = [path]
    args = scope.get("args")
    if path[0] not in {"args", "resources"} and isinstance(args, Mapping) and path[0] in args:
        spellings = [("args", *path)]
    elif path[0] == "resources" and len(path) > 1 and "/" in path[1]:
        spellings.append(("resources", *path[1].split("/"), *path[2:]))
    return [one for one in spellings if found(scope, one) is not UNSET]


def _raw(source: Any, scope: Scope, filled: Any) -> Any:
    """The value itself where a placeholder is nothing but a path: text would make one value of an array."""
    if isinstance(source, str) and source.startswith("{{") and source.endswith("}}"):
        path = tuple(source[2:-2].strip().split("."))
        value = found(scope, path)
        if value is not UNSET:
            return value
    return filled
