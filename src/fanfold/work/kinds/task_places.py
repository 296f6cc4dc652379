"""Where a task is: the sections it stands in, one for each of its projects, and its place there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.work.change import Relation, touching
from fanfold.work.kinds.sections import SECTIONS, TASKS
from fanfold.work.places import position
from fanfold.work.references import belongs
from fanfold.work.request import EMPTY, Request, brief
from fanfold.work.schema import Document, Field, Ref, items, one
from fanfold.work.shape import decode
from fanfold.work.validate import MAX_LIST, Given, read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.shape import Sheet
    from fanfold.work.store import Row

IN_SECTIONS = f"<{TASKS}"

MAX_PROJECTS = 20
"""How many projects a task may be in."""

PROJECT = one("project", "project", required=True, nullable=False)
ANCHORS = (one("insert_before", "task"), one("insert_after", "task"))
PLACE = (PROJECT, *ANCHORS, one("section", "section"))
"""What ``addProject`` takes."""

TASK_PLACE = (one("task", "task", required=True, nullable=False), *ANCHORS)
"""What a section's ``addTask`` takes."""


# -- at creation -----------------------------------------------------------------------------------------------------


def memberships_field() -> Field:
    """The field ``memberships``: shown always, written at creation only."""
    return items(
        "memberships", of="object", access="create", compute=_shown, needs=(IN_SECTIONS,), parse=read_memberships
    )


def _shown(sheet: Sheet, gid: int, _: Document) -> list[Any]:
    return [{"project": Ref(link.note or 0), "section": Ref(link.gid)} for link in sheet.links(gid, IN_SECTIONS)]


class Membership(Struct, frozen=True):
    """One project that a new task is to be in, and the section if the client named one."""

    project: Row
    section: Row | None


def read_memberships(request: Request, value: Any) -> list[Membership]:
    """The field ``memberships`` of a creation: objects with ``project``, ``section`` or both."""
    if not isinstance(value, list) or len(value) > MAX_LIST:
        raise RequestError(f"memberships: Value is not an array: {brief(value)}")
    return [_membership(request, f"memberships: [{index}]", item) for index, item in enumerate(value)]


def _membership(request: Request, label: str, item: Any) -> Membership:
    if not isinstance(item, dict):
        raise RequestError(f"{label}: Value is not a JSON object: {brief(item)}")
    found: dict[str, Row] = {}
    for kind in ("project", "section"):
        if item.get(kind) is not None:
            given = read(request.about({kind: item[kind]}), (one(kind, kind),))
            found[kind] = given.rows[int(given.values[kind])]
    section, project = found.get("section"), found.get("project")
    if section is not None:
        project = project or request.view.row(_project_of(section))
        if project is None or _project_of(section) != project.gid:
            raise RequestError(f"{label}: The section is not in the project")
    if project is None:
        raise RequestError(f"{label}: Missing input")
    return Membership(project, section)


def is_placed(change: Change) -> None:
    """A new task goes to the end of the section that was named, or of the project's last."""
    store, given = change.store, change.given
    wanted = {gid: Membership(given.rows[gid], None) for gid in given.lists.get("projects", ())}
    for membership in change.after.pop("memberships", None) or ():
        if not belongs(change, membership.project):
            raise RequestError(f"memberships: Not in the same workspace: {membership.project.gid}")
        wanted[membership.project.gid] = membership
    if len(wanted) > MAX_PROJECTS:
        raise RequestError(f"projects: A task can be in at most {MAX_PROJECTS} projects")
    change.private = 1
    for project, membership in wanted.items():
        section = membership.section.gid if membership.section else store.last(project, SECTIONS) or 0
        store.append(section, TASKS, change.gid, project)
        change.relations.append(Relation("added", "projects", project))
        change.private &= membership.project.private


# -- later -----------------------------------------------------------------------------------------------------------


def add_project(request: Request) -> Answer:
    """Put a task into a project, or move it within one it is in."""
    given = read(request, PLACE)
    project = given.rows[int(given.values["project"])]
    change = touching(request.view, request.row, given)
    section = _section_for(change, project.gid)
    if section == 0:
        first = given.values.get("insert_after", 0) is None and given.values.get("insert_before") is None
        sections = request.view.store.targets(project.gid, SECTIONS)
        section = sections[0] if first else sections[-1]
    put(change, project.gid, section)
    return EMPTY


def _section_for(change: Change, project: int) -> int:
    """The section that the client named, or that its anchor stands in; 0 where it named neither."""
    section = change.given.row("section")
    if section is not None:
        if _project_of(section) != project:
            raise RequestError(f"section: Not in the project: {section.gid}")
        return section.gid
    for name in ("insert_before", "insert_after"):
        anchor = change.given.row(name)
        if anchor is not None:
            for owner, note in change.store.owners(anchor.gid, TASKS):
                if note == project:
                    return owner
            raise RequestError(f"{name}: Not in the project: {anchor.gid}")
    return 0


def add_to_section(request: Request) -> Answer:
    """Put a task into a section, at its top unless told otherwise; it leaves the project's other sections."""
    given = read(request, TASK_PLACE)
    row = given.rows.pop(int(given.values["task"]))
    change = touching(request.view, row, given)
    if request.row.workspace != row.workspace:
        raise RequestError(f"task: Not in the same workspace: {row.gid}")
    put(change, _project_of(request.row), request.row.gid, top=True)
    return EMPTY


def put(change: Change, project: int, section: int, *, top: bool = False) -> None:
    """Place a task in a section where the client's anchors say, taking it out of the project's other section."""
    store, gid = change.store, change.gid
    _refuse_itself(change.given, gid)
    homes = store.owners(gid, TASKS)
    old = next((owner for owner, note in homes if note == project), None)
    if old is None and len(homes) >= MAX_PROJECTS:
        raise RequestError(f"project: A task can be in at most {MAX_PROJECTS} projects")
    where = position(store, section, TASKS, change.given, top=top)
    if old is not None:
        store.unlink(old, TASKS, gid)
    store.link(section, TASKS, gid, where, project)
    if old is None:
        change.relations.append(Relation("added", "projects", project))
        refresh_privacy(change)
    elif old != section:
        change.relations += Relation("removed", "memberships", old), Relation("added", "memberships", section)
    change.write()


def _refuse_itself(given: Given, gid: int) -> None:
    for name in ("insert_before", "insert_after"):
        if given.values.get(name) == str(gid):
            raise RequestError(f"{name}: A task cannot be its own neighbour")


def remove_project(request: Request) -> Answer:
    """Take a task out of a project."""
    given = read(request, (PROJECT,))
    project = int(given.values["project"])
    change = touching(request.view, request.row)
    for section, note in change.store.owners(change.gid, TASKS):
        if note == project:
            change.store.unlink(section, TASKS, change.gid)
            change.relations.append(Relation("removed", "projects", project))
            refresh_privacy(change)
            change.write()
    return EMPTY


def refresh_privacy(change: Change) -> None:
    """Work out anew who may see a task and what hangs below it, after it came or went somewhere."""
    change.store.restrict_tasks_of(change.gid)
    change.private = change.store.records((change.gid,))[change.gid].private


def _project_of(section: Row) -> int:
    return int(decode(section.document)["project"])
