"""How lists go on, guessed from the names of parameters and of what stands beside the records."""

from __future__ import annotations

import re
from typing import Any

from fanfold.integrations.drafting.answers import quoted
from fanfold.integrations.drafting.description import Asked, Description, fields

LIMITS = (
    "limit",
    "per_page",
    "page_size",
    "pageSize",
    "perPage",
    "max_results",
    "maxResults",
    "page[size]",
    "$top",
    "size",
    "count",
)
CURSORS = (
    "cursor",
    "next_cursor",
    "page_token",
    "pageToken",
    "start_cursor",
    "page[after]",
    "page[cursor]",
    "after",
    "starting_after",
    "continuation_token",
    "continuationToken",
    "next_token",
    "nextToken",
    "marker",
    "offset",
)
PAGES = ("page", "page_number", "pageNumber", "page[number]", "p")
OFFSETS = ("offset", "skip", "$skip", "start", "startAt", "start_at")

_NEXT = re.compile(
    r"next(_?(cursor|page_?token|token|page|marker))?|(end_?|next_?)?cursor|continuation_?token", re.IGNORECASE
)
_BESIDE = (
    "paging",
    "pagination",
    "meta",
    "page_info",
    "pageInfo",
    "links",
    "next_page",
    "response_metadata",
    "cursors",
    "_links",
)
_LINK = ("next", "next_page_url", "nextLink", "@odata.nextLink", "next_url")


def paging(description: Description, asked: Asked) -> dict[str, Any] | None:
    """The pagination of a list, None where nothing tells of one."""
    names = {str(each["name"]): each for each in asked.query()}
    limit = next((name for name in LIMITS if name in names), "")
    rest: dict[str, Any] = {"limit_key": limit} if limit else {}
    most = description.schema(names[limit].get("schema", names[limit])).get("maximum") if limit else None
    if isinstance(most, int) and not isinstance(most, bool) and most > 0:
        rest["max_limit"] = most
    cursor = next((name for name in CURSORS if name in names), "")
    path = _cursor_path(description, asked)
    if cursor and path:
        return {"format": "cursor", "config": {"cursor_path": path, "cursor_key": cursor, **rest}}
    link = _link_path(description, asked)
    if link:
        return {"format": "cursor", "config": {"cursor_path": link, "is_link": True, **rest}}
    if "link" in asked.headers:
        return {"format": "link_header", **({"config": rest} if rest else {})}
    page = next((name for name in PAGES if name in names), "")
    if page:
        return {"format": "page", "config": {"page_key": page, **_first(description, names[page]), **rest}}
    offset = next((name for name in OFFSETS if name in names), "")
    if offset:
        return {"format": "offset", "config": {"offset_key": offset, **rest}}
    return None


def _first(description: Description, parameter: dict[str, Any]) -> dict[str, Any]:
    """Whether pages count from 0, as far as the parameter says so."""
    schema = description.schema(parameter.get("schema", parameter))
    return {"first_page": 0} if schema.get("default") == 0 or schema.get("minimum") == 0 else {}


def _cursor_path(description: Description, asked: Asked) -> str:
    """Where the next cursor stands in an answer."""
    top = fields((asked.answer or {}).get("properties"))
    for name in top:
        if _NEXT.fullmatch(name) and not fields(description.schema(top[name]).get("properties")):
            return quoted(name)
    for around in _BESIDE:
        for name, each in fields(description.schema(top.get(around)).get("properties")).items():
            inner = fields(description.schema(each).get("properties"))
            deep = next((deepest for deepest in inner if _NEXT.fullmatch(deepest) or deepest == "after"), None)
            if deep:
                return ".".join(map(quoted, (around, name, deep)))
            if _NEXT.fullmatch(name) or (around == "next_page" and name in ("offset", "cursor", "token")):
                return ".".join(map(quoted, (around, name)))
    return ""


def _link_path(description: Description, asked: Asked) -> str:
    """Where the URL of the next page stands in an answer."""
    top = fields((asked.answer or {}).get("properties"))
    for name in _LINK:
        if name in top and _is_text(description, top[name]):
            return quoted(name)
    for around in ("links", "_links", "paging", "pagination"):
        inner = fields(description.schema(top.get(around)).get("properties"))
        if "next" in inner:
            deep = fields(description.schema(inner["next"]).get("properties"))
            if "href" in deep:
                return f"{quoted(around)}.next.href"
            if _is_text(description, inner["next"]):
                return f"{quoted(around)}.next"
    return ""


def _is_text(description: Description, schema: Any) -> bool:
    kind = description.schema(schema).get("type")
    return kind == "string" or (isinstance(kind, list) and "string" in kind)
