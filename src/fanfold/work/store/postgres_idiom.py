"""How PostgreSQL says what databases have no common words for (see ``idioms.py``)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fanfold.work.store.idioms import SHORT, Idiom, Phrase
from fanfold.work.store.splitting import split

_BEFORE_WORDS = "[[ \"#'()/@_-]"
"""What may stand before the beginning of a word, as a regular expression."""

_NOTHING = "''"
"""A query that is matched by nothing."""


class PostgresIdiom(Idiom):
    """With jsonb and tsvector. Only with the collation "C" are other letters than A to Z left alone."""

    def say_text(self, record: str, field: str) -> str:
        """Whatever the field holds, as a text."""
        return f"({record}.document ->> '{field}') COLLATE \"C\""

    def say_flag(self, record: str, field: str) -> str:
        """JSON's own booleans, so that null is neither."""
        return f"{record}.document -> '{field}' = to_jsonb(?::boolean)"

    def say_lower(self, record: str, field: str) -> str:
        """Of that."""
        return f"lower({self.say_text(record, field)})"

    def say_like(self) -> str:
        """The collation is that of what stands before it."""
        return "ILIKE ? ESCAPE '\\'"

    def begins_word(self, record: str, field: str, words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """By regular expressions."""
        condition = f"lower(' ' || {self.say_text(record, field)}) ~ ?"
        return " OR ".join([condition] * len(words)), tuple([f"{_BEFORE_WORDS}{_literally(word)}" for word in words])

    def say_empty(self) -> str:
        """A literal."""
        return "''::bytea"

    def say_then(self) -> str:
        """It decides by itself."""
        return "JOIN"

    def say_along(self, index: str) -> str:  # noqa: ARG002 - it decides by itself
        """Nothing."""
        return ""

    def say_first(self) -> str:
        """What has bounds is not mixed with what is around it."""
        return "OFFSET 0"

    def say_key(self, table: str) -> str:
        """A column of its own."""
        return f"{table}.gid"

    def say_has_words(self, task: str) -> str:
        """Asked for each task: how many tasks have several words, PostgreSQL guesses far too low."""
        matching = "words.words @@ ?::tsquery OFFSET 0"
        return f"EXISTS (SELECT 1 FROM words WHERE words.gid = {task}.gid AND {matching})"  # noqa: S608 - of names alone

    def say_matches(self, table: str) -> str:
        """By the index of its words."""
        return f"{table}.words @@ ?::tsquery"

    def say_scored(self, table: str) -> str:
        """How often the words are there, in relation to the length of the text."""
        score = f"-ts_rank('{{1,1,1,1}}', {table}.words, q.words, 1) AS score"
        return f"SELECT gid, {score} FROM {table}, (SELECT ?::tsquery AS words) q WHERE {table}.words @@ q.words"  # noqa: S608 - of names alone

    def match(self, phrases: Sequence[Phrase]) -> str:
        """A query with the words as they stand in the index."""
        found = [_phrase(split(words), goes_on=goes_on) for words, goes_on in phrases]
        return " & ".join(found) if all(found) else ""

    def say_number(self, value: str) -> str:
        """A column of its own."""
        return f"{value}.number"

    def say_short(self, value: str) -> str:
        """What the index holds."""
        return f"left({value}.text, {SHORT + 1})"

    def say_long(self, value: str) -> str:
        """The whole text."""
        return f"{value}.text"


def _phrase(words: Sequence[str], *, goes_on: bool) -> str:
    quoted = [quote(word) for word in words]
    return " <-> ".join(quoted) + (":*" if goes_on and quoted else "")


def quote(word: str) -> str:
    """A word as a value of the types for searching."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def places(*texts: str) -> str:
    """The words of texts with their places."""
    found: dict[str, list[int]] = {}
    place = 0
    for text in texts:
        for word in split(text):
            place += 1
            found.setdefault(word, []).append(place)
    return " ".join([f"{quote(word)}:{','.join(map(str, at[:256]))}" for word, at in found.items()])


def _literally(text: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", text)


IDIOM = PostgresIdiom()
