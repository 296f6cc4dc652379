"""Tasks: the basic object around which the other kinds are centred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.addresses import permalink
from fanfold.work.custom_values import custom_fields_of, custom_values_fit
from fanfold.work.kinds import task_dependencies as waiting
from fanfold.work.kinds import task_external as external
from fanfold.work.kinds import task_lists as lists
from fanfold.work.kinds import task_parents as parents
from fanfold.work.kinds import task_places as places
from fanfold.work.kinds import task_rules as rules
from fanfold.work.kinds import task_search as searching
from fanfold.work.kinds.custom_ids import by_custom_id, is_numbered
from fanfold.work.kinds.goal_support import supports_no_longer
from fanfold.work.kinds.likes import is_liked, like_fields
from fanfold.work.kinds.sections import TASKS, section
from fanfold.work.kinds.task_types import is_of_its_type
from fanfold.work.references import in_one_workspace
from fanfold.work.richtext import show, twins
from fanfold.work.routes import PAGING, create, create_under, crud, list_linked, relate, related
from fanfold.work.schema import (
    Document,
    Field,
    Kind,
    Ref,
    boolean,
    choice,
    computed,
    date,
    datetime,
    many,
    number,
    obj,
    one,
    text,
)

if TYPE_CHECKING:
    from fanfold.work.schema import Rule
    from fanfold.work.shape import Sheet

IN_LISTS = f"<{rules.ASSIGNED}"
LIKES = "task.likes"

TYPES = ("default_task", "milestone", "approval", "custom")
APPROVALS = ("pending", "approved", "rejected", "changes_requested")
STATUSES = ("today", "upcoming", "later", "new", "inbox")


def _projects(sheet: Sheet, gid: int, _: Document) -> list[Ref]:
    return [Ref(link.note or 0) for link in sheet.links(gid, places.IN_SECTIONS)]


def _assignee_section(sheet: Sheet, gid: int, document: Document) -> Ref | None:
    if document.get("assignee") != str(sheet.view.user):
        return None
    return next((Ref(link.note) for link in sheet.links(gid, IN_LISTS) if link.note), None)


def _waiting(name: str, link: str) -> Field:
    def compute(sheet: Sheet, gid: int, _: Document) -> list[Document]:
        return [{"gid": str(link_.gid), "resource_type": "task"} for link_ in sheet.links(gid, link)]

    return many(name, "task", link=link, access="read", compute=compute, needs=(link,), opt_in=True)


task = Kind(
    "task",
    compact=("name", "resource_subtype"),
    fields=(
        text("name", default="", nullable=False),
        choice("resource_subtype", *TYPES, default="default_task", nullable=False),
        one("created_by", "user", access="read", opt_in=True),
        choice("approval_status", *APPROVALS, nullable=False, omitted=True),
        choice("assignee_status", *STATUSES, nullable=False, omitted=True),
        one("assigned_by", "user", access="read", opt_in=True),
        boolean("completed"),
        datetime("completed_at", access="read"),
        one("completed_by", "user", access="read"),
        datetime("created_at", access="read"),
        _waiting("dependencies", waiting.DEPENDENCIES),
        _waiting("dependents", f"<{waiting.DEPENDENCIES}"),
        datetime("due_at"),
        date("due_on"),
        obj("external", parse=external.read_external, omitted=True, opt_in=True),
        text("html_notes", nullable=False, opt_in=True, compute=show()),
        *like_fields(LIKES),
        boolean("is_rendered_as_separator", access="read", opt_in=True),
        places.memberships_field(),
        datetime("modified_at", access="read"),
        text("notes", default="", nullable=False),
        computed("num_subtasks", lambda s, gid, _: s.count(gid, parents.SUBTASKS), of="integer", opt_in=True),
        datetime("start_at"),
        date("start_on"),
        number("actual_time_minutes", access="read"),
        one("assignee", "user"),
        one("assignee_section", "section", compute=_assignee_section, needs=(IN_LISTS,), blank=None),
        custom_fields_of("task"),
        one("custom_type", "custom_type"),
        one("custom_type_status_option", "custom_type_status_option"),
        many("followers", "user", access="create"),
        one("parent", "task"),
        many("projects", "project", access="create", compute=_projects, needs=(places.IN_SECTIONS,)),
        many("tags", "tag", access="create"),
        one("workspace", "workspace", access="create"),
        computed("permalink_url", lambda sheet, gid, _: permalink(sheet.view, gid), of="text"),
    ),
)

_AT_CREATION = (rules.is_somewhere, rules.is_followed, places.is_placed)
_ALWAYS: tuple[Rule, ...] = (
    in_one_workspace,
    parents.hangs_below,
    twins(),
    rules.has_sensible_dates,
    is_of_its_type,
    rules.is_stamped_when_completed,
    rules.is_on_the_assignees_list,
    is_liked(LIKES),
    custom_values_fit,
    is_numbered,
)
for _first in _AT_CREATION:
    task.rule("create")(_first)
for _rule in _ALWAYS:
    task.rule("create", "update")(_rule)
task.rule("create", "update")(external.is_found_by_its_external_gid)
task.rule("delete")(parents.takes_its_own_along)
task.rule("delete")(supports_no_longer)

# -- tasks -----------------------------------------------------------------------------------------------------------

_NEW = tuple(f for f in task.fields.values() if f.access != "read" and not f.name.startswith("custom_type"))
_ONE = "/tasks/{task_gid}"

task.route("POST", "/tasks", "createTask", create, takes=_NEW, status=201, summary="Create a task")
crud(task, "read", "update")
task.verb("DELETE", _ONE, "deleteTask", subject="task", answers="empty")(parents.delete)
task.verb("GET", "/workspaces/{workspace_gid}/tasks/custom_id/{custom_id}", "getTaskForCustomID", subject="workspace")(
    by_custom_id
)

task.verb(
    "GET",
    "/workspaces/{workspace_gid}/tasks/search",
    "searchTasksForWorkspace",
    subject="workspace",
    query=searching.SEARCH,
    answers="list",
    costs=("searches",),
    before=searching.look,
    inline=False,
)(searching.search)

# -- lists -----------------------------------------------------------------------------------------------------------

_LIST = {"answers": "list", "paged": True}
_SINCE = (lists.COMPLETED_SINCE, *PAGING)

task.verb("GET", "/tasks", "getTasks", query=(*lists.FILTERS, *PAGING), **_LIST)(lists.list_tasks)
task.verb("GET", "/projects/{project_gid}/tasks", "getTasksForProject", subject="project", query=_SINCE, **_LIST)(
    lists.list_of_project
)
for _owner, _link, _query in (
    ("section", TASKS, _SINCE),
    ("tag", "<task.tags", PAGING),
    ("user_task_list", rules.ASSIGNED, _SINCE),
):
    task.route(
        "GET",
        f"/{_owner}s/{{{_owner}_gid}}/tasks",
        f"getTasksFor{_owner.title().replace('_', '')}",
        list_linked(_link, lists.since),
        subject=_owner,
        query=_query,
        summary=f"List the tasks of a {_owner.replace('_', ' ')}",
        **_LIST,
    )
for _name, _link in (
    ("subtasks", parents.SUBTASKS),
    ("dependencies", waiting.DEPENDENCIES),
    ("dependents", f"<{waiting.DEPENDENCIES}"),
):
    task.route(
        "GET",
        f"{_ONE}/{_name}",
        f"get{_name.capitalize()}ForTask",
        list_linked(_link),
        subject="task",
        query=PAGING,
        summary=f"List the {_name} of a task",
        **_LIST,
    )

# -- relations -------------------------------------------------------------------------------------------------------

_EMPTY = {"subject": "task", "answers": "empty"}

task.route(
    "POST",
    f"{_ONE}/subtasks",
    "createSubtaskForTask",
    create_under("parent"),
    subject="task",
    takes=_NEW,
    status=201,
    summary="Create a subtask",
)
task.verb("POST", f"{_ONE}/setParent", "setParentForTask", subject="task", takes=parents.PARENT)(parents.set_parent)
for _name in ("dependencies", "dependents"):
    for _action in ("add", "remove"):
        task.verb(
            "POST",
            f"{_ONE}/{_action}{_name.capitalize()}",
            f"{_action}{_name.capitalize()}ForTask",
            takes=waiting.TAKES[_name],
            **_EMPTY,
        )(getattr(waiting, f"{_action}_{_name}"))
task.verb("POST", f"{_ONE}/addProject", "addProjectForTask", takes=places.PLACE, **_EMPTY)(places.add_project)
task.verb("POST", f"{_ONE}/removeProject", "removeProjectForTask", takes=(places.PROJECT,), **_EMPTY)(
    places.remove_project
)
section.verb(
    "POST",
    "/sections/{section_gid}/addTask",
    "addTaskForSection",
    subject="section",
    takes=places.TASK_PLACE,
    answers="empty",
)(places.add_to_section)
for _action in ("add", "remove"):
    task.route(
        "POST",
        f"{_ONE}/{_action}Tag",
        f"{_action}TagForTask",
        relate("tags", remove=_action == "remove", empty=True),
        takes=(one("tag", "tag", required=True, nullable=False),),
        summary=f"{_action.capitalize()} a tag {'to' if _action == 'add' else 'from'} a task",
        **_EMPTY,
    )
related(task, "followers", "user", add="addFollowersForTask", remove="removeFollowerForTask")
