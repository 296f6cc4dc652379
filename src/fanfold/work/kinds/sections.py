"""Sections: the ordered parts of a project, each an ordered list of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from fanfold.errors import RequestError
from fanfold.work.change import creation, deletion, modification, touching
from fanfold.work.places import position
from fanfold.work.request import EMPTY, Request
from fanfold.work.routes import crud, under
from fanfold.work.schema import Document, Kind, Ref, computed, datetime, one, text
from fanfold.work.validate import Given, read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.shape import Sheet

SECTIONS = "project.sections"
"""Link field: the sections of a project, in order."""

TASKS = "section.tasks"
"""Link field: the tasks of a section, in order; the note is the project."""


def _projects(_: Sheet, __: int, document: Document) -> list[Ref]:
    return [Ref(int(document["project"]))]


section = Kind(
    "section",
    fields=(
        text("name", required=True, nullable=False),
        datetime("created_at", access="read"),
        one("project", "project", access="read"),
        computed("projects", _projects, of="list", kind="project"),
    ),
    within="project",
)
crud(section, "read")
under(section, "project", SECTIONS)


@section.rule("create", "update")
def has_a_name(change: Change) -> None:
    """A section is a heading: without words there would be nothing to see."""
    if not change.after["name"].strip():
        raise RequestError("name: Missing input")


_ANCHORS = (one("insert_before", "section"), one("insert_after", "section"))


@section.verb(
    "POST",
    "/projects/{project_gid}/sections",
    "createSectionForProject",
    subject="project",
    takes=(section.fields["name"], *_ANCHORS),
    status=201,
)
def create(request: Request) -> Answer:
    """Create a section in a project."""
    project = request.row
    place = read(request, _ANCHORS)
    change = creation(request, section, project=str(project.gid))
    change.workspace, change.private = project.workspace, project.private
    where = position(request.view.store, project.gid, SECTIONS, place)
    request.view.store.link(project.gid, SECTIONS, change.gid, where)
    change.write()
    return request.reread(change.gid, status=201)


@section.verb(
    "PUT",
    "/sections/{section_gid}",
    "updateSection",
    subject="section",
    takes=(structs.replace(section.fields["name"], required=False), *_ANCHORS),
)
def update(request: Request) -> Answer:
    """Rename a section, or move it within its project."""
    change = modification(request, request.row)
    place = read(request, _ANCHORS)
    if any(name in place for name in ("insert_before", "insert_after")):
        _move(change, place)
    change.write()
    return request.reread(change.gid)


def _move(change: Change, place: Given, *, before: str = "insert_before", after: str = "insert_after") -> None:
    project = int(change.before["project"])
    if change.gid in place.rows:
        itself = after if place.values.get(after) == str(change.gid) else before
        raise RequestError(f"{itself}: A section cannot be its own neighbour")
    where = position(change.store, project, SECTIONS, place, before=before, after=after)
    change.store.unlink(project, SECTIONS, change.gid)
    change.store.link(project, SECTIONS, change.gid, where)


@section.verb("DELETE", "/sections/{section_gid}", "deleteSection", subject="section", answers="empty")
def delete(request: Request) -> Answer:
    """Delete a section: an empty one, and never a project's last."""
    row, store = request.row, request.view.store
    change = deletion(request.view, row)
    if store.count(row.gid, TASKS):
        raise RequestError("Cannot delete a section that has tasks in it. Move its tasks to another section first.")
    if store.count(int(change.before["project"]), SECTIONS) == 1:
        raise RequestError("Cannot delete the last section of a project.")
    change.write()
    return EMPTY


_INSERT = (
    one("section", "section", required=True, nullable=False),
    one("before_section", "section"),
    one("after_section", "section"),
)


@section.verb(
    "POST",
    "/projects/{project_gid}/sections/insert",
    "insertSectionForProject",
    subject="project",
    takes=_INSERT,
    answers="empty",
)
def insert(request: Request) -> Answer:
    """Move a section before or after another of the same project."""
    given = read(request, _INSERT)
    row = given.row("section")
    if row is None or ("before_section" not in given and "after_section" not in given):
        raise RequestError("You must specify one of before_section or after_section")
    change = touching(request.view, row)
    if change.before["project"] != str(request.row.gid):
        raise RequestError(f"section: Not in the project: {row.gid}")
    given.rows.pop(row.gid)
    if str(row.gid) in (given.values.get("before_section"), given.values.get("after_section")):
        return EMPTY
    _move(change, given, before="before_section", after="after_section")
    change.write()
    return EMPTY
