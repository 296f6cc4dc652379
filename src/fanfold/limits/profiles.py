"""Which limits there are: those of the service we imitate, none, or numbers of one's own."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fanfold.errors import SetupError
from fanfold.limits.concurrency import REQUEST_DEADLINE, Concurrency
from fanfold.limits.window import Window


class Profile(Struct, frozen=True):
    """The rules that hold together; ``charge_refused``: whether refused requests count against the windows too.

    ``jobs``: how many may be under way beyond their requests (see ``limits/standing.py``), 0 for any number.
    """

    rules: tuple[Window | Concurrency, ...] = ()
    charge_refused: bool = False
    jobs: int = 0

    def shared_by(self, n: int, *, batch: int = 1) -> Profile:
        """The share of each of ``n`` processes that count on their own.

        All together allow no more than this profile, with two exceptions that keep callers from being refused for ever:
        each has one of whatever is limited, and slots for a whole ``batch`` if the profile has so many. What is counted
        elsewhere (``jobs``) is not divided.
        """
        return replace(self, rules=tuple([_share(rule, n, batch) for rule in self.rules]))


def _share(rule: Window | Concurrency, n: int, batch: int) -> Window | Concurrency:
    least = min(batch, rule.limit) if isinstance(rule, Concurrency) else 1
    return replace(rule, limit=max(least, rule.limit // n))


WINDOWS = ("requests", "searches")
"""Counted in any 60 seconds."""

SLOTS = ("reads", "writes")
"""Counted at once."""

UNDER_WAY = "jobs"
"""Counted from the request that begins one until the job is done."""

ASANA = {
    "asana-free": {"requests": 150, "reads": 50, "writes": 15, "searches": 60, "jobs": 5},
    "asana-paid": {"requests": 1500, "reads": 50, "writes": 15, "searches": 60, "jobs": 5},
}
"""Asana's published numbers per token. It also publishes that refused requests count."""


def profile(text: str, deadline: float = REQUEST_DEADLINE) -> Profile:
    """The profile of a name (``asana-free``, ``asana-paid``, ``off``) or of numbers such as ``requests=300,writes=15``.

    What the numbers leave out is unlimited, and refused requests are free there. ``deadline``: seconds after which a
    request has surely ended. Raises ``SetupError``, which says what to write instead.
    """
    if text == "off":
        return Profile()
    numbers = ASANA.get(text) or _numbers(text)
    return Profile(_rules(numbers, deadline), charge_refused=text in ASANA, jobs=numbers.get(UNDER_WAY, 0))


def _rules(numbers: dict[str, int], deadline: float) -> tuple[Window | Concurrency, ...]:
    return tuple(
        Window(name, limit) if name in WINDOWS else Concurrency(name, limit, deadline=deadline)
        for name, limit in numbers.items()
        if name != UNDER_WAY
    )


def _numbers(text: str) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for part in text.split(","):
        name, equals, amount = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise _bad(text, f"{name!r} is neither a profile nor a name with a number")
        if name not in (*WINDOWS, *SLOTS, UNDER_WAY):
            raise _bad(text, f"there is no limit named {name!r}")
        if name in numbers:
            raise _bad(text, f"{name!r} is there twice")
        if not (amount.isascii() and amount.isdecimal() and int(amount)):
            raise _bad(text, f"{name!r} needs a whole number of at least 1, not {amount!r}")
        numbers[name] = int(amount)
    return numbers


def _bad(text: str, why: str) -> SetupError:
    return SetupError(
        f"Limits {text!r} are not understood: {why}. Write one of {', '.join(ASANA)} or off, or numbers of your own "
        "for any of requests and searches (a minute), reads and writes (at once), jobs (under way), "
        "such as requests=300,reads=50,writes=15,searches=60,jobs=5."
    )
