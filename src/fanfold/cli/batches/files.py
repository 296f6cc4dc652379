"""Reads batch files: the envelope of a batch request in YAML or JSON, shorter where people write it, or curl commands.

Everything that can be seen without a server is said at once, each mistake with file, line and field.
"""

from __future__ import annotations

import re
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from msgspec import DecodeError, json

from fanfold.cli.batches.curl import is_curl, read_curl
from fanfold.cli.batches.shapes import ENVELOPE, ActionShape, OptionsShape
from fanfold.cli.batches.written import BatchFile, Written
from fanfold.integrations.conforming import WRONG, Findings, brief, conformed, nearest
from fanfold.integrations.documents import MAX_SIZE, read_document
from fanfold.integrations.places import Document, DocumentError, Place, WrongDocument

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
STANDARD_INPUT = "standard input"

_LINE = re.compile(r"\s*([A-Za-z]+)\s+(\S+)(?:\s+(\S.*))?\s*", re.DOTALL)
_HEAD = re.compile(r"\s*([A-Za-z]+)\s+(/\S*)\s*")
_REFERENCE = re.compile(r"\{\{\s*([A-Za-z0-9_-]{1,64})\s*[.}]")
_ELEMENT = ("item", "index")
_OUTPUT = {"expand": "opt_expand", "limit": "limit", "offset": "offset"}


def read_batch(name: str, base: str = "") -> BatchFile:
    """The batch in a file of that name, ``-`` for standard input; ``base`` is the path of the API, for curl commands.

    Raises ``WrongDocument`` with all mistakes, ``DocumentError`` where it cannot be read at all.
    """
    if name == "-":
        return parse_batch(sys.stdin.buffer.read(MAX_SIZE + 1), STANDARD_INPUT, base)
    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise DocumentError(f"{name} cannot be read: {error.strerror}.") from None
    return parse_batch(data, name, base)


def parse_batch(data: bytes, source: str, base: str = "") -> BatchFile:
    """The batch in a file of that name."""
    document = _document(data, source, base)
    findings = Findings()
    entries, options = _unfolded(document.value, findings)
    actions: list[Written] = []
    for place, entry in entries:
        written = _action(entry, place, findings)
        if written is not None:
            actions.append(written)
    needs = _needs(actions, [place for place, _ in entries], findings) if len(actions) == len(entries) else ()
    if findings.mistakes:
        mistakes = sorted(findings.mistakes, key=lambda each: document.line(each.place))
        raise WrongDocument(tuple(document.told(each.place, each.message) for each in mistakes))
    dry_run = bool(options.pop("dry_run", False))
    names = tuple(action.id for action in actions)
    if options.get("execution") == "serial":
        needs = tuple(tuple({*found, number - 1} - {-1}) for number, found in enumerate(needs))
    kept = tuple(_unnamed(actions))
    return BatchFile(kept, names, needs, tuple(place for place, _ in entries), document, options, dry_run)


def _document(data: bytes, source: str, base: str) -> Document:
    if len(data) <= MAX_SIZE:
        text = data.decode("utf-8-sig", "replace")
        if is_curl(text):
            return read_curl(text, source, base)
        if source == STANDARD_INPUT and text.lstrip()[:1] in ("{", "["):
            try:
                return read_document(data, source, ending=".json")
            except DocumentError as error:
                try:
                    return read_document(data, source)
                except DocumentError:
                    raise error from None
    return read_document(data, source)


def _unfolded(value: Any, findings: Findings) -> tuple[list[tuple[Place, Any]], dict[str, Any]]:
    """The entries with their places, and the options of the batch."""
    prefix: Place = ()
    if isinstance(value, dict) and "data" in value and "actions" not in value:
        prefix, value = ("data",), value["data"]
    options: dict[str, Any] = {}
    if isinstance(value, dict):
        for name in value:
            if name not in ENVELOPE:
                findings.wrong((*prefix, name), f"there is no such field.{nearest(name, ENVELOPE)}")
        if value.get("options") is not None:
            kept = conformed(value["options"], OptionsShape, (*prefix, "options"), findings)
            options = {} if kept is WRONG else kept
        prefix, value = (*prefix, "actions"), value.get("actions")
    if not isinstance(value, list):
        findings.wrong(prefix, f"expected a list of actions, not {brief(value)}.")
        value = []
    elif not value:
        findings.wrong(prefix, "expected at least one action.")
    return [((*prefix, number), entry) for number, entry in enumerate(value)], options


def _action(entry: Any, place: Place, findings: Findings) -> Written | None:
    before = len(findings.mistakes)
    written = _lengthened(entry, place, findings)
    kept = WRONG if written is None else conformed(written, ActionShape, place, findings)
    if kept is WRONG or len(findings.mistakes) > before:
        return None
    kept = {name: value for name, value in kept.items() if value is not None}
    method = kept["method"].upper()
    if method not in METHODS:
        hint = nearest(method, METHODS)
        findings.wrong((*place, "method"), f"expected one of {', '.join(METHODS)}, not {brief(kept['method'])}.{hint}")
        return None
    data = kept.get("data") or None
    plain = "headers" not in kept and "base64" not in kept
    if data is not None and not isinstance(data, dict) and plain:
        findings.wrong((*place, "data"), f"expected an object, not {brief(data)}.")
        return None
    try:
        return _written(method, kept, data)
    except ValueError as error:
        findings.wrong((*place, "relative_path"), f"{str(error).removeprefix('path: ')}.")
        return None


def _written(method: str, kept: dict[str, Any], data: Any) -> Written:
    """The action; raises ``ValueError`` for what no path can be."""
    path, _, query = kept["relative_path"].partition("?")
    output = kept.get("options", {})
    params: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    if method in ("GET", "HEAD") and isinstance(data, dict):
        params |= data
        data = None
    fields = [
        *_list(params.pop("opt_fields", "")),
        *_list(output.get("fields", ())),
        *_list(kept.get("fields", ())),
    ]
    params |= {_OUTPUT[name]: value for name, value in output.items() if name in _OUTPUT and value}
    return Written(
        method,
        path if path.startswith(("/", "{{")) else f"/{path}",
        params,
        data,
        tuple(fields),
        key=kept.get("idempotency_key", ""),
        id=kept.get("id", ""),
        depends_on=_list(kept.get("depends_on", ())),
        for_each=kept.get("for_each", ""),
        more={name: kept[name] for name in ("timeout", "headers", "base64") if name in kept},
    )


def _lengthened(entry: Any, place: Place, findings: Findings) -> dict[str, Any] | None:
    """An entry with its method and path in fields of their own; None where it is none."""
    if isinstance(entry, str):
        return _of_line(entry, place, findings)
    if not isinstance(entry, dict):
        findings.wrong(place, f"expected an action such as GET /tasks/1, not {brief(entry)}.")
        return None
    written: dict[str, Any] = {}
    for name, value in entry.items():
        found = _HEAD.fullmatch(name)
        if found is None:
            written["relative_path" if name == "path" else name] = value
            continue
        clash = [each for each in ("method", "relative_path", "path", "data") if each in entry]
        if clash or "method" in written:
            findings.wrong(
                (*place, name), f"says method, path and data; leave out {clash[0] if clash else 'the other'}."
            )
            return None
        written |= {"method": found[1], "relative_path": found[2], "data": value}
    return written


def _of_line(line: str, place: Place, findings: Findings) -> dict[str, Any] | None:
    found = _LINE.fullmatch(line)
    if found is None:
        findings.wrong(place, f"expected an action such as GET /tasks/1, not {brief(line)}.")
        return None
    written: dict[str, Any] = {"method": found[1], "relative_path": found[2]}
    if found[3]:
        try:
            written["data"] = json.decode(found[3])
        except (DecodeError, RecursionError, UnicodeEncodeError):
            findings.wrong((*place, "data"), f"expected JSON after the path, not {brief(found[3])}.")
            return None
    return written


def _list(value: Any) -> tuple[str, ...]:
    """Names, written with commas or as a list."""
    if isinstance(value, str):
        return tuple(part for part in value.split(",") if part)
    return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)


def _unnamed(actions: list[Written]) -> list[Written]:
    """Actions without their names where nobody uses one: then they are but for people, and any server takes them."""
    hung = any(action.depends_on or action.for_each or b"{{" in action.in_batch() for action in actions)
    if hung:
        return actions
    return [Written(**{**_members(action), "id": ""}) for action in actions]


def _members(action: Written) -> dict[str, Any]:
    return {name: getattr(action, name) for name in action.__struct_fields__}


# -- who waits for whom ----------------------------------------------------------------------------------------------


def _needs(actions: list[Written], places: list[Place], findings: Findings) -> tuple[tuple[int, ...], ...]:
    """The places of those that each action waits for; names that nobody has and circles are mistakes."""
    named: dict[str, int] = {}
    for number, action in enumerate(actions):
        name = action.id.casefold()
        if name in _ELEMENT:
            findings.wrong((*places[number], "id"), f"{name} stands for an element of for_each; choose another.")
        elif name and name in named:
            findings.wrong((*places[number], "id"), f"{action.id!r} is there twice; upper and lower case are the same.")
        elif name:
            named[name] = number
    ids = [action.id for action in actions if action.id]
    needs: list[tuple[int, ...]] = []
    for action, place in zip(actions, places, strict=True):
        found: dict[int, None] = {}
        for field, name in _used(action, everywhere=bool(named)):
            if name.casefold() in named:
                found[named[name.casefold()]] = None
            elif field == "depends_on" or name not in _ELEMENT or not action.for_each:
                findings.wrong((*place, field), f"there is no action with the id {name!r}.{nearest(name, ids)}")
        needs.append(tuple(found))
    _check_circles(actions, needs, places, findings)
    return tuple(needs)


def _used(action: Written, *, everywhere: bool) -> list[tuple[str, str]]:
    """Fields and the names that they refer to; without any name in the batch braces mean nothing."""
    used = [("depends_on", name) for name in action.depends_on]
    if everywhere or action.for_each:
        for field, value in (
            ("relative_path", action.path),
            ("for_each", action.for_each),
            ("data", action.data if action.data is not None else action.params),
            ("headers", action.more.get("headers")),
        ):
            text = value if isinstance(value, str) else json.encode(value).decode()
            used += [(field, name) for name in _REFERENCE.findall(text)]
    return used


def _check_circles(
    actions: list[Written], needs: list[tuple[int, ...]], places: list[Place], findings: Findings
) -> None:
    try:
        TopologicalSorter(dict(enumerate(needs))).prepare()
    except CycleError as error:
        circle = error.args[1]
        titles = [actions[number].id for number in reversed(circle)]
        findings.wrong((*places[circle[0]], "depends_on"), f"these wait for each other: {' → '.join(titles)}.")


__all__ = ["METHODS", "STANDARD_INPUT", "parse_batch", "read_batch"]
