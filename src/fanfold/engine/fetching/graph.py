"""How the entries of a recipe hang together: who waits for whom, and for which records each is run.

All that can be wrong with a recipe is found here, before anything is called, and told at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from fanfold.engine.fetching.scope import Path
from fanfold.engine.fetching.texts import TextReader, Texts
from fanfold.entries import Entry, Failure, Recipe
from fanfold.expressions.evaluator import Evaluator

MAX_ENTRIES = 200
"""Entries in one recipe."""

REMEMBERED = 256
"""Graphs that are remembered, those asked for last."""

MAX_REMEMBERED = 64 * 1024
"""Bytes of a recipe whose graph is worth remembering."""

_encode = msgspec.msgpack.Encoder().encode


class Node(Struct):
    """The place of an entry in the graph.

    ``fan`` are the entries for whose records it is run, or whose pages it is given: those of one resource are as one,
    and where there are several of these, they are ``crossed``. ``after`` are those that only have to be finished.
    ``binds`` are the paths at which others find what it gives. ``whole``: it wants all records of its parents at once.
    ``per_element``: what its parents give as one array it takes one by one. ``bare``: what it gives is a single value
    rather than an array over pages. ``flat``: some placeholder names resources with their slash. ``wave`` is how many
    entries stand before it in the longest row.
    """

    entry: Entry
    texts: Texts
    fan: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    binds: tuple[Path, ...] = ()
    crossed: bool = False
    whole: bool = False
    per_element: bool = False
    loops: bool = False
    bare: bool = False
    flat: bool = False
    wave: int = 0

    @property
    def index(self) -> int:
        """Its place in the recipe."""
        return self.entry.index


def connect(recipe: Recipe, evaluator: Evaluator | None) -> tuple[tuple[Node, ...], tuple[Failure, ...]]:
    """A node for each entry, in the order written, and all mistakes. Nodes are of use only where there are none.

    A recipe that is sent again, with whatever arguments, has the graph that it had before.
    """
    if recipe.failures:
        return _Weaving(recipe, evaluator).woven()
    key = evaluator, _encode(recipe.entries)
    nodes = _remembered.pop(key, None)
    if nodes is None:
        nodes, failures = _Weaving(recipe, evaluator).woven()
        if failures or len(key[1]) > MAX_REMEMBERED:
            return nodes, failures
        if len(_remembered) >= REMEMBERED:
            del _remembered[next(iter(_remembered))]
    _remembered[key] = nodes
    return nodes, ()


_remembered: dict[tuple[Evaluator | None, bytes], tuple[Node, ...]] = {}


def forget() -> None:
    """Forget the graphs that are remembered."""
    _remembered.clear()


class _Weaving:
    """One recipe on its way to a graph."""

    def __init__(self, recipe: Recipe, evaluator: Evaluator | None) -> None:
        self._entries = recipe.entries
        self._failures = list(recipe.failures)
        self._reader = TextReader(evaluator, self._fail)
        self._named: dict[str, int] = {}
        self._of_resource: dict[str, list[int]] = {}
        self._first_at: dict[Path, list[int]] = {}

    def woven(self) -> tuple[tuple[Node, ...], tuple[Failure, ...]]:
        if len(self._entries) > MAX_ENTRIES:
            self._failures.append(Failure("/resources", f"There may be {MAX_ENTRIES} entries in one batch"))
            return (), self._sorted()
        self._note_names()
        texts = [self._reader.read(entry) for entry in self._entries]
        parents = [self._parents(entry) for entry in self._entries]
        order = self._in_order(parents, [])
        if order is None:
            return (), self._sorted()
        binds = self._binds(order, parents)
        for place, paths in enumerate(binds):
            self._first_at.setdefault(paths[0], []).append(place)
        implied = [self._implied(place, texts[place], parents[place], binds) for place in range(len(self._entries))]
        together = [tuple(dict.fromkeys((*one, *more))) for one, more in zip(parents, implied, strict=True)]
        order = self._in_order(together, implied)
        if order is None or self._failures:
            return (), self._sorted()
        return self._nodes(order, texts, together, parents, binds), ()

    def _sorted(self) -> tuple[Failure, ...]:
        """The mistakes in the order of the entries that they are in."""

        def place(failure: Failure) -> tuple[bool, int]:
            index = failure.path.split("/")[2:3]
            return (True, int(index[0])) if index and index[0].isdecimal() else (False, 0)

        return tuple(sorted(self._failures, key=place))

    def _fail(self, entry: Entry, where: str, message: str) -> None:
        self._failures.append(Failure(f"/resources/{entry.index}{where}", message))

    # -- names -------------------------------------------------------------------------------------------------------

    def _note_names(self) -> None:
        for place, entry in enumerate(self._entries):
            if entry.resource:
                self._of_resource.setdefault(entry.resource, []).append(place)
        for place, entry in enumerate(self._entries):
            if not entry.name:
                continue
            if entry.name in self._named:
                first = self._entries[self._named[entry.name]].index
                self._fail(entry, "/name", f"resources[{first}] is called {entry.name!r} too; give it another name")
            elif entry.kind != "request" and entry.name in self._of_resource:
                self._fail(
                    entry, "/name", f"{entry.name!r} is the resource of another entry; their results would be mixed up"
                )
            self._named.setdefault(entry.name, place)

    def _parents(self, entry: Entry) -> tuple[int, ...]:
        found: list[int] = []
        for number, name in enumerate(entry.depends_on):
            where = f"/depends_on/{number}" if len(entry.depends_on) > 1 else "/depends_on"
            if name in self._named:
                places = [self._named[name]]
            else:
                places = [place for place in self._of_resource.get(name, ()) if self._entries[place] is not entry]
            if not places:
                known = sorted({*self._named, *self._of_resource} - {entry.title})
                there = f"there are: {', '.join(known)[:500]}" if known else "there is no other"
                self._fail(entry, where, f"No entry is called {name[:100]!r}; {there}")
            elif any(self._entries[place] is entry for place in places):
                self._fail(entry, where, "It depends on itself")
            else:
                found += places
        if entry.kind == "spool" and len(entry.depends_on) != 1:
            self._fail(entry, "/depends_on", "A spool has exactly one parent, the entry whose records it gathers")
        return tuple(dict.fromkeys(found))

    # -- who waits for whom ------------------------------------------------------------------------------------------

    def _in_order(self, parents: Sequence[tuple[int, ...]], implied: Sequence[tuple[int, ...]]) -> list[int] | None:
        """Places so that parents stand before children; None, and a failure for each, where they go in circles."""
        left = [len(one) for one in parents]
        children: list[list[int]] = [[] for _ in parents]
        for place, ones in enumerate(parents):
            for one in ones:
                children[one].append(place)
        ready = [place for place, count in enumerate(left) if not count]
        for place in ready:
            for child in children[place]:
                left[child] -= 1
                if not left[child]:
                    ready.append(child)
        if len(ready) == len(parents):
            return ready
        circle = [place for place in range(len(parents)) if left[place]]
        names = ", ".join(repr(self._entries[place].title) for place in circle)
        for place in circle:
            where = "" if implied and implied[place] and not self._entries[place].depends_on else "/depends_on"
            self._fail(self._entries[place], where, f"These wait for each other in a circle: {names[:500]}")
        return None

    def _binds(self, order: list[int], parents: Sequence[tuple[int, ...]]) -> list[tuple[Path, ...]]:
        """Where what each entry gives is found: a request's at its resource, the others' at name and source's paths."""
        binds: list[tuple[Path, ...]] = [()] * len(self._entries)
        for place in order:
            entry = self._entries[place]
            if entry.kind == "request":
                binds[place] = (resource_path(entry.resource),)
            else:
                through = [path for one in parents[place][:1] for path in binds[one]]
                binds[place] = tuple(dict.fromkeys((("resources", entry.name), *through)))
        return binds

    def _implied(
        self, place: int, texts: Texts, parents: tuple[int, ...], binds: list[tuple[Path, ...]]
    ) -> tuple[int, ...]:
        """Entries that are mentioned without being named as parents, and are not behind a parent that is mentioned."""
        behind = self._behind(parents, binds)
        found: dict[int, None] = {}
        for mention in texts.mentions:
            if mention[0] != "resources" or len(mention) < 2 or any(is_at(mention, path) for path in behind):
                continue
            for path in _prefixes(mention):
                if path not in binds[place]:
                    found.update(dict.fromkeys(other for other in self._first_at.get(path, ()) if other != place))
        return tuple(found)

    def _behind(self, parents: tuple[int, ...], binds: list[tuple[Path, ...]]) -> list[Path]:
        return [path for parent in parents for path in binds[parent]]

    # -- nodes -------------------------------------------------------------------------------------------------------

    def _nodes(
        self,
        order: list[int],
        texts: list[Texts],
        parents: list[tuple[int, ...]],
        explicit: list[tuple[int, ...]],
        binds: list[tuple[Path, ...]],
    ) -> tuple[Node, ...]:
        flat = any(len(path) > 1 and "/" in path[1] for one in texts for path in one.mentions)
        made: dict[int, Node] = {}
        bound: dict[int, set[int]] = {}
        for place in order:
            node = self._node(place, texts[place], parents[place], explicit[place], binds, bound)
            above = [made[parent] for parent in parents[place]]
            node.wave = 1 + max([one.wave for one in above], default=-1)
            node.bare = _is_bare(node, [made[one] for one in node.fan])
            node.flat = flat
            made[place] = node
            bound[place] = {place}.union(*(bound[parent] for parent in node.fan if not node.whole))
        return tuple(made[place] for place in range(len(self._entries)))

    def _node(
        self,
        place: int,
        texts: Texts,
        parents: tuple[int, ...],
        explicit: tuple[int, ...],
        binds: list[tuple[Path, ...]],
        bound: dict[int, set[int]],
    ) -> Node:
        entry = self._entries[place]
        mentions = [mention for mention in texts.mentions if mention[0] == "resources"]
        asks = entry.kind == "request"
        if asks:
            fan = [one for one in parents if _is_mentioned(mentions, binds[one])]
            if len(fan) > 1:
                fan = [one for one in fan if not any(one in bound[other] for other in fan if other != one)]
        else:
            fan = [one for one in parents if one in explicit or not any(one in bound[other] for other in explicit)]
        looped = [one for one in fan if texts.loop in binds[one]] if texts.loop else []
        crossed = len(fan) > 1 and len({binds[one] for one in fan}) > 1
        gathers = entry.kind == "spool" or (entry.kind == "transform" and crossed)
        return Node(
            entry,
            texts,
            tuple(fan),
            tuple([one for one in parents if one not in fan]),
            binds[place],
            crossed=crossed,
            whole=gathers or (entry.group is not None and bool(fan)),
            per_element=asks and not looped and any(_looks_into(mentions, binds[one]) for one in fan),
            # A loop on the records of a request is what it is run for anyway.
            loops=bool(texts.loop) and not (asks and any(self._entries[one].kind == "request" for one in looped)),
        )


def _prefixes(mention: Path) -> list[Path]:
    """Every path that a mention is at or below; resources may be spelt with their slash."""
    if "/" in mention[1]:
        return [("resources", *mention[1].split("/"))]
    return [mention[:length] for length in range(2, len(mention) + 1)]


def resource_path(resource: str) -> Path:
    """Where records of a resource are found: ``crm/contacts`` at ``resources.crm.contacts``."""
    return ("resources", *resource.split("/"))


def is_at(mention: Path, path: Path) -> bool:
    """Whether a mention looks at ``path`` or below it; resources may be spelt with their slash."""
    if mention[: len(path)] == path:
        return True
    return len(mention) > 1 and "/" in mention[1] and ("resources", *mention[1].split("/")) == path


def _is_mentioned(mentions: list[Path], paths: tuple[Path, ...]) -> bool:
    """Whether something at one of the paths is looked at; an expression may look at all there is."""
    for path in paths:
        for mention in mentions:
            if is_at(mention, path) or path[: len(mention)] == mention:
                return True
    return False


def _looks_into(mentions: list[Path], paths: tuple[Path, ...]) -> bool:
    """Whether something within the records at a path is looked at, rather than all of them or one by its place."""
    for path in paths:
        for mention in mentions:
            if is_at(mention, path):
                rest = mention[len(path) :] if mention[: len(path)] == path else mention[2:]
                if rest and not rest[0].lstrip("-").isdecimal():
                    return True
    return False


def _is_bare(node: Node, fan: list[Node]) -> bool:
    """Whether an entry gives one value: a spool does, and a transform of anything but pages."""
    if node.entry.kind == "request":
        return False
    if node.entry.kind == "spool" or not fan or node.crossed:
        return True
    return fan[0].bare
