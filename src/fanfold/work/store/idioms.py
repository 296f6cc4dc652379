"""The few things that databases have no common words for, each written in SQL as ``{verb argument …}``.

So a condition is written once, by whoever knows what is looked for, and said by the store to the database that it has.
All else in it is SQL that both understand.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache

Phrase = tuple[str, bool]
"""Words behind each other, with spaces between them, and whether the last may go on."""

_VERB = re.compile(r"\{(\w+)((?: [\w.]+)*)\}")


class Idiom(ABC):
    """How one database says it. What the verbs are given are names of tables and fields, never what a client wrote."""

    def __init__(self) -> None:
        self.said: Callable[[str], str] = lru_cache(maxsize=1024)(self._said)
        """SQL with all verbs said. What is not a verb of this class stays as it is."""

    def _said(self, sql: str) -> str:
        return _VERB.sub(self._say, sql)

    def _say(self, found: re.Match[str]) -> str:
        verb: Callable[..., str] | None = getattr(self, f"say_{found[1]}", None)
        return found[0] if verb is None else verb(*found[2].split())

    # -- what documents hold -----------------------------------------------------------------------------------------

    @abstractmethod
    def say_text(self, record: str, field: str) -> str:
        """The text that a document has in a field, or NULL."""

    @abstractmethod
    def say_flag(self, record: str, field: str) -> str:
        """The condition that a document has in a field the boolean that is asked for."""

    @abstractmethod
    def say_lower(self, record: str, field: str) -> str:
        """The same text with the letters A to Z made small."""

    @abstractmethod
    def say_like(self) -> str:
        r"""``LIKE`` a value in which ``\`` stands before what is no pattern; A to Z are the same as a to z."""

    @abstractmethod
    def begins_word(self, record: str, field: str, words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """The condition that a word of the field begins with one of ``words``, and its values.

        In ``words`` the letters A to Z are small, in the field they may be as they like.
        """

    @abstractmethod
    def say_empty(self) -> str:
        """No bytes."""

    # -- what searches look at ---------------------------------------------------------------------------------------

    @abstractmethod
    def say_then(self) -> str:
        """``JOIN``, where the planner is not to begin with what stands behind it."""

    @abstractmethod
    def say_along(self, index: str) -> str:
        """That a table is to be read along an index."""

    @abstractmethod
    def say_first(self) -> str:
        """At the end of a query in another: that it is to be done before what is around it."""

    @abstractmethod
    def say_key(self, table: str) -> str:
        """The column of a table of words that is the gid."""

    @abstractmethod
    def say_has_words(self, task: str) -> str:
        """The condition that a task has the words that are asked for, where many tasks are gone through."""

    @abstractmethod
    def say_matches(self, table: str) -> str:
        """The condition that a table of words holds the phrases that are asked for."""

    @abstractmethod
    def say_scored(self, table: str) -> str:
        """Gid and score of what does: the less the better."""

    @abstractmethod
    def match(self, phrases: Sequence[Phrase]) -> str:
        """The value that stands for phrases, all of which are looked for."""

    @abstractmethod
    def say_number(self, value: str) -> str:
        """The value of a custom field as a number."""

    @abstractmethod
    def say_short(self, value: str) -> str:
        """The same as a text, cut somewhere behind ``SHORT`` characters."""

    @abstractmethod
    def say_long(self, value: str) -> str:
        """The same as a text of any length."""


SHORT = 127
"""Characters of a text by which it is found more quickly, if it has no more."""
