"""Reading the entries of a batch request, and noting all that is wrong with them rather than the first of it.

Members that nobody knows are ignored, as the service does; but within the members that are ours alone they are
mistakes, because nothing else would tell of a slip of the pen there.
"""

from __future__ import annotations

from typing import Any, cast

from fanfold.dialects.shown import shown
from fanfold.entries import Entry, Failure, Group, Kind, OnError, Recurse, Retry

KINDS = ("request", "transform", "spool")
FORMATS = frozenset({"raw", "unified", "normalized"})
ON_ERROR = ("continue", "ignore", "stop")

MAX_NAME = 200
"""Characters of a name, a resource or a method: errors repeat them."""

MAX_ATTEMPTS = 10
MAX_PAUSE = 60.0
MAX_TIMEOUT = 3600.0
MAX_GROUP = 1000


class Mistakes:
    """What is wrong with a document, in the order found; reads members on the way. Null is as good as absent.

    ``at`` is always the JSON Pointer of the object that a member stands in.
    """

    def __init__(self) -> None:
        self.found: list[Failure] = []

    def add(self, path: str, message: str) -> None:
        """Note one more."""
        self.found.append(Failure(path, message))

    def text(self, item: dict[str, Any], name: str, at: str, *, required: bool = False, most: int = 0) -> str:
        """A member that is text; of at most ``most`` characters, 0 for any number."""
        value = item.get(name)
        if value is None or (value == "" and required):
            if required:
                self.add(f"{at}/{name}", "Is missing: must be text")
            return ""
        if not isinstance(value, str):
            self.add(f"{at}/{name}", f"Must be text, not {shown(value)}")
            return ""
        if 0 < most < len(value):
            self.add(f"{at}/{name}", f"Must not have more than {most} characters")
            return ""
        return value

    def members(self, item: dict[str, Any], name: str, at: str) -> dict[str, Any] | None:
        """A member that is an object."""
        value = item.get(name)
        if value is None or isinstance(value, dict):
            return value
        self.add(f"{at}/{name}", f"Must be an object, not {shown(value)}")
        return None

    def switch(self, item: dict[str, Any], name: str, at: str) -> bool:
        """A member that is true or false."""
        value = item.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.add(f"{at}/{name}", f"Must be true or false, not {shown(value)}")
        return False

    def names(self, item: dict[str, Any], name: str, at: str, what: str) -> tuple[str, ...]:
        """A member that is one text or an array of them; what is there twice counts once."""
        value = item.get(name)
        if value is None:
            return ()
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) and one for one in found):
            self.add(f"{at}/{name}", f"Must be {what} or an array of such, not {shown(value)}")
            return ()
        return tuple(dict.fromkeys(found))

    def number(self, item: dict[str, Any], name: str, at: str, bounds: tuple[float, float], otherwise: float) -> float:
        """A member that is a number of ``bounds``, both of which are included."""
        value = item.get(name)
        if value is None:
            return otherwise
        least, most = bounds
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.add(f"{at}/{name}", f"Must be a number from {least:g} to {most:g}, not {shown(value)}")
            return otherwise
        return value

    def whole(self, item: dict[str, Any], name: str, at: str, bounds: tuple[int, int], otherwise: int) -> int:
        """A member that is a whole number of ``bounds``, both of which are included."""
        value = item.get(name)
        if value is None:
            return otherwise
        least, most = bounds
        if value.__class__ is not int or not least <= value <= most:
            self.add(f"{at}/{name}", f"Must be a whole number from {least} to {most}, not {shown(value)}")
            return otherwise
        return int(value)

    def strangers(self, item: dict[str, Any], known: tuple[str, ...], at: str) -> None:
        """Note members that are not known."""
        for name in item:
            if name not in known:
                self.add(f"{at}/{pointed(name)}", f"Is not known here; there are: {', '.join(known)}")


def pointed(name: str) -> str:
    """A member's name as it stands in a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def read_entry(item: object, index: int, mistakes: Mistakes) -> Entry:
    """One entry, as far as it can be read: there is one for each index, whatever stood there."""
    at = f"/resources/{index}"
    if not isinstance(item, dict):
        mistakes.add(at, f"Must be an object, not {shown(item)}")
        return Entry(index=index)
    written = item.get("type")
    if written is not None and written not in KINDS:
        mistakes.add(f"{at}/type", f"Must be request, transform or spool, or left out, not {shown(written)}")
        return Entry(index=index)
    kind = cast("Kind", written or "request")
    common: dict[str, Any] = {
        "index": index,
        "kind": kind,
        "name": mistakes.text(item, "name", at, required=kind != "request", most=MAX_NAME),
        "depends_on": mistakes.names(item, "depends_on", at, "the name or resource of an entry"),
        "persist": mistakes.switch(item, "persist", at),
        "run_if": mistakes.text(item, "run_if", at),
        "on_error": _read_on_error(item, at, mistakes),
    }
    if kind == "request":
        return Entry(**common, **_read_request(item, at, mistakes))
    expression = _read_expression(item, at, mistakes) if kind == "transform" else ""
    return Entry(**common, expression=expression)


def _read_request(item: dict[str, Any], at: str, mistakes: Mistakes) -> dict[str, Any]:
    written = item.get("response_format")
    return {
        "resource": mistakes.text(item, "resource", at, required=True, most=MAX_NAME),
        "method": mistakes.text(item, "method", at, required=True, most=MAX_NAME),
        "id": _read_id(item, at, mistakes),
        "query": _read_query(item, at, mistakes),
        "body": _read_body(item, at, mistakes),
        "loop_on": mistakes.text(item, "loop_on", at),
        "recurse": _read_recurse(item, at, mistakes),
        "response_format": written if isinstance(written, str) and written in FORMATS else "",
        "retry": _read_retry(item, at, mistakes),
        "timeout": _read_timeout(item, at, mistakes),
        "include_from_parent": mistakes.names(item, "include_from_parent", at, "the name of a field"),
        "group": _read_group(item, at, mistakes),
    }


def _read_expression(item: dict[str, Any], at: str, mistakes: Mistakes) -> str:
    config = item.get("config")
    if not isinstance(config, dict):
        mistakes.add(f"{at}/config", 'A transform needs {"expression": "..."}, in JSONata')
        return ""
    return mistakes.text(config, "expression", f"{at}/config", required=True)


def _read_id(item: dict[str, Any], at: str, mistakes: Mistakes) -> str | None:
    """An id: text, or a whole number, which stands for the text of its digits."""
    value = item.get("id")
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    mistakes.add(f"{at}/id", f"Must be text, not {shown(value)}")
    return None


def _read_query(item: dict[str, Any], at: str, mistakes: Mistakes) -> dict[str, Any] | str | None:
    value = item.get("query")
    if value is None or isinstance(value, dict | str):
        return value
    mistakes.add(f"{at}/query", f"Must be an object, or a JSONata expression that gives one, not {shown(value)}")
    return None


def _read_body(item: dict[str, Any], at: str, mistakes: Mistakes) -> Any:
    value = item.get("body")
    if value is None or isinstance(value, dict | list | str):
        return value
    mistakes.add(f"{at}/body", f"Must be an object, or a JSONata expression that gives one, not {shown(value)}")
    return None


def _read_recurse(item: dict[str, Any], at: str, mistakes: Mistakes) -> Recurse | None:
    written = mistakes.members(item, "recurse", at)
    if written is None:
        return None
    at = f"{at}/recurse"
    condition = written.get("if")
    if isinstance(condition, bool):
        condition = "true" if condition else ""
    elif condition is not None and not isinstance(condition, str):
        mistakes.add(f"{at}/if", f"Must be a placeholder such as {{{{resources.x.more:bool}}}}, not {shown(condition)}")
        condition = ""
    config = mistakes.members(written, "config", at) or {}
    at = f"{at}/config"
    return Recurse(condition or "", _read_id(config, at, mistakes), mistakes.members(config, "query", at))


# -- what only we have -----------------------------------------------------------------------------------------------


def _read_on_error(item: dict[str, Any], at: str, mistakes: Mistakes) -> OnError:
    value = item.get("on_error")
    if value is None:
        return "continue"
    if value not in ON_ERROR:
        mistakes.add(f"{at}/on_error", f"Must be continue, ignore or stop, not {shown(value)}")
        return "continue"
    return cast("OnError", value)


def _read_retry(item: dict[str, Any], at: str, mistakes: Mistakes) -> Retry | None:
    written = mistakes.members(item, "retry", at)
    if written is None:
        return None
    usual = Retry()
    at = f"{at}/retry"
    mistakes.strangers(written, ("attempts", "pause", "statuses"), at)
    statuses = written.get("statuses")
    if statuses is not None and not (
        isinstance(statuses, list) and all(one.__class__ is int and 400 <= one <= 599 for one in statuses)
    ):
        mistakes.add(f"{at}/statuses", f"Must be an array of statuses from 400 to 599, not {shown(statuses)}")
        statuses = None
    return Retry(
        mistakes.whole(written, "attempts", at, (1, MAX_ATTEMPTS), usual.attempts),
        mistakes.number(written, "pause", at, (0, MAX_PAUSE), usual.pause),
        usual.statuses if statuses is None else frozenset(statuses),
    )


def _read_timeout(item: dict[str, Any], at: str, mistakes: Mistakes) -> float | None:
    if item.get("timeout") is None:
        return None
    return float(mistakes.number(item, "timeout", at, (0.001, MAX_TIMEOUT), MAX_TIMEOUT))


def _read_group(item: dict[str, Any], at: str, mistakes: Mistakes) -> Group | None:
    written = mistakes.members(item, "group", at)
    if written is None:
        return None
    at = f"{at}/group"
    mistakes.strangers(written, ("of", "size"), at)
    of = mistakes.text(written, "of", at, required=True)
    return Group(of, mistakes.whole(written, "size", at, (1, MAX_GROUP), Group("").size))
