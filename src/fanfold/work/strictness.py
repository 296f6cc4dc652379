"""Refusing what no operation knows, with the nearest name that it does know.

The service ignores unknown fields and parameters, and so does Fanfold unless it is told to be strict: then a slip of
the pen is found on the day it is made. The check is a request of another class, so it costs nothing when it is off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

from fanfold.errors import RequestError
from fanfold.model import Call
from fanfold.work.request import Request, brief
from fanfold.work.schema import Kind, Route
from fanfold.work.selection import Selection
from fanfold.work.view import View

ALWAYS = frozenset({"opt_fields", "opt_pretty", "opt_expand"})
"""Parameters that every operation takes."""

IDENTITY = frozenset({"gid", "resource_type", "resource_subtype"})
"""What every record shows; a client may send a record back as it came."""

OPEN = ("custom_fields.", "custom_types.")
"""How parameters begin whose names hold gids."""


class StrictRequest(Request):
    """A call that is refused where it names a field or a parameter that its operation does not know."""

    __slots__ = ()

    def __init__(self, view: View, call: Call, route: Route, found: Any = None) -> None:
        super().__init__(view, call, route, found)
        self._check_data()
        parameters = ALWAYS | {field.name for field in route.query}
        if route.paged:
            parameters |= {"limit", "offset"}
        named = [name for name in self.query if not name.startswith(OPEN)]
        _check(named, parameters, "is not a parameter of this operation")
        kind = view.kinds.get(route.kind)
        if kind is not None and route.answers in ("record", "list"):
            _check_selection(view, kind, self.selection(full=True), "")

    def _check_data(self) -> None:
        takes = self.route.takes
        if not takes or not self.data:
            return
        known = IDENTITY | {field.name for field in takes}
        kind = self.view.kinds.get(self.route.kind)
        if kind is not None:
            known |= {field.name for field in kind.fields.values() if field.access == "read"}
        _check(self.data, known, "is not a field of this operation")


def _check(names: Iterable[str], known: Collection[str], why: str) -> None:
    for name in names:
        if name not in known:
            raise RequestError(f"{brief(name)}: {brief(name)} {why}.{nearest(name, known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that proposes the known name most like ``name``; empty where none is like it."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {found[0]}?" if found else ""


def _check_selection(view: View, kind: Kind, selection: Selection, path: str) -> None:
    for name, below in selection.fields.items():
        field = kind.fields.get(name)
        if field is None:
            if name not in IDENTITY:
                where = brief(f"{path}{name}")
                raise RequestError(f"opt_fields: {where} is not a field of a {kind.name}.{nearest(name, kind.fields)}")
        elif field.type in ("one", "many") and field.kind in view.kinds:
            _check_selection(view, view.kinds[field.kind], below, f"{path}{name}.")
