"""Placeholders: work planned for somebody who is not there yet. Only the system makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.references import belongs
from fanfold.work.schema import Field, Kind, one, text
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.schema import Rule
    from fanfold.work.store import Row

placeholder = Kind("placeholder", fields=(text("name", access="read", default="", nullable=False),))


def worker(name: str, **more: Any) -> Field:
    """A relation to a user or a placeholder; the kind's page adds the rule ``works_there``."""

    def parse(request: Request, value: Any) -> str:
        asked = request.about({name: value})
        try:
            given = read(asked, (one(name, "placeholder"),))
        except RequestError:
            given = read(asked, (one(name, "user", nullable=False),))
        return str(given.values[name])

    return one(name, "", parse=parse, **more)


def works_there(name: str) -> Rule:
    """A rule for creation and update: the user or placeholder is one of the record's workspace."""

    def rule(change: Change) -> None:
        value = change.after.get(name)
        row = None if value is None else change.store.record(int(value))
        if change.moved(name) and row is not None and not belongs(change, row):
            where = "Not a user in Workspace" if row.kind == "user" else "Not in the same workspace"
            raise RequestError(f"{name}: {where}: {value}")

    return rule


def named_worker(request: Request, name: str) -> Row | None:
    """The user or placeholder that a query parameter names, or None where it is absent."""
    value = request.query.get(name) or ""
    if value == "me" or "@" in value:
        return request.named(name, "user")
    row = request.named(name, "")
    if row is not None and row.kind not in ("user", "placeholder"):
        raise RequestError(f"{name}: Not a valid GID type: {row.kind}")
    return row
