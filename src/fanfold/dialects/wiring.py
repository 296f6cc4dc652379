"""What Fanfold adds to Asana's envelope: actions that have a name and use each other's results, and how to run them.

Whatever decides who waits for whom is refused with the whole batch, as nobody could say what is left of it. What
concerns one action alone is that action's error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from fanfold.dialects.shown import shown
from fanfold.errors import RequestError
from fanfold.model import Conduct, Pairs, Wiring

MEMBERS = frozenset({"id", "depends_on", "for_each", "headers", "timeout", "idempotency_key", "base64"})
"""Members of an action that plain ones do not have."""

RESERVED = frozenset({"item", "index"})
"""What references to an element of ``for_each`` begin with, so that no action may be called that."""

_OPTIONS = ("coalesce", "deadline", "dry_run", "execution", "max_parallel", "on_error")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEY = re.compile(r"[!-~]{1,255}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_BREAKS = re.compile(r"[\r\n\0]")
_MAX_HEADER = 8192


class EnvelopeError(RequestError):
    """The batch could not be understood

    Refuses the whole request, wherever in it the mistake stands.
    """


def are_plain(items: list[object]) -> bool:
    """Whether no action says more than plain ones do. Asked of every batch, so without a step for each action."""
    try:
        return all(map(MEMBERS.isdisjoint, items))  # type: ignore[arg-type]
    except TypeError:  # something that has no members at all
        return not any(isinstance(item, dict) and not MEMBERS.isdisjoint(item) for item in items)


def read_wiring(item: dict[str, object], index: int) -> Wiring:
    """What an action says of itself and its neighbours. Raises ``EnvelopeError`` for a mistake."""
    name = item.get("id")
    where = f"actions: [{index}]"
    if name is not None and not (isinstance(name, str) and _ID.fullmatch(name)):
        raise EnvelopeError(f"{where}.id: Must be 1 to 64 of A-Z, a-z, 0-9, _ and -, not {shown(name)}")
    if isinstance(name, str) and name.casefold() in RESERVED:
        raise EnvelopeError(f"{where}.id: {name} stands for an element of for_each; choose another")
    each = item.get("for_each")
    if each is not None and not isinstance(each, str):
        raise EnvelopeError(f"{where}.for_each: Must be one reference to an array, such as {{{{ID.body.data}}}}")
    return Wiring(name or "", _read_names(item.get("depends_on"), where), each or "")


def read_manner(item: dict[str, object], wiring: Wiring) -> Wiring:
    """The same with what concerns the action alone. Raises ``RequestError`` for a mistake."""
    timeout, key = item.get("timeout"), item.get("idempotency_key")
    if timeout is not None:
        timeout = read_seconds("timeout", timeout)
    if key is not None and not (isinstance(key, str) and _KEY.fullmatch(key)):
        raise RequestError(f"idempotency_key: Must be 1 to 255 visible ASCII characters, not {shown(key)}")
    return Wiring(wiring.id, wiring.depends_on, wiring.for_each, timeout, key or "")


def read_headers(value: object, allowed: Collection[str]) -> Pairs:
    """The headers that an action sets itself, in lower case. Raises ``RequestError`` for one that it may not."""
    if value is None or value == []:
        return ()
    if not isinstance(value, dict):
        raise RequestError(f"headers: Value is not a JSON object: {shown(value)}")
    found: dict[str, str] = {}
    for written, text in value.items():
        if not _HEADER.fullmatch(written):
            raise RequestError(f"headers: Not the name of a header: {shown(written)}")
        name = written.lower().replace("_", "-")
        if name not in allowed:
            may = ", ".join(sorted(allowed)) or "none"
            raise RequestError(f"headers: An action may not set {name}; it may set: {may}")
        if not isinstance(text, str) or _BREAKS.search(text) or len(text) > _MAX_HEADER:
            raise RequestError(f"headers: {name} has to be text of one line, of {_MAX_HEADER} characters at most")
        if name in found:
            raise RequestError(f"headers: {name} is there twice")
        found[name] = text
    return tuple(found.items())


def read_options(value: object, deadline: float | None, max_parallel: int) -> tuple[Conduct, float | None]:
    """How a batch wants to be carried out, and its deadline in seconds: at most ``deadline``, and ``max_parallel``."""
    if value is None or value == []:
        return Conduct(max_parallel=max_parallel), deadline
    if not isinstance(value, dict):
        raise EnvelopeError(f"options: Value is not a JSON object: {shown(value)}")
    for name in value:
        if name not in _OPTIONS:
            raise EnvelopeError(f"options: There is no option {shown(name)}; there are: {', '.join(_OPTIONS)}")
    most = value.get("max_parallel", 0)
    if most.__class__ is not int or not 0 <= most <= 10_000:
        raise EnvelopeError(f"options: max_parallel has to be a whole number, 0 for all at once, not {shown(most)}")
    conduct = Conduct(
        serial=_choice(value, "execution", ("parallel", "serial")) == "serial",
        stop=_choice(value, "on_error", ("continue", "stop")) == "stop",
        max_parallel=min(most or max_parallel, max_parallel or most),
        coalesce=_switch(value, "coalesce"),
        dry_run=_switch(value, "dry_run"),
    )
    if conduct.serial and conduct.coalesce:
        raise EnvelopeError("options: coalesce does not go with serial execution, where a read may follow a write")
    own = value.get("deadline")
    if own is None:
        return conduct, deadline
    try:
        seconds = read_seconds("deadline", own)
    except RequestError as error:
        raise EnvelopeError(f"options: {error.message}") from None
    return conduct, seconds if deadline is None else min(seconds, deadline)


def read_seconds(name: str, value: object) -> float:
    """A number of seconds above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1_000_000:
        raise RequestError(f"{name}: Must be a number of seconds above 0, not {shown(value)}")
    return float(value)


def _read_names(value: object, where: str) -> tuple[str, ...]:
    names: Iterable[object] = () if value is None else (value,) if isinstance(value, str) else value  # type: ignore[assignment]
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise EnvelopeError(f"{where}.depends_on: Must be the id of an action or a list of them, not {shown(value)}")
    return tuple([name for name in names if isinstance(name, str)])


def _choice(value: dict[str, object], name: str, choices: tuple[str, ...]) -> object:
    found = value.get(name, choices[0])
    if found not in choices:
        raise EnvelopeError(f"options: {name} has to be {' or '.join(choices)}, not {shown(found)}")
    return found


def _switch(value: dict[str, object], name: str) -> bool:
    found = value.get(name, False)
    if not isinstance(found, bool):
        raise EnvelopeError(f"options: {name} has to be true or false, not {shown(found)}")
    return found
