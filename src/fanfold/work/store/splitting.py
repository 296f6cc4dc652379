"""The words of a text, as SQLite's full-text index has them: split and folded by the very same code.

So what is found does not depend on which database is asked.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import apsw

LONGEST = 1024
"""Bytes of a word that are looked at. PostgreSQL keeps none of 2048."""

_ARGUMENTS = ["remove_diacritics", "2"]


@cache
def _tokenizer() -> tuple[Any, Any]:
    connection = apsw.Connection(":memory:")
    return connection, connection.fts5_tokenizer("unicode61", _ARGUMENTS)


def split(text: str) -> list[str]:
    """The words of a text in their order, folded."""
    _, tokenizer = _tokenizer()
    found = tokenizer(text.encode(), apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False)
    return [word if len(word) <= LONGEST // 4 else _cut(word) for word in found]


def _cut(word: str) -> str:
    return word.encode()[:LONGEST].decode(errors="ignore")
