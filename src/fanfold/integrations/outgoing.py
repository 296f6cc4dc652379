"""From a unified request to one of the API's own: which resource and method, with which query, body, path, headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from fanfold.entries import Fetch
from fanfold.errors import RequestError
from fanfold.integrations.mappings import Chosen, MethodMapping, layered
from fanfold.integrations.records import REMOTE
from fanfold.integrations.refusals import INSIGHT, missing_from
from fanfold.integrations.scopes import Scope

PASSED_ON = "remote_query"
"""Query parameter that goes to the API as it is, over what the mapping gives."""

MAX_PATH = 2048
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}").fullmatch
_HEADER_VALUE = re.compile(r"[\x20-\x7e\x80-\xff\t]{0,8192}").fullmatch


class Routed(Fetch, frozen=True):
    """A fetch that a mapping made. ``path`` goes in place of the method's unless empty; headers over its, null away."""

    path: str = ""
    headers: Mapping[str, str | None] = {}


async def prepared(mapping: MethodMapping, fetch: Fetch, scope: Scope) -> tuple[str, str, Routed]:
    """Resource, method and request. ``scope`` is that of ``fetch``."""
    _check_complete(mapping, fetch)
    resource = await _chosen("resource", mapping.proxy_resource, scope)
    method = await _chosen("method", mapping.proxy_method, scope)
    query = await _query(mapping, fetch, scope)
    mapped = scope.having(query=query)
    body = await _body(mapping, fetch, mapped)
    path = headers = None
    if mapping.path_mapping is not None:
        path = await mapped.having(headers={}).work_out("path mapping", mapping.path_mapping)
    if mapping.request_header_mapping is not None:
        seen = mapped.having(headers={}, requestBody=body)
        headers = await seen.work_out("header mapping", mapping.request_header_mapping)
    routed = Routed(
        id=fetch.id,
        query=query,
        body=body,
        cursor=fetch.cursor,
        timeout=fetch.timeout,
        retry=fetch.retry,
        path="" if path is None else safe_path(path, mapping.title),
        headers=_headers(headers, mapping.title),
    )
    return resource, method, routed


def _check_complete(mapping: MethodMapping, fetch: Fetch) -> None:
    """What the mapping's schemas require has to be there, before anything is called."""
    missing = missing_from(mapping, fetch)
    if missing:
        names = [name for told in missing.values() for name in told["value"]]
        raise RequestError(f"{mapping.title} needs {', '.join(names)}", extra={INSIGHT: missing})


async def _chosen(what: str, name: str | Chosen, scope: Scope) -> str:
    if isinstance(name, str):
        return name
    given = await scope.work_out(f"{what} expression", name.expression)
    if isinstance(given, str) and given and (not name.allowed or given in name.allowed):
        return given
    among = f"; it may give {', '.join(name.allowed)}" if name.allowed else ""
    raise RequestError(f"The {what} expression did not give the name of a {what}{among}", status=422)


async def _query(mapping: MethodMapping, fetch: Fetch, scope: Scope) -> dict[str, Any]:
    """The mapped query over the default one. ``limit`` is passed on, as paging is not the mapping's business."""
    asked = {name: value for name, value in fetch.query.items() if name != PASSED_ON}
    query: Any = asked
    if mapping.query_mapping is not None:
        query = await scope.work_out("query mapping", mapping.query_mapping)
        if query is None:
            query = {}
        if not isinstance(query, dict):
            raise RequestError(f"The query mapping of {mapping.title} did not give an object", status=422)
        if "limit" in asked:
            query = {"limit": asked["limit"], **query}
    return layered(mapping.query, query, fetch.query.get(PASSED_ON))


async def _body(mapping: MethodMapping, fetch: Fetch, scope: Scope) -> Any:
    """The mapped body over the default one, with what the client wants to be passed on as it is."""
    body, own = fetch.body, None
    if isinstance(body, dict) and REMOTE in body:
        own = body[REMOTE]
        body = {name: value for name, value in body.items() if name != REMOTE}
    if mapping.request_body_mapping is not None:
        body = await scope.having(body=body).work_out("body mapping", mapping.request_body_mapping)
    if isinstance(mapping.body, dict) and (body is None or isinstance(body, dict)):
        body = _laid_over(mapping.body, body or {})
    elif body is None:
        body = mapping.body
    if isinstance(own, dict) and (body is None or isinstance(body, dict)):
        body = _laid_over(body or {}, own)
    return body


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """As ``layered``, but null is a value: to set something to nothing is what a body may want."""
    result = dict(below)
    for name, value in above.items():
        under = result.get(name)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        result[name] = _laid_over(under, value) if both else value  # type: ignore[arg-type]
    return result


def safe_path(path: Any, title: str) -> str:
    """A path that a mapping put together, fit to be sent; raises ``RequestError`` for one that leads astray.

    Escapes that stand in it stay; what else has to be escaped is.
    """
    if not isinstance(path, str) or not path.startswith("/") or len(path) > MAX_PATH:
        raise RequestError(f"The path mapping of {title} has to give a path that begins with /", status=422)
    for segment in path[1:].split("/"):
        plain = unquote(segment)
        if plain in ("", ".", "..") or re.search(r"[/\\?#\x00-\x1f\x7f]", plain):
            raise RequestError(f"The path of {title} would lead elsewhere: {path[:100]!r}")
    return re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", quote(path, safe="/%-._~!$&'()*+,;=:@"))


def _headers(given: Any, title: str) -> dict[str, str | None]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise RequestError(f"The header mapping of {title} did not give an object", status=422)
    headers: dict[str, str | None] = {}
    for name, value in given.items():
        text = value if value is None or isinstance(value, str) else _plain(value)
        if not _HEADER_NAME(name) or (text is not None and not _HEADER_VALUE(text)):
            raise RequestError(f"The header mapping of {title} gave what is no header: {name[:100]!r}", status=422)
        headers[name] = text
    return headers


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
