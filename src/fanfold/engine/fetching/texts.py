"""The texts of an entry: what is filled in and what is worked out for each of its runs, and what they mention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from fanfold.engine.fetching.scope import Path, merged
from fanfold.entries import Entry
from fanfold.errors import RequestError
from fanfold.expressions.evaluator import Evaluator, Expression
from fanfold.expressions.placeholders import Template, compile_template

GROUP = "group"
"""The placeholder at which the values of a group stand."""

_NOTHING = Template(None)

Fail = Callable[[Entry, str, str], None]
"""Takes note of a mistake: in which entry, where in it as a JSON Pointer, and what it is."""


class Texts(Struct):
    """What is filled in or worked out for each run. ``asked`` are expressions, in the order they are needed.

    ``mentions`` are all paths that are looked up, those of the next round of a recursion apart.
    """

    id: Template | None = None
    query: Template | None = None
    body: Template | None = None
    group: Template | None = None
    asked: tuple[tuple[str, Expression], ...] = ()
    condition: Template | None = None
    again_id: Template | None = None
    again_query: Template | None = None
    loop: Path = ()
    mentions: tuple[Path, ...] = ()


class TextReader:
    """Compiles the texts of entries; ``fail`` is told of each mistake, so that all of them are known at once."""

    def __init__(self, evaluator: Evaluator | None, fail: Fail) -> None:
        self._evaluator = evaluator
        self._fail = fail

    def read(self, entry: Entry) -> Texts:
        """The texts of one entry; of use only where nothing in them was wrong."""
        again = entry.recurse
        query: Any = entry.query if isinstance(entry.query, dict) else None
        asked = []
        for name, source in (("run_if", entry.run_if), ("query", entry.query), ("body", entry.body)):
            if isinstance(source, str) and source:
                asked.append((name, self._expression(entry, f"/{name}", source)))
        if entry.expression:
            asked.append(("expression", self._expression(entry, "/config/expression", entry.expression)))
        texts = Texts(
            id=self._template(entry, "/id", entry.id),
            query=self._template(entry, "/query", query),
            body=None if isinstance(entry.body, str) else self._template(entry, "/body", entry.body),
            group=None if entry.group is None else self._template(entry, "/group/of", entry.group.of),
            asked=tuple([(name, expression) for name, expression in asked if expression is not None]),
            condition=None if again is None else self._template(entry, "/recurse/if", again.condition or None),
            loop=loop_path(entry.loop_on) if entry.loop_on else (),
        )
        texts.mentions = _mentions(texts)
        if again is not None:
            again_id = entry.id if again.id is None else again.id
            texts.again_id = self._template(entry, "/recurse/config/id", again_id)
            over = merged(query or {}, again.query or {})
            texts.again_query = self._template(entry, "/recurse/config/query", over)
        return texts

    def _template(self, entry: Entry, where: str, value: Any) -> Template | None:
        if value is None:
            return None
        try:
            return compile_template(value)
        except RequestError as error:
            self._fail(entry, where, error.message)
            return _NOTHING

    def _expression(self, entry: Entry, where: str, source: str) -> Expression | None:
        if self._evaluator is None:
            self._fail(entry, where, "There are no expressions here: pip install 'fanfold[server]'")
            return None
        try:
            return self._evaluator.compile(source)
        except RequestError as error:
            self._fail(entry, where, error.message)
            return None


def loop_path(written: str) -> Path:
    """What ``loop_on`` says, however it is spelt: ``user_ids``, ``args.user_ids``, ``{{args.user_ids}}``."""
    text = written.strip()
    if text.startswith("{{") and text.endswith("}}"):
        text = text[2:-2].partition(":")[0].strip()
    return tuple(text.split(".")) if text else ()


def _mentions(texts: Texts) -> tuple[Path, ...]:
    found: list[Path] = []
    for template in (texts.id, texts.query, texts.body, texts.group):
        if template is not None:
            found += template.paths
    for _, expression in texts.asked:
        found += (("resources",),) if expression.reads is None else expression.reads
    if texts.loop:
        found.append(texts.loop)
    return tuple(found)
