"""How documents are written: YAML, JSON and TOML, each read with the line of everything that has a name or a number.

YAML is read as its version 1.2 has it: no word but ``true`` and ``false`` is a truth value, a date is text, and a name
that comes twice is refused. So are anchors and tags: what is written is what is meant, and a small file stays small.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from msgspec import DecodeError, json

from fanfold.integrations.places import DocumentError, Place, dotted

MAX_DEPTH = 64
"""Objects and lists within each other."""

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 40
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NEWLINE = b"\n"
_SIMPLE = "tag:yaml.org,2002:str"

_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+|\n')
_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


class _Builder:
    """A value while its pieces come in the order in which they are written."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines: dict[Place, int] = {}
        self.value: Any = None
        self._open: list[tuple[Any, Place]] = []
        self._key: str | None = None

    @property
    def wants_key(self) -> bool:
        """Whether what comes next is a name."""
        return bool(self._open) and isinstance(self._open[-1][0], dict) and self._key is None

    def key(self, name: str, line: int) -> None:
        """The name of what comes next."""
        container, place = self._open[-1]
        if name in container:
            raise DocumentError(f"{self.source}:{line}: {dotted((*place, name))}: stands there twice.")
        self._key = name
        self.lines[(*place, name)] = line

    def add(self, value: Any, line: int) -> None:
        """A value; an object or a list is the place of what follows until it is closed."""
        place: Place = ()
        if not self._open:
            self.value = value
        else:
            container, place = self._open[-1]
            if isinstance(container, list):
                place = (*place, len(container))
                self.lines[place] = line
                container.append(value)
            elif self._key is not None:
                place = (*place, self._key)
                container[self._key] = value
                self._key = None
        if isinstance(value, dict | list):
            if len(self._open) == MAX_DEPTH:
                raise DocumentError(f"{self.source}:{line}: more than {MAX_DEPTH} levels deep.")
            self._open.append((value, place))

    def close(self) -> None:
        """The end of an object or list."""
        self._open.pop()


# -- YAML ------------------------------------------------------------------------------------------------------------


def read_yaml(text: str, source: str) -> tuple[Any, Mapping[Place, int]]:
    """What a YAML text holds, and the lines of what is in it; raises ``DocumentError``."""
    try:
        import yaml  # noqa: PLC0415 - only where a file asks for it
    except ModuleNotFoundError:
        raise DocumentError(
            f"Reading {source} needs PyYAML: pip install 'fanfold[server]', or write it in JSON or TOML."
        ) from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(source)
    try:
        for event in yaml.parse(text, loader):
            _take(event, builder, source)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where = source if mark is None else f"{source}:{mark.line + 1}"
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
        raise DocumentError(f"{where}: {problem}.") from None
    return builder.value, builder.lines


def _take(event: Any, builder: _Builder, source: str) -> None:
    line = event.start_mark.line + 1
    kind = type(event).__name__
    if kind == "AliasEvent" or getattr(event, "anchor", None):
        raise DocumentError(f"{source}:{line}: anchors (&) and aliases (*) are not read: write it out, or quote it.")
    if builder.wants_key and kind in ("MappingStartEvent", "SequenceStartEvent"):
        raise DocumentError(f"{source}:{line}: expected a name; put it in quotes if it begins with {{ or [.")
    if kind == "MappingStartEvent":
        _untagged(event.implicit, source, line)
        builder.add({}, line)
    elif kind == "SequenceStartEvent":
        _untagged(event.implicit, source, line)
        builder.add([], line)
    elif kind in ("MappingEndEvent", "SequenceEndEvent"):
        builder.close()
    elif kind == "DocumentStartEvent" and builder.value is not None:
        raise DocumentError(f"{source}:{line}: a second document begins; one is read.")
    elif kind == "ScalarEvent":
        if builder.wants_key:
            builder.key(event.value, line)
            return
        _untagged(any(event.implicit) or event.tag == _SIMPLE, source, line)
        builder.add(plain(event.value) if event.implicit[0] and event.tag is None else event.value, line)


def _untagged(implicit: object, source: str, line: int) -> None:
    if not implicit:
        raise DocumentError(f"{source}:{line}: tags (!) are not read; put what begins with one in quotes.")


def plain(text: str) -> Any:
    """What a word without quotes stands for in YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST_NUMBER:
        if _INT.fullmatch(text):
            return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
        if _FLOAT.fullmatch(text) and isfinite(float(text)):
            return float(text)
    return text


# -- JSON ------------------------------------------------------------------------------------------------------------


def read_json(text: str, source: str) -> tuple[Any, Mapping[Place, int]]:
    """What a JSON text holds, and the lines of what is in it; raises ``DocumentError``."""
    try:
        value = json.decode(text)
    except (DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise DocumentError(f"{source}{_line_of(str(error), text)}: not JSON: {error}.") from None
    builder = _Builder(source)
    line = 1
    for piece in _JSON.findall(text):
        if piece == "\n":
            line += 1
        elif piece in "{[":
            builder.add({} if piece == "{" else [], line)
        elif piece in "}]":
            builder.close()
        elif piece not in ",:":
            if builder.wants_key:
                builder.key(json.decode(piece), line)
            else:
                builder.add(None, line)
    return value, builder.lines


def _line_of(message: str, text: str) -> str:
    found = re.search(r"\(byte (\d+)\)", message)
    before = text.encode()[: int(found[1]) if found else None]
    return f":{1 + before.count(_NEWLINE)}" if found or "truncated" in message else ""


# -- TOML ------------------------------------------------------------------------------------------------------------


def read_toml(text: str, source: str) -> tuple[Any, Mapping[Place, int]]:
    """What a TOML text holds, and the lines of what is in it; raises ``DocumentError``."""
    try:
        value = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        where = f"{source}:{found[1]}" if found else source
        raise DocumentError(f"{where}: not TOML: {str(error)[: found.start() if found else None]}.") from None
    lines = dict(_toml_lines(text))
    for place, each in _leaves(value, ()):
        if not isinstance(each, str | int | float):
            line = lines.get(place)
            where = f"{source}:{line}" if line else source
            raise DocumentError(f"{where}: {dotted(place)}: a date has to be in quotes.")
    return value, lines


def _toml_lines(text: str) -> Iterator[tuple[Place, int]]:
    """Where names stand, as far as that can be told without reading TOML once more."""
    table: Place = ()
    counts: dict[Place, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        head = _TABLE.match(line)
        if head:
            table = tuple(part.strip("\"'") for part in _PART.findall(head[2]))
            if head[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *(part.strip("\"'") for part in _PART.findall(key[1]))), number


def _leaves(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, (*place, name))
    elif isinstance(value, list):
        for number, element in enumerate(value):
            yield from _leaves(element, (*place, number))
    else:
        yield place, value
