"""How SQLite says what databases have no common words for (see ``idioms.py``)."""

from __future__ import annotations

from collections.abc import Sequence

from fanfold.work.store.idioms import Idiom, Phrase

_BEFORE_WORDS = "[] \"#'()/@[_-]"
"""What may stand before the beginning of a word, as a pattern."""


class SqliteIdiom(Idiom):
    """With JSON1 and FTS5."""

    def say_text(self, record: str, field: str) -> str:
        """JSON is stored as bytes."""
        return f"json_extract(CAST({record}.document AS TEXT), '$.{field}')"

    def say_flag(self, record: str, field: str) -> str:
        """Booleans are 0 and 1, also as values."""
        return f"{self.say_text(record, field)} = ?"

    def say_lower(self, record: str, field: str) -> str:
        """No other letters are known to it."""
        return f"lower({self.say_text(record, field)})"

    def say_like(self) -> str:
        """No other letters are alike to it."""
        return "LIKE ? ESCAPE '\\'"

    def begins_word(self, record: str, field: str, words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """By patterns."""
        condition = f"lower(' ' || {self.say_text(record, field)}) GLOB ?"
        return " OR ".join([condition] * len(words)), tuple([f"*{_BEFORE_WORDS}{_literally(word)}*" for word in words])

    def say_empty(self) -> str:
        """A literal."""
        return "x''"

    def say_then(self) -> str:
        """Tables are taken in the order in which they are written."""
        return "CROSS JOIN"

    def say_along(self, index: str) -> str:
        """It may be told."""
        return f"INDEXED BY {index}"

    def say_first(self) -> str:
        """As it is written first."""
        return ""

    def say_key(self, table: str) -> str:
        """Tables of FTS5 have no other."""
        return f"{table}.rowid"

    def say_has_words(self, task: str) -> str:
        """Asking for each task apart would have the words' lists put together each time."""
        return f"{task}.gid IN (SELECT rowid FROM words WHERE words MATCH ?)"  # noqa: S608 - of names alone

    def say_matches(self, table: str) -> str:
        """The hidden column that is called as the table is."""
        return f"{table} MATCH ?"

    def say_scored(self, table: str) -> str:
        """BM25."""
        return f"SELECT rowid AS gid, rank AS score FROM {table} WHERE {table} MATCH ?"  # noqa: S608 - of names alone

    def match(self, phrases: Sequence[Phrase]) -> str:
        """A query of FTS5."""
        return " AND ".join([f'"{words}"' + ("*" if goes_on else "") for words, goes_on in phrases])

    def say_number(self, value: str) -> str:
        """The column holds anything."""
        return f"{value}.value"

    say_short = say_long = say_number


def _literally(text: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


IDIOM = SqliteIdiom()
