"""Custom types: tasks that are called something else and have states of their own. Only the system makes them.

Both kinds are made with ``born``: a custom type with ``projects``, the gids of those whose tasks may be of it, then its
status options, each with ``custom_type``, the gid of the type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.routes import PAGING, crud, linked_page
from fanfold.work.schema import Kind, boolean, choice, many, one, text

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request

CUSTOM_TYPES = "project.custom_types"
"""Link field: the custom types that a project's tasks may be of."""

OPTIONS = "custom_type.status_options"
"""Link field: the states that a task of a custom type may be in, in order."""

INCOMPLETE, COMPLETE = "Incomplete", "Complete"
"""What a state of a custom type means for whether a task is completed."""

custom_type = Kind(
    "custom_type",
    fields=(
        text("name", access="read", default="", nullable=False),
        many("status_options", "custom_type_status_option", link=OPTIONS, access="read"),
    ),
    made_with=(many("projects", "project"),),
)
crud(custom_type, "read")

custom_type_status_option = Kind(
    "custom_type_status_option",
    fields=(
        text("name", access="read", default="", nullable=False),
        choice("completion_state", INCOMPLETE, COMPLETE, access="read", default=INCOMPLETE),
        boolean("enabled", access="read", default=True),
        text("color", access="read", default="none"),
        one("custom_type", "custom_type", access="read", opt_in=True),
    ),
)


@custom_type.rule("create")
def is_known_to_its_projects(change: Change) -> None:
    """A custom type belongs to the projects that it was made for."""
    for project in change.after.pop("projects", ()):
        change.store.append(int(project), CUSTOM_TYPES, change.gid)


@custom_type_status_option.rule("create")
def is_one_of_its_type(change: Change) -> None:
    """Options are listed in the order in which they were made."""
    change.store.append(int(change.after["custom_type"]), OPTIONS, change.gid)


@custom_type.verb(
    "GET",
    "/custom_types",
    "getCustomTypes",
    query=(one("project", "project", required=True), *PAGING),
    answers="list",
    paged=True,
)
def list_of_project(request: Request) -> Answer:
    """List the custom types of a project."""
    return linked_page(request, request.require("project", "project").gid, CUSTOM_TYPES)
