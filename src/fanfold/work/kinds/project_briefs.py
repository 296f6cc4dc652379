"""Project briefs: one text a project that says what it is for and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.addresses import permalink
from fanfold.work.change import deletion, touching
from fanfold.work.hanging import hangs_on
from fanfold.work.richtext import show, twins
from fanfold.work.routes import create_under, crud
from fanfold.work.schema import Kind, computed, one, text

if TYPE_CHECKING:
    from fanfold.work.change import Change

BRIEFS = "project.project_briefs"
"""Link field: the brief of a project."""

project_brief = Kind(
    "project_brief",
    compact=(),
    fields=(
        text("title", default="", nullable=False),
        text("html_text", nullable=False, compute=show("text", "html_text")),
        text("text", default="", nullable=False, opt_in=True),
        computed("permalink_url", lambda sheet, gid, _: permalink(sheet.view, gid), of="text", nullable=False),
        one("project", "project", access="read"),
    ),
    within="project",
)
crud(project_brief, "read", "update", "delete")
project_brief.route(
    "POST",
    "/projects/{project_gid}/project_briefs",
    "createProjectBrief",
    create_under("project"),
    subject="project",
    takes=tuple(field for field in project_brief.fields.values() if field.access == "write"),
    status=201,
    summary="Create a project brief",
)


@project_brief.rule("create")
def is_the_only_one(change: Change) -> None:
    """A project has one brief at most."""
    if change.store.targets(int(change.after["project"]), BRIEFS):
        raise RequestError("project: Has a project brief already")


project_brief.rule("create")(hangs_on("project", BRIEFS))
project_brief.rule("create", "update")(twins("text", "html_text"))


@project_brief.rule("create", "delete")
def is_named_by_its_project(change: Change) -> None:
    """The project shows its brief, and what is attached to a brief goes with it."""
    view, store = change.view, change.store
    ends = change.moment == "delete"
    row = store.record(int(change.after["project"]))
    if row is not None:
        project = touching(view, row)
        project.after["project_brief"] = None if ends else str(change.gid)
        project.write()
    if ends:
        for attached in store.records(store.targets(change.gid, "attachments")).values():
            deletion(view, attached).write()
