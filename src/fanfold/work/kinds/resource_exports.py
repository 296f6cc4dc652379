"""What an export of a workspace's tasks, teams or messages holds, and how it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.background import CHUNK, State
from fanfold.work.kinds.attachments import ATTACHMENTS
from fanfold.work.kinds.export_files import append, completed, lines
from fanfold.work.kinds.task_rules import FOLLOWERS
from fanfold.work.request import brief
from fanfold.work.selection import Selection, select
from fanfold.work.shape import decode, shape
from fanfold.work.stories import STORIES
from fanfold.work.validate import MAX_LIST, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.store import Row
    from fanfold.work.view import View

Parts = list[dict[str, Any]]
"""What is to be exported, as part of a job's state: kind, fields, and filters with users as gids."""

KINDS = {"task": "task", "team": "team", "message": "status_update"}
"""The kind of record by the type that clients know; of messages only status updates are kept."""

HANGING = {
    "task": (("attachments", ATTACHMENTS, "attachment"), ("stories", STORIES, "story")),
    "team": (("members", "team.members", "user"),),
    "status_update": (),
}
"""What is exported with records of each kind: the name, the link field, and the kind of what it leads to."""

_LINKS = ("download_url", "view_url", "permanent_url")
"""What an exported attachment leaves out, since it would soon not be true."""

_RENAMED = {"html_notes": "html_text", "created_by": "author", "parents": "parent"}
"""The fields of a status update by the names that messages have."""

_MESSAGE = ("status_type", "created_by", "created_at", "modified_at", "title", "text", "num_likes", "likes", "parents")

_PEOPLE = ("assigned_by", "assignee", "commented_on_by", "created_by", "followers", "liked_by")
_TIMES = ("created_at", "modified_at")
_OF_TASKS = ("assigned_by", "assignee")


# -- how it is asked for ---------------------------------------------------------------------------------------------


def read_parts(request: Request, value: Any) -> Parts:
    """The field ``export_request_parameters``."""
    label = "export_request_parameters"
    if not isinstance(value, list) or len(value) > MAX_LIST:
        raise RequestError(f"{label}: Value is not an array: {brief(value)}")
    if not value:
        raise RequestError(f"{label}: Missing input")
    return [_part(request, f"{label}: [{index}]", item) for index, item in enumerate(value)]


def _part(request: Request, label: str, item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise RequestError(f"{label}: Value is not a JSON object: {brief(item)}")
    sort = item.get("resource_type")
    if sort not in tuple(KINDS):
        raise RequestError(f"{label}: resource_type: Must be one of {', '.join(KINDS)}, not: {brief(sort)}")
    fields = item.get("fields")
    if fields is not None:
        if not isinstance(fields, list) or not all(isinstance(field, str) for field in fields):
            raise RequestError(f"{label}: fields: Value is not an array: {brief(fields)}")
        try:
            select(",".join(fields), "", full=True)
        except ValueError as error:
            raise RequestError(f"{label}: {str(error).replace('opt_fields', 'fields', 1)}") from None
    filters = item.get("filters") or {}
    if not isinstance(filters, dict):
        raise RequestError(f"{label}: filters: Value is not a JSON object: {brief(filters)}")
    if filters and sort == "team":
        raise RequestError(f"{label}: filters: Teams cannot be filtered")
    return {"type": sort, "fields": ",".join(fields or ()), "filters": _filters(request, f"{label}: filters", filters)}


def _filters(request: Request, label: str, given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _PEOPLE:
        users = given.get(f"{name}.any")
        if users is None:
            continue
        if not isinstance(users, list) or len(users) > MAX_LIST:
            raise RequestError(f"{label}: {name}.any: Value is not an array: {brief(users)}")
        rows = (request.view.find(f"{label}: {name}.any", str(user), "user", status=400) for user in users)
        found[f"{name}.any"] = [row.gid for row in rows]
    for name in _TIMES:
        for edge in ("after", "before"):
            value = given.get(f"{name}.{edge}")
            if value is not None:
                found[f"{name}.{edge}"] = moment(f"{label}: {name}.{edge}", value)
    return found


# -- a step ----------------------------------------------------------------------------------------------------------


def export_resources(job: Change, state: State) -> State | None:
    """A step: export some more records of the first of the parts that are left."""
    view, store = job.view, job.store
    part, *rest = state["parts"]
    held = store.page_kind(job.workspace, KINDS[part["type"]], state["after"], CHUNK)
    rows = view.rows([item.gid for item in held])
    chosen = [row for gid, row in sorted(rows.items()) if _matches(view, row, part["filters"])]
    size = append(view, state["export"], state["size"], lines(_records(view, part, chosen)))
    if len(held) == CHUNK:
        return {**state, "size": size, "after": held[-1].gid}
    if rest:
        return {**state, "size": size, "after": None, "parts": rest}
    completed(job, state["export"])
    return None


def _matches(view: View, row: Row, filters: dict[str, Any]) -> bool:
    if not filters:
        return True
    document = decode(row.document)
    for name, wanted in filters.items():
        field, _, how = name.partition(".")
        if how == "any":
            if (field not in _OF_TASKS or row.kind == "task") and not _people(view, row, document, field) & {*wanted}:
                return False
        elif (document[field] <= wanted) if how == "after" else (document[field] >= wanted):
            return False
    return True


def _people(view: View, row: Row, document: Document, field: str) -> set[int]:
    """Who has to do with a record in a certain way."""
    store = view.store
    if field == "followers":
        return set(store.targets(row.gid, FOLLOWERS))
    if field == "liked_by":
        return set(store.targets(row.gid, f"{row.kind}.likes"))
    if field == "commented_on_by":
        told = map(decode, store.documents(store.targets(row.gid, STORIES)).values())
        return {int(story["created_by"]) for story in told if story["resource_subtype"] == "comment_added"}
    return {int(document[field])} if document.get(field) else set()


def _records(view: View, part: dict[str, Any], rows: list[Row]) -> list[Document]:
    """The records as they are exported."""
    kind = KINDS[part["type"]]
    fields = part["fields"]
    if kind == "status_update":
        return _messages(view, fields.split(",") if fields else _MESSAGE, rows)
    selection = select(fields, "", full=True)
    shown = shape(view, view.kinds[kind], [(row.gid, row.document) for row in rows], selection)
    for name, link, other in HANGING[kind]:
        if selection.full or name in selection.fields:
            hanging = _hanging(view, [row.gid for row in rows], link, other, selection.fields.get(name))
            for row, record in zip(rows, shown, strict=True):
                record[name] = hanging[row.gid]
    return shown


def _hanging(
    view: View, gids: Sequence[int], link: str, kind: str, selection: Selection | None
) -> dict[int, list[Document]]:
    """What hangs on each record by a link field."""
    links = {gid: [item.gid for item in view.links((gid,), (link,), ()).get((gid, link), ())] for gid in gids}
    chosen = select("", "", full=True) if selection is None or selection.compact else selection
    by_gid: dict[int, Document] = {}
    everything = list(dict.fromkeys(target for targets in links.values() for target in targets))
    for start in range(0, len(everything), CHUNK):
        rows = view.rows(everything[start : start + CHUNK])
        shown = shape(view, view.kinds[kind], [(row.gid, row.document) for row in rows.values()], chosen)
        for gid, record in zip(rows, shown, strict=True):
            by_gid[gid] = {name: value for name, value in record.items() if name not in _LINKS}
    return {gid: [by_gid[target] for target in targets if target in by_gid] for gid, targets in links.items()}


def _messages(view: View, names: Sequence[str], rows: list[Row]) -> list[Document]:
    """Status updates as messages."""
    selection = select(",".join(_RENAMED.get(name, name) for name in names), "", full=True)
    shown = shape(view, view.kinds["status_update"], [(row.gid, row.document) for row in rows], selection)
    found: list[Document] = []
    for record in shown:
        message = {"gid": record["gid"], "resource_type": "message", "resource_subtype": "status_update"}
        message |= {name: record[_RENAMED.get(name, name)] for name in names if _RENAMED.get(name, name) in record}
        if "parents" in message:
            message["parents"] = [message["parents"]]
        found.append(message)
    return found
