"""What a new database starts with: somebody to be, somewhere to work, and for the demo something to look at.

All but the first user and workspace is made through the API itself, so that it obeys every rule; gids are the same
each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import json

from fanfold.errors import SetupError
from fanfold.model import Call, Caller
from fanfold.work.api import WorkApi
from fanfold.work.change import born
from fanfold.work.clock import Clock, utc_now
from fanfold.work.kinds.workspace_memberships import join_workspace

if TYPE_CHECKING:
    from fanfold.work.store import Store

FIRST_USER = "first_user"
"""Setting: gid of the user whom the first token belongs to."""

PEOPLE = (
    ("Ada Lovelace", "ada"),
    ("Grace Hopper", "grace"),
    ("Alan Turing", "alan"),
    ("Katherine Johnson", "katherine"),
)

PROJECTS = {
    "Website relaunch": {
        "To do": (
            "Collect pages that nobody reads",
            "Choose typefaces",
            "Write the imprint",
            "Test with a screen reader",
        ),
        "Doing": ("Redesign the home page", "Move the blog", "Measure load times"),
        "Done": ("Interview ten customers", "Agree on goals"),
    },
    "Mobile app": {
        "Backlog": ("Offline mode", "Dark theme", "Share a list"),
        "This week": ("Crash on rotate", "Sign in with a passkey"),
        "Released": ("Push notifications",),
    },
    "Office move": {
        "Before": ("Count the desks", "Order boxes", "Label cables"),
        "After": ("Return the old keys",),
    },
}


def first_user(store: Store) -> int:
    """Gid of the user whom the first token belongs to; raises ``SetupError`` where the database has none."""
    found = store.setting(FIRST_USER)
    if found is None:
        raise SetupError(f"The database {store.path} has no users; start it with: fanfold serve --db {store.path}")
    return int(found)


def seed(store: Store, which: str, clock: Clock = utc_now) -> None:
    """Fill a database that is empty; one that is not stays as it is. All is done in one transaction.

    So if several processes find it empty, one of them fills it, and one that dies meanwhile leaves nothing.
    """
    if store.setting(FIRST_USER) is not None:
        return
    api = WorkApi(store, clock=clock)
    store.begin_action()
    if store.setting(FIRST_USER) is None:
        _fill(store, api, which)
    else:
        store.end_action()
    store.commit()


def _fill(store: Store, api: WorkApi, which: str) -> None:
    """Fill it, from within the open action on."""
    people = [_person(api, name, mail) for name, mail in (PEOPLE if which == "demo" else PEOPLE[:1])]
    workspace = _workspace(api, "Fanfold Demo" if which == "demo" else "My workspace")
    for index, user in enumerate(people):
        join_workspace(api.view(people[0]), workspace, user, admin=index == 0)
    store.set(FIRST_USER, str(people[0]).encode())
    store.end_action()
    if which == "demo":
        _demo(_Asker(api, people[0]), workspace, people)


def _person(api: WorkApi, name: str, mail: str) -> int:
    return born(api.view(0), "user", 0, name=name, email=f"{mail}@example.com").gid


def _workspace(api: WorkApi, name: str) -> int:
    values = {"name": name, "email_domains": ["example.com"], "is_organization": True}
    return born(api.view(0), "workspace", api.store.peek_gid(), **values).gid


class _Asker:
    """Asks the API as one user."""

    def __init__(self, api: WorkApi, user: int) -> None:
        self._api = api
        self._caller = Caller("seed", str(user))

    def __call__(self, method: str, path: str, **data: Any) -> Any:
        endpoint, params = self._api.resolve(method, path)
        answer = self._api.answer(Call(method, path, (), {"data": data}, (), self._caller, endpoint, params))
        return json.decode(answer.body)["data"]


def _demo(ask: _Asker, workspace: int, people: list[int]) -> None:
    team = ask("POST", "/teams", name="Everybody", organization=str(workspace))["gid"]
    for user in people[1:]:
        ask("POST", f"/teams/{team}/addUser", user=str(user))
    tags = [ask("POST", "/tags", name=name, workspace=str(workspace))["gid"] for name in ("urgent", "waiting")]
    priority = ask(
        "POST",
        "/custom_fields",
        workspace=str(workspace),
        name="Priority",
        resource_subtype="enum",
        enum_options=[{"name": "High", "color": "red"}, {"name": "Normal", "color": "blue"}, {"name": "Low"}],
    )
    number = 0
    for name, sections in PROJECTS.items():
        project = ask("POST", "/projects", name=name, team=team, workspace=str(workspace))["gid"]
        ask("POST", f"/projects/{project}/addCustomFieldSetting", custom_field=priority["gid"])
        for section_name, tasks in sections.items():
            section = ask("POST", f"/projects/{project}/sections", name=section_name)["gid"]
            for task_name in tasks:
                number += 1
                task = ask(
                    "POST",
                    "/tasks",
                    name=task_name,
                    projects=[project],
                    assignee=str(people[number % len(people)]),
                    due_on=f"2027-01-{number + 3:02d}",
                    tags=tags[: number % 3],
                    custom_fields={priority["gid"]: priority["enum_options"][number % 3]["gid"]},
                )["gid"]
                ask("POST", f"/sections/{section}/addTask", task=task, insert_before=None)
                _talk(ask, number, task, task_name)


def _talk(ask: _Asker, number: int, task: str, name: str) -> None:
    if number % 4 == 0:
        ask("POST", f"/tasks/{task}/stories", text="Shall we talk about this tomorrow?")
    if number % 5 == 0:
        for step in ("Prepare", "Decide"):
            ask("POST", f"/tasks/{task}/subtasks", name=f"{step}: {name}")
