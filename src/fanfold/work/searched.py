"""What the parameters of searches have in common: lists of gids, and flags that are right or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.request import brief
from fanfold.work.schema import boolean
from fanfold.work.validate import value_of
from fanfold.work.view import gid_of

if TYPE_CHECKING:
    from fanfold.work.request import Request

MAX_NAMED = 100
"""Most records that one parameter may name."""


def is_true(query: Mapping[str, str], name: str) -> bool | None:
    """A flag, or None where it is not given."""
    value = query.get(name)
    return None if value is None or value == "" else bool(value_of(boolean(name), value.lower()))


def gids_in(request: Request, name: str, kind: str, *, leave_out: str = "") -> list[int]:
    """The gids of the records of a kind that a comma-separated parameter names; all have to be there."""
    words = [word for word in dict.fromkeys(request.words(name)) if word != leave_out]
    if len(words) > MAX_NAMED:
        raise RequestError(f"{name}: Must have at most {MAX_NAMED} members")
    view = request.view
    named = {word: view.user_gid(word) if kind == "user" else gid_of(word) for word in words}
    rows = view.rows({gid for gid in named.values() if gid is not None})
    for word, gid in named.items():
        if gid is None and not (kind == "user" and "@" in word):
            raise RequestError(f"{name}: Not a recognized ID: {brief(word)}")
        if gid is None or gid not in rows:
            raise RequestError(f"{name}: Unknown object: {brief(word)}")
        if rows[gid].kind != kind:
            raise RequestError(f"{name}: Not a valid GID type: {rows[gid].kind}")
    return [gid for gid in dict.fromkeys(named.values()) if gid is not None]
