"""What clients type, as phrases that the index is asked for: its words, literally, whatever else they hold."""

from __future__ import annotations

from unicodedata import combining

from fanfold.work.store import Phrase

MAX_WORDS = 20


def words_of(text: str) -> list[str]:
    """The words of a text as the index splits them, all but the letters and digits left out."""
    return "".join(char if char.isalnum() or combining(char) else " " for char in text).split()[:MAX_WORDS]


def all_words(text: str) -> list[Phrase]:
    """For tasks in which for each word of ``text`` some word begins so; very short ones have to be the same."""
    return [(word, len(word) > 2) for word in words_of(text)]


def beginning(text: str) -> list[Phrase]:
    """For names that go on, from the beginning of some word, as ``text`` does; empty if it has no words."""
    words = words_of(text)
    return [(" ".join(words), True)] if words else []


def is_plain(text: str) -> bool:
    """Whether the index sees all of the text: nothing but words and spaces."""
    return all(char.isalnum() or char.isspace() or combining(char) for char in text)
