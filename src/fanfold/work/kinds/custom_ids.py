"""Custom IDs: in a project with a custom field that has an ``id_prefix`` each task gets a number, as in ``BUG-12``.

Numbers are never given twice. The value stands in the task as that of any custom field, and who has which number in a
list of the custom field, whose positions are the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.change import compact
from fanfold.work.request import brief, encode
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.store import Row, Store
    from fanfold.work.view import View

COUNTING = "project.counting.custom_field_settings"
"""Link field: the settings of a project by which its tasks are numbered; the note is the custom field."""

NUMBERED = "custom_field.numbered"
"""Link field: the tasks that a custom field gave numbers to, which are their positions."""

AT_ONCE = 1000
"""Tasks of a project that get their numbers when it gets the custom field; others when they come to a project anew."""


def _numbers(store: Store, task: int, projects: Iterable[int]) -> dict[str, int]:
    """New numbers of a task for the custom fields of projects by which it has none yet."""
    found: dict[str, int] = {}
    for fields in store.notes(tuple(projects), COUNTING).values():
        for field in fields:
            if str(field) not in found and not store.linked(field, NUMBERED, task):
                number = int(store.setting(f"numbered {field}") or 0) + 1
                store.set(f"numbered {field}", str(number).encode())
                store.link(field, NUMBERED, task, number)
                found[str(field)] = number
    return found


def is_numbered(change: Change) -> None:
    """A rule: a task that comes into a project gets a number for each custom field that counts its tasks."""
    projects = [r.target for r in change.relations if r.field == "projects" and r.action == "added"]
    if projects:
        numbers = _numbers(change.store, change.gid, projects)
        if numbers:
            change.after["custom_fields"] = (change.after.get("custom_fields") or {}) | numbers


def count_tasks(view: View, project: int, setting: int, field: Row) -> None:
    """Have a custom field that a project has just got number the project's tasks, if it is one that does."""
    if not decode(field.document).get("id_prefix"):
        return
    store = view.store
    store.append(project, COUNTING, setting, field.gid)
    tasks = store.page_nested(project, "project.sections", "section.tasks", None, AT_ONCE)
    for gid, row in store.records([held.gid for held in tasks]).items():
        document = decode(row.document)
        numbers = _numbers(store, gid, (project,))
        document["custom_fields"] = (document.get("custom_fields") or {}) | numbers
        store.rewrite(row._replace(document=encode(document), compact=compact(view.kinds["task"], gid, document)))


def prefix_fits(change: Change) -> None:
    """A rule: only text and numbers can be custom IDs, no two of a workspace begin alike, and one remains one."""
    after, prefix = change.after, change.after.get("id_prefix")
    if not change.moved("id_prefix"):
        return
    if change.moment == "update" and not (prefix and change.before.get("id_prefix")):
        raise RequestError("id_prefix: Cannot write this property")
    if not prefix:
        return
    if after["type"] not in ("text", "number"):
        raise RequestError(f"id_prefix: Not supported for custom fields of type {after['type']}")
    if not prefix.isalnum():
        raise RequestError(f"id_prefix: Must be letters and digits only: {brief(prefix)}")
    same = change.store.page_kind(change.workspace, "custom_field", None, 2, filters.same_text("id_prefix", prefix))
    if any(held.gid != change.gid for held in same):
        raise RequestError(f"id_prefix: There is already a custom field with this prefix: {brief(prefix)}")
    after["representation_type"], after["is_value_read_only"] = "custom_id", True


def by_custom_id(request: Request) -> Answer:
    """Get the task that a custom ID stands for."""
    view, custom_id = request.view, request.params[1]
    prefix, _, number = custom_id.rpartition("-")
    if prefix and number.isascii() and number.isdigit() and len(number) < 16:
        same = filters.same_text("id_prefix", prefix)
        for field in view.store.page_kind(request.row.gid, "custom_field", None, 1, same):
            for task in view.store.page_linked(field.gid, NUMBERED, int(number) - 1, 1):
                if task.border == int(number) and view.sees_gid(task.gid):
                    return request.reread(task.gid)
    raise RequestError(f"custom_id: Unknown object: {brief(custom_id)}", status=404)
