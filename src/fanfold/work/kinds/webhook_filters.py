"""Which events a webhook wants: those that pass at least one of its filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.bubbling import BELOW_PROJECTS
from fanfold.work.request import brief

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fanfold.work.request import Request
    from fanfold.work.schema import Document

MAX_FILTERS = 100
MAX_FIELDS = 100

ACTIONS = ("changed", "added", "removed", "deleted", "undeleted")

HIGHER = ("workspace", "team", "portfolio")
"""What holds so much that its webhooks have to say what they want, and are told of nothing below a project."""


def read_filters(request: Request, value: Any) -> list[Document]:
    """The field ``filters``."""
    if not isinstance(value, list):
        raise RequestError(f"filters: Value is not an array: {brief(value)}")
    if len(value) > MAX_FILTERS:
        raise RequestError(f"filters: Must have at most {MAX_FILTERS} members")
    return [_filter(request, f"filters: [{index}]", item) for index, item in enumerate(value)]


def _filter(request: Request, label: str, item: Any) -> Document:
    if not isinstance(item, dict):
        raise RequestError(f"{label}: Value is not a JSON object: {brief(item)}")
    kept: Document = {}
    for name in ("resource_type", "resource_subtype", "action"):
        value = item.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or len(value) > 100:
            raise RequestError(f"{label}: {name}: Value is not a string of at most 100 characters: {brief(value)}")
        kept[name] = value
    if "resource_type" in kept and kept["resource_type"] not in request.view.kinds:
        raise RequestError(f"{label}: resource_type: Not a type of resource: {brief(kept['resource_type'])}")
    if "action" in kept and kept["action"] not in ACTIONS:
        raise RequestError(f"{label}: action: Must be one of {', '.join(ACTIONS)}, not: {brief(kept['action'])}")
    fields = item.get("fields")
    if fields is not None:
        kept["fields"] = _fields(label, fields, kept.get("action"))
    if not kept:
        raise RequestError(f"{label}: Must name at least one of resource_type, resource_subtype, action and fields")
    return kept


def _fields(label: str, value: Any, action: str | None) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_FIELDS:
        raise RequestError(f"{label}: fields: Value is not an array of at most {MAX_FIELDS} members: {brief(value)}")
    for name in value:
        if not isinstance(name, str) or len(name) > 100:
            raise RequestError(f"{label}: fields: Value is not a string of at most 100 characters: {brief(name)}")
    if action != "changed":
        raise RequestError(f"{label}: fields: Only together with the action changed")
    return value


def check_filters(filters: Sequence[Document], resource_type: str) -> None:
    """Refuse filters that a webhook on this type of resource may not have."""
    if resource_type not in HIGHER:
        return
    if not filters:
        raise RequestError(f"filters: Required for a webhook on a {resource_type}")
    for index, item in enumerate(filters):
        if "fields" in item:
            raise RequestError(f"filters: [{index}]: fields: Not supported for a webhook on a {resource_type}")
        if item.get("resource_type") in BELOW_PROJECTS:
            raise RequestError(
                f"filters: [{index}]: resource_type: A webhook on a {resource_type} is not told of this type: "
                f"{item['resource_type']}"
            )


def passes(filters: Sequence[Document], event: Document, subtype: str) -> bool:
    """Whether an event of a record of this subtype is wanted."""
    return not filters or any(_passes(item, event, subtype) for item in filters)


def _passes(item: Document, event: Document, subtype: str) -> bool:
    return (
        item.get("resource_type", event["type"]) == event["type"]
        and item.get("resource_subtype", subtype) == subtype
        and item.get("action", event["action"]) == event["action"]
        and (not item.get("fields") or event.get("change", {}).get("field") in item["fields"])
    )
