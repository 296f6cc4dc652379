"""How the actions of a batch hang together: which one waits for which, known before anything is done.

A mistake here is a mistake of the whole batch, since nobody can say what would have to run: unknown names, names that
are there twice, and circles are refused as ``RequestError``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from fanfold.engine.references import INDEX, ITEM, Reference, compile_text, compile_value, references_in
from fanfold.errors import RequestError
from fanfold.model import Action, Conduct, Wiring

_UNWIRED = Wiring()


class Templates(Struct, frozen=True):
    """The parts of an action as templates; None for a path that holds none."""

    path: Any
    query: tuple[tuple[str, Any], ...]
    headers: tuple[tuple[str, Any], ...]
    body: Any

    def references(self) -> Iterator[Reference]:
        """All of them, in no order that matters."""
        for template in (self.path, self.body, *(value for _, value in (*self.query, *self.headers))):
            yield from references_in(template)


class Node(Struct, frozen=True):
    """The place of an action in the graph.

    ``needs`` are the indexes of actions that have to succeed first, ``after`` of those that only have to be settled.
    ``templates`` is set where something of the action is to be filled in, ``each`` where it fans out. ``wave``: how
    many actions stand before it in the longest row, from 0.
    """

    index: int
    needs: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    templates: Templates | None = None
    each: Reference | None = None
    wave: int = 0


def connect(actions: Sequence[Action], conduct: Conduct) -> tuple[Node, ...]:
    """A node for each action, in request order. Raises ``RequestError`` where they cannot be put in order."""
    places = _places(actions)
    nodes = [_node(index, action, places) for index, action in enumerate(actions)]
    if conduct.serial:
        nodes = [Node(n.index, n.needs, (n.index - 1,) if n.index else (), n.templates, n.each) for n in nodes]
    waves = _waves(nodes, actions)
    return tuple(
        Node(n.index, n.needs, n.after, n.templates, n.each, wave) for n, wave in zip(nodes, waves, strict=True)
    )


def name_of(action: Action, index: int) -> str:
    """What an action is called in messages: its id, else its place."""
    wiring = action.wiring
    return f'"{wiring.id}"' if wiring is not None and wiring.id else f"action {index}"


def _places(actions: Sequence[Action]) -> dict[str, int]:
    places: dict[str, int] = {}
    for index, action in enumerate(actions):
        name = action.wiring.id if action.wiring is not None else ""
        if not name:
            continue
        folded = name.casefold()
        if folded in places:
            raise RequestError(f"actions: [{index}].id: {name!r} is there twice; ids differ in more than upper case")
        places[folded] = index
    return places


def _node(index: int, action: Action, places: dict[str, int]) -> Node:
    wiring = action.wiring or _UNWIRED
    needs = {_place_of(name, places, f"actions: [{index}].depends_on") for name in wiring.depends_on}
    templates: Templates | None = None
    each: Reference | None = None
    if places:
        try:
            templates = _templates(action)
            each = _each(wiring)
        except RequestError as error:
            raise RequestError(f"actions: [{index}]: {error.message}") from None
        for reference in (*(templates.references() if templates else ()), *((each,) if each else ())):
            if reference.source not in {ITEM, INDEX}:
                needs.add(_place_of(reference.source, places, f"actions: [{index}]: {reference.written}"))
            elif reference is each or each is None:
                raise RequestError(f"actions: [{index}]: {reference.written} goes with for_each only")
    elif wiring.for_each:
        raise RequestError(f"actions: [{index}].for_each: No action has an id that it could name")
    if index in needs:
        raise RequestError(f"actions: [{index}]: It depends on itself")
    return Node(index, tuple(sorted(needs)), (), templates, each)


def _templates(action: Action) -> Templates | None:
    """The templates of an action that holds any."""
    path = compile_text(action.path) if "{{" in action.path else None
    query = tuple([(name, compile_text(value)) for name, value in action.query])
    headers = tuple([(name, compile_text(value)) for name, value in action.headers])
    body = compile_value(action.body)
    plain = path is None and query == action.query and headers == action.headers and body is action.body
    return None if plain else Templates(path, query, headers, body)


def _each(wiring: Wiring) -> Reference | None:
    if not wiring.for_each:
        return None
    found = compile_text(wiring.for_each)
    if not isinstance(found, Reference):
        raise RequestError("for_each: Must be one reference to an array, such as {{ID.body.data}}")
    return found


def _place_of(name: str, places: dict[str, int], where: str) -> int:
    place = places.get(name.casefold())
    if place is None:
        known = ", ".join(sorted(places)[:20]) or "none"
        raise RequestError(f"{where}: No action has the id {name[:64]!r}; there are: {known}")
    return place


def _waves(nodes: Sequence[Node], actions: Sequence[Action]) -> list[int]:
    """How deep each node stands; raises ``RequestError`` where there is a circle."""
    waves = [0] * len(nodes)
    left = [len(node.needs) + len(node.after) for node in nodes]
    followers: list[list[int]] = [[] for _ in nodes]
    for node in nodes:
        for place in (*node.needs, *node.after):
            followers[place].append(node.index)
    ready = [node.index for node in nodes if not left[node.index]]
    for index in ready:
        for follower in followers[index]:
            waves[follower] = max(waves[follower], waves[index] + 1)
            left[follower] -= 1
            if not left[follower]:
                ready.append(follower)
    if len(ready) < len(nodes):
        stuck = ", ".join(name_of(actions[node.index], node.index) for node in nodes if left[node.index])
        raise RequestError(f"actions: These wait for each other in a circle: {stuck}")
    return waves
