"""Plans in files: the body of ``POST /batch-request`` as people keep it, checked strictly, and written tidily."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from msgspec import Struct

from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.checks import Checks
from fanfold.integrations.conforming import WRONG, Findings, conformed, nearest
from fanfold.integrations.documents import read_document, read_file
from fanfold.integrations.places import Document, Place, WrongDocument
from fanfold.integrations.plan_shapes import ENTRIES, PlanShape
from fanfold.integrations.writing import as_yaml


class PlanError(WrongDocument):
    """The plan is not right."""


class PlanFile(Struct, frozen=True):
    """A plan. ``body`` is what is sent, as it was written, without ``integrated_account_id`` where none was told."""

    body: dict[str, Any]
    document: Document

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Its entries, as written."""
        entries: list[dict[str, Any]] = self.body["resources"]
        return entries


def read_plan(data: bytes, source: str, evaluator: Evaluator | None = None) -> PlanFile:
    """The plan in a file of that name; raises ``PlanError`` with all its mistakes.

    Expressions are not compiled where there is no evaluator.
    """
    return _from_document(read_document(data, source), evaluator)


def read_plan_file(path: Path, evaluator: Evaluator | None = None) -> PlanFile:
    """The plan in a file; raises ``SetupError``."""
    return _from_document(read_file(path), evaluator)


def plan_yaml(body: Mapping[str, Any], comments: Iterable[str] = ()) -> str:
    """A plan as YAML: its fields in a fixed order, so that two of them can be compared line by line."""
    entries = [_ordered(each, ENTRIES[str(each.get("type", "request"))]) for each in body["resources"]]
    return as_yaml(_ordered({**body, "resources": entries}, PlanShape), comments)


def _ordered(value: Mapping[str, Any], kind: type[Struct]) -> dict[str, Any]:
    return {name: value[name] for name in kind.__struct_encode_fields__ if name in value}


def _from_document(document: Document, evaluator: Evaluator | None) -> PlanFile:
    findings = Findings()
    kept = conformed(document.value, PlanShape, (), findings)
    if kept is not WRONG:
        entries = _entries(kept.get("resources", []), findings)
        _check_pieces(entries, Checks(findings, evaluator))
        _check_names(entries, findings)
    if findings.mistakes:
        mistakes = sorted(findings.mistakes, key=lambda each: document.line(each.place))
        raise PlanError(tuple(document.told(each.place, each.message) for each in mistakes))
    return PlanFile(document.value, document)


def _entries(written: list[Any], findings: Findings) -> list[tuple[Place, dict[str, Any]]]:
    """What of the entries has the right shape, with their places."""
    found: list[tuple[Place, dict[str, Any]]] = []
    for number, each in enumerate(written):
        place: Place = ("resources", number)
        form = each.get("type", "request") if isinstance(each, dict) else "request"
        if not isinstance(form, str) or form not in ENTRIES:
            hint = nearest(form, ENTRIES)
            findings.wrong((*place, "type"), f"expected one of {', '.join(ENTRIES)}, not {form!r}.{hint}")
            continue
        kept = conformed(each, ENTRIES[form], place, findings)
        if kept is not WRONG:
            found.append((place, {**kept, "type": form}))
    return found


def _check_pieces(entries: list[tuple[Place, dict[str, Any]]], checks: Checks) -> None:
    for place, entry in entries:
        for name in ("id", "query", "body"):
            value = entry.get(name)
            if isinstance(value, str) and name != "id":
                checks.expression(value, (*place, name))
            else:
                checks.template(value, (*place, name))
        recurse = entry.get("recurse") or {}
        checks.template(recurse.get("if"), (*place, "recurse", "if"))
        checks.template(recurse.get("config"), (*place, "recurse", "config"))
        checks.expression(entry.get("run_if"), (*place, "run_if"))
        if entry["type"] == "transform":
            checks.expression(entry.get("config", {}).get("expression"), (*place, "config", "expression"))


def _check_names(entries: list[tuple[Place, dict[str, Any]]], findings: Findings) -> None:
    """That names are there once, and that what entries wait for is there and comes before them."""
    named: dict[str, int] = {}
    by_resource: dict[str, list[int]] = {}
    for number, (place, entry) in enumerate(entries):
        name = entry.get("name")
        if name and name in named:
            findings.wrong((*place, "name"), f"{name!r} is the name of another entry.")
        elif name:
            named[name] = number
        if "resource" in entry:
            by_resource.setdefault(entry["resource"], []).append(number)
    graph: dict[int, set[int]] = {}
    for number, (place, entry) in enumerate(entries):
        if entry["type"] != "request" and entry.get("name") in by_resource:
            findings.wrong((*place, "name"), f"{entry['name']!r} is a resource of another entry.")
        graph[number] = set()
        parents = _parents(entry)
        if entry["type"] == "spool" and "depends_on" in entry and len(parents) != 1:
            findings.wrong((*place, "depends_on"), "a spool gathers the records of exactly one entry.")
        for parent in parents:
            before = [named[parent]] if parent in named else by_resource.get(parent, [])
            if not before:
                hint = nearest(parent, [*named, *by_resource])
                findings.wrong((*place, "depends_on"), f"there is no entry {parent!r}.{hint}")
            graph[number] |= set(before)
    _check_order(entries, graph, findings)


def _parents(entry: Mapping[str, Any]) -> list[str]:
    written = entry.get("depends_on", [])
    return [written] if isinstance(written, str) else list(written)


def _check_order(entries: list[tuple[Place, dict[str, Any]]], graph: dict[int, set[int]], findings: Findings) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
        titles = [entries[number][1].get("name") or entries[number][1].get("resource", "") for number in circle]
        place = entries[circle[0]][0]
        findings.wrong((*place, "depends_on"), f"these wait for each other: {' → '.join(reversed(titles))}.")
