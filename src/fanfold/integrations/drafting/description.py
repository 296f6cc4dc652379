"""An OpenAPI description as the drafting sees it: references followed, operations in a row, both versions alike.

Descriptions are written by others, and often not quite right: whatever is not as it should be counts as not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from fanfold.errors import SetupError

Json = Mapping[str, Any]

VERBS = ("get", "post", "put", "patch", "delete", "head")

_REFERENCES = 20
"""References that are followed one after the other."""

_DEPTH = 8
"""Schemas within each other that are put together from their parts."""


def fields(value: Any) -> dict[str, Any]:
    """An object, or an empty one in its place."""
    return {str(name): member for name, member in value.items()} if isinstance(value, dict) else {}


def elements(value: Any) -> list[Any]:
    """A list, or an empty one in its place."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text in one line, or an empty one in its place."""
    return " ".join(value.split()) if isinstance(value, str) else ""


class Asked(Struct, frozen=True):
    """An operation. ``parameters`` are those of its path, too; ``answer`` is the schema of its success."""

    path: str
    verb: str
    told: dict[str, Any]
    parameters: tuple[dict[str, Any], ...] = ()
    answer: dict[str, Any] | None = None
    """None where it is no JSON, or not told."""

    headers: frozenset[str] = frozenset()
    """Names of headers of its success, in lower case."""

    @property
    def operation(self) -> str:
        """Its ``operationId``."""
        return text(self.told.get("operationId"))

    def query(self) -> list[dict[str, Any]]:
        """The parameters in its query."""
        return [each for each in self.parameters if each.get("in") == "query" and text(each.get("name"))]


class Description:
    """A whole description. Raises ``SetupError`` for what is none."""

    def __init__(self, document: Any) -> None:
        self.document = fields(document)
        version = str(self.document.get("openapi", self.document.get("swagger", "")))
        if not re.match(r"[23]\.", version):
            raise SetupError("This is no OpenAPI description: expected openapi: 3.… or swagger: '2.0' at its top.")
        self.old = version.startswith("2.")
        if not fields(self.document.get("paths")):
            raise SetupError("This OpenAPI description has no paths, so there is nothing to declare.")

    def follow(self, value: Any) -> dict[str, Any]:
        """What a reference leads to; what is none, is itself. References to other documents lead nowhere."""
        for _ in range(_REFERENCES):
            told = fields(value)
            reference = told.get("$ref")
            if not isinstance(reference, str):
                return told
            value = self._at(reference)
        return {}

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            return {}
        found: Any = self.document
        for part in reference[2:].split("/"):
            found = fields(found).get(part.replace("~1", "/").replace("~0", "~"))
        return found

    def schema(self, value: Any, depth: int = 0) -> dict[str, Any]:
        """A schema with its own properties and those of what it is put together from."""
        told = self.follow(value)
        parts = elements(told.get("allOf"))
        alternatives = elements(told.get("oneOf")) or elements(told.get("anyOf"))
        parts = [*parts, *alternatives[:1]]
        if not parts or depth == _DEPTH:
            return told
        whole: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for part in [*(self.schema(part, depth + 1) for part in parts), told]:
            properties |= fields(part.get("properties"))
            whole |= part
        return {**whole, "properties": properties} if properties else whole

    def operations(self) -> Iterator[Asked]:
        """All operations, in the order in which they are written."""
        for path, item in fields(self.document.get("paths")).items():
            item = self.follow(item)  # noqa: PLW2901 - the same, with its reference followed
            for verb in VERBS:
                told = self.follow(item.get(verb)) if isinstance(item.get(verb), dict) else None
                if told is not None:
                    yield self._asked(path, verb, told, item)

    def _asked(self, path: str, verb: str, told: dict[str, Any], item: Json) -> Asked:
        written = [*elements(item.get("parameters")), *elements(told.get("parameters"))]
        named = {(each.get("in"), each.get("name")): each for each in map(self.follow, written)}
        responses = {status: self.follow(each) for status, each in fields(told.get("responses")).items()}
        good = next((responses[status] for status in sorted(responses) if status.startswith("2")), None)
        good = good or responses.get("default") or {}
        headers = frozenset(name.lower() for name in fields(good.get("headers")))
        return Asked(path, verb, told, tuple(named.values()), self._answer(good), headers)

    def _answer(self, response: Json) -> dict[str, Any] | None:
        if self.old:
            return self.schema(response["schema"]) if isinstance(response.get("schema"), dict) else None
        for kind, media in fields(response.get("content")).items():
            if "json" in kind or kind == "*/*":
                return self.schema(fields(media).get("schema"))
        return None

    def body_kinds(self, asked: Asked) -> list[str]:
        """The media types that an operation's body may have."""
        if self.old:
            return [text(each) for each in elements(asked.told.get("consumes", self.document.get("consumes")))]
        return list(fields(self.follow(asked.told.get("requestBody")).get("content")))
