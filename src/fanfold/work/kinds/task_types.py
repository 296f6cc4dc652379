"""What has to hold of tasks of a custom type: whose types they are, and that state and completion agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.kinds.custom_types import COMPLETE, CUSTOM_TYPES, INCOMPLETE, OPTIONS
from fanfold.work.kinds.sections import TASKS
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.change import Change

CUSTOM = "custom"

_FIELDS = frozenset(("custom_type", "custom_type_status_option", "resource_subtype", "completed"))


def is_of_its_type(change: Change) -> None:
    """A rule for creation and update: a task of a custom type is in one of its states, and completed as that says."""
    given, after = change.given.values, change.after
    if given.keys().isdisjoint(_FIELDS):
        return
    if after.get("resource_subtype") != CUSTOM:
        for name in ("custom_type", "custom_type_status_option"):
            if given.get(name) is not None:
                raise RequestError(f"{name}: Only a task whose resource_subtype is custom has one")
            after[name] = None
        return
    if change.moved("custom_type") and after["custom_type"] is not None:
        _check_type(change, int(after["custom_type"]))
    _be_in_a_state(change)


def _check_type(change: Change, kind: int) -> None:
    projects = [note for _, note in change.store.owners(change.gid, TASKS) if note is not None]
    if not any(change.store.linked(project, CUSTOM_TYPES, kind) for project in projects):
        raise RequestError(f"custom_type: Not a custom type of the task's projects: {kind}")


def _be_in_a_state(change: Change) -> None:
    given, after = change.given.values, change.after
    option = given.get("custom_type_status_option")
    if after.get("custom_type") is None:
        if option is not None:
            raise RequestError("custom_type_status_option: Only a task of a custom type has one")
        after["custom_type_status_option"] = None
    elif option is not None:
        after["completed"] = _state(change, int(option)) == COMPLETE
    elif change.moved("custom_type") or bool(change.before.get("completed")) != bool(after.get("completed")):
        after["custom_type_status_option"] = _first_option(change)
    else:
        after["custom_type_status_option"] = change.before.get("custom_type_status_option")


def _state(change: Change, option: int) -> str | None:
    if not change.store.linked(int(change.after["custom_type"]), OPTIONS, option):
        raise RequestError(f"custom_type_status_option: Not an option of the task's custom type: {option}")
    document = decode(change.given.rows[option].document)
    if document["enabled"] is False and change.moved("custom_type_status_option"):
        raise RequestError(f"custom_type_status_option: Is not enabled: {option}")
    state: str | None = document["completion_state"]
    return state


def _first_option(change: Change) -> str | None:
    """The first state of the type that a task can be in which is completed, or is not."""
    wanted = COMPLETE if change.after.get("completed") else INCOMPLETE
    options = change.store.targets(int(change.after["custom_type"]), OPTIONS)
    rows = change.store.records(options)
    for gid in options:
        document = decode(rows[gid].document)
        if document["enabled"] is not False and document["completion_state"] == wanted:
            return str(gid)
    return None
