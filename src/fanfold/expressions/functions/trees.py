"""Records that name their parents, put in the order of the tree that they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from fanfold.expressions.functions.arguments import MAX_ITEMS, Unsuitable, array, key_text, members


def compare(one: Any, other: Any) -> int:
    """Which of two comes first: numbers and texts among their own kind, and what is missing last."""
    if one is None or other is None:
        return (one is None) - (other is None)
    alike = isinstance(one, str) == isinstance(other, str)
    if not alike or isinstance(one, dict | list) or isinstance(other, dict | list):
        return 0
    return int(one > other) - int(one < other)


in_order = cmp_to_key(compare)


def sort_nodes(value: Any = None, key: Any = None, parent: Any = None, sequence: Any = None) -> list[Any]:
    """Each record with those below it right behind it; those beside each other by what ``sequence`` names.

    What has no parent among the records is at the top. Those of a circle are left out.
    """
    if not isinstance(value, list):
        raise Unsuitable("$sortNodes takes an array; a single record is none, and $map makes one of one element")
    key, parent, sequence = key or "id", parent or "parent_id", sequence or "sequence"
    nodes = [node for node in value if isinstance(node, dict)]
    known = {key_text(node.get(key)) for node in nodes}
    below: dict[str, list[dict[str, Any]]] = {}
    top = []
    for node in nodes:
        above = node.get(parent)
        if above is not None and key_text(above) in known:
            below.setdefault(key_text(above), []).append(node)
        else:
            top.append(node)
    return _walked(top, below, key, sequence)


def _walked(top: list[Any], below: dict[str, list[dict[str, Any]]], key: str, sequence: str) -> list[Any]:
    def by_sequence(node: dict[str, Any]) -> Any:
        return in_order(node.get(sequence))

    for siblings in (top, *below.values()):
        siblings.sort(key=by_sequence)
    found = []
    todo = top[::-1]
    while todo:
        node = todo.pop()
        found.append(node)
        # Two records of one name have each all that is below it: that may double with every level.
        if len(found) + len(todo) > MAX_ITEMS:
            raise Unsuitable(f"$sortNodes would give more than {MAX_ITEMS} records")
        todo += below.get(key_text(node.get(key)), ())[::-1]
    return found


def dependency_graph(value: Any = None, parent: Any = None, key: Any = None) -> dict[str, Any]:
    """Who depends on whom: ``order`` has all names, each behind those it depends on, and ``edges`` what each names."""
    key, parent = key or "id", parent or "parent_id"
    edges: dict[str, list[str]] = {}
    for node in array(value, "dependencyGraph"):
        if isinstance(node, dict) and node.get(key) is not None:
            above = node.get(parent)
            names = above if isinstance(above, list) else [above]
            edges.setdefault(key_text(node[key]), []).extend(key_text(name) for name in names if name is not None)
    edges = {name: [above for above in needed if above in edges] for name, needed in edges.items()}
    return {"order": _ordered(edges), "edges": edges}


def _ordered(edges: dict[str, list[str]]) -> list[str]:
    waiting = {name: len(needed) for name, needed in edges.items()}
    needed_by: dict[str, list[str]] = {}
    for name, needed in edges.items():
        for above in needed:
            needed_by.setdefault(above, []).append(name)
    order = [name for name, count in waiting.items() if not count]
    for name in order:
        for other in needed_by.get(name, ()):
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    if len(order) < len(edges):
        raise Unsuitable("$dependencyGraph was given records that depend on each other in a circle")
    return order


def overall_order(graph: Any) -> Any:
    """All names of a graph, each behind those it depends on."""
    return members(graph, "dependencyGraph").get("order")


def dependencies_of(graph: Any, name: Any = None) -> list[str]:
    """Whatever a name depends on, directly or not, in the order of the graph."""
    edges = members(members(graph, "dependencyGraph").get("edges"), "dependencyGraph")
    found: set[str] = set()
    todo = list(edges.get(key_text(name), ()))
    while todo:
        above = todo.pop()
        if above not in found:
            found.add(above)
            todo += edges.get(above, ())
    return [each for each in overall_order(graph) or () if each in found]


METHODS: dict[str, Callable[..., Any]] = {"overallOrder": overall_order, "dependenciesOf": dependencies_of}
"""By the names that they have as methods of a graph."""

FUNCTIONS: dict[str, Callable[..., Any]] = {"sortNodes": sort_nodes, "dependencyGraph": dependency_graph}
