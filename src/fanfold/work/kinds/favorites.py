"""Favorites: what a user wants at hand. Nothing in the API makes one, so a seed does; everyone lists only their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.pages import page
from fanfold.work.schema import choice
from fanfold.work.validate import value_of
from fanfold.work.view import MEMBERS

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request

FAVORITES = ("portfolio", "project", "tag", "task", "user", "project_template")
"""Kinds that can be favorites, kept in the link field ``user.favorites``."""


def list_favorites(request: Request) -> Answer:
    """List a user's favorites of one kind in a workspace, in the user's order."""
    kind = request.query.get("resource_type")
    if not kind:
        raise RequestError("resource_type: Missing input")
    value_of(choice("resource_type", *FAVORITES), kind)
    workspace = request.require("workspace", "workspace")
    view, user = request.view, request.row.gid
    if user != view.user:
        raise RequestError("You do not have access to the favorites of this user.", status=403)
    inside = filters.listed(MEMBERS, [workspace.gid]) if kind == "user" else filters.inside(workspace.gid)
    where = filters.every((filters.of_kind(kind), inside))
    shown = view.kinds.get(kind, view.kinds["user"])
    if shown.compact != ("name",):
        request.query.setdefault("opt_fields", "resource_type,name")
    return page(
        request, shown, lambda after, limit: view.store.page_linked(user, "user.favorites", after, limit, where)
    )
