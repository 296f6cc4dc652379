"""Phrases that make an internal error easy to read out and to find again, like "6 sad squid snuggle softly"."""

from __future__ import annotations

import random

_ADJECTIVES = (
    "bold",
    "calm",
    "crisp",
    "eager",
    "fuzzy",
    "gentle",
    "happy",
    "jolly",
    "lucky",
    "merry",
    "proud",
    "quiet",
)
_NOUNS = ("bears", "crows", "ducks", "foxes", "geese", "hares", "larks", "moths", "otters", "seals", "toads", "wolves")
_VERBS = (
    "bounce",
    "dance",
    "doze",
    "gather",
    "hum",
    "juggle",
    "march",
    "paddle",
    "sing",
    "stroll",
    "tumble",
    "whistle",
)
_ADVERBS = ("boldly", "briskly", "dearly", "gladly", "kindly", "lightly", "neatly", "softly", "slowly", "swiftly")

_random = random.Random()  # noqa: S311


def make_phrase() -> str:
    """Count, adjective, noun, verb, adverb."""
    words = (_random.choice(kind) for kind in (_ADJECTIVES, _NOUNS, _VERBS, _ADVERBS))
    return f"{_random.randint(2, 99)} {' '.join(words)}"
