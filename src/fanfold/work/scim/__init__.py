"""SCIM 2.0: a directory of people keeps a workspace's users and teams as it has them.

These operations go the way of all others, but not in batches, and only for service accounts. Their bodies are those of
the standard (RFC 7643, RFC 7644), which ``scim2-models`` reads and writes; it is imported with the first of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.schema import Handler, Route, text

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request

_SHOWN = (text("attributes"), text("excludedAttributes"))
_FOUND = (text("filter"), text("startIndex"), text("count"), text("sortBy"), text("sortOrder"), *_SHOWN)


def _later(name: str, shelf: str) -> Handler:
    def handler(request: Request) -> Answer:
        try:
            from fanfold.work.scim.service import answer  # noqa: PLC0415 - most servers never need it
        except ModuleNotFoundError:
            raise RequestError("This server has no SCIM: pip install 'fanfold[scim]'", status=501) from None
        return answer(name, shelf, request)

    return handler


def _route(method: str, template: str, name: str, shelf: str = "") -> Route:
    status = {"create": 201, "remove": 204}.get(name, 200)
    return Route(
        method,
        f"/scim/{template}",
        f"scim{name.capitalize()}{shelf}",
        _later(name, shelf),
        "",
        query=_FOUND if name == "search" else _SHOWN,
        answers="other",
        status=status,
        write=name not in ("search", "read") and method != "GET",
        batchable=False,
        bare=True,
    )


ROUTES = (
    _route("POST", ".search", "everywhere"),
    _route("GET", "ServiceProviderConfig", "config"),
    _route("GET", "ResourceTypes", "types"),
    _route("GET", "ResourceTypes/{name}", "type"),
    _route("GET", "Schemas", "schemas"),
    _route("GET", "Schemas/{name}", "schema"),
    *(
        route
        for shelf in ("Users", "Groups")
        for route in (
            _route("GET", shelf, "search", shelf),
            _route("POST", f"{shelf}/.search", "search", shelf),
            _route("POST", shelf, "create", shelf),
            _route("GET", f"{shelf}/{{id}}", "read", shelf),
            _route("PUT", f"{shelf}/{{id}}", "replace", shelf),
            _route("PATCH", f"{shelf}/{{id}}", "patch", shelf),
            _route("DELETE", f"{shelf}/{{id}}", "remove", shelf),
        )
    ),
)
"""Beside the published operations."""
