"""Who a user is, told to other programs that let people sign in with this server (OpenID Connect)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.work.request import Request, encode
from fanfold.work.schema import Document, Route
from fanfold.work.scopes import EVERYTHING
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.model import Answer


def claims_of(gid: int, document: Document, scopes: frozenset[str] | None) -> dict[str, Any]:
    """What may be told of a user to an app with these scopes; None means all."""
    everything = scopes is None or EVERYTHING in scopes
    claims: dict[str, Any] = {"sub": str(gid)}
    if everything or "email" in (scopes or ()):
        claims |= {"email": document["email"], "email_verified": True}
    if everything or "profile" in (scopes or ()):
        claims |= {"name": document["name"], "picture": (document.get("photo") or {}).get("image_128x128")}
    return {name: value for name, value in claims.items() if value is not None}


def user_info(request: Request) -> Answer:
    """Tell an app who the user is in whose name it asks."""
    view = request.view
    row = view.find("user", "me", "user")
    return request.answer(encode(claims_of(row.gid, decode(row.document), request.call.caller.scopes)))


ROUTES = (
    Route(
        "GET",
        "/openid_connect/userinfo",
        "getUserInfo",
        user_info,
        "",
        summary="Tell who the caller is",
        answers="other",
        batchable=False,
        scope="openid",
    ),
)
"""Beside the published operations."""
