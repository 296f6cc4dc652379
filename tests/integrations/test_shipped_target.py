"""The shipped declarations through the target itself: paths, paging, refusals, with the work API in strict mode."""

from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from fanfold.entries import Fetch
from fanfold.errors import RemoteError, RequestError
from fanfold.integrations.accounts import Account, MemoryAccounts
from fanfold.integrations.demo import DemoApi
from fanfold.integrations.target import IntegrationsTarget
from fanfold.integrations.unified import UnifiedMapper
from fanfold.model import Answer, Call, Caller
from fanfold.targets.vetting import Vetting
from fanfold.work import SqliteStore
from fanfold.work.api import WorkApi
from fanfold.work.seed import first_user, seed
from tests.integrations.stage import Jsonata, read_declaration

JSON = (("content-type", "application/json"),)


class Work:
    """The work API as an API in this process: unknown parameters are refused."""

    def __init__(self, store):
        self.api = WorkApi(store, base="https://fanfold.test", strict=True)

    async def ask(self, request, account, caller):
        parts = urlsplit(request.url)
        body = msgspec.json.decode(request.body) if request.body else None
        query, caller = tuple(parse_qsl(parts.query)), Caller("account", account.owner)
        try:
            endpoint, params = self.api.resolve(request.method, parts.path)
            return self.api.answer(Call(request.method, parts.path, query, body, (), caller, endpoint, params))
        except RequestError as error:
            return Answer(error.status, msgspec.json.encode({"errors": [{"message": error.message}]}), JSON)
        finally:
            self.api.commit()


@pytest.fixture
async def ask():
    store, evaluator = SqliteStore(), Jsonata()
    seed(store, "demo")
    me = str(first_user(store))
    declarations = {name: read_declaration(name) for name in ("work", "demo")}
    accounts = {name: Account(id=name, integration=name, owner=me) for name in declarations}
    target = IntegrationsTarget(
        MemoryAccounts(*accounts.values()),
        evaluator,
        vetting=Vetting(),
        inside={"work": Work(store), "demo": DemoApi()},
        models=UnifiedMapper(evaluator),
    )

    async def ask(path, method, gid="", body=None, cursor="", **query):
        name = path.partition("/")[0]
        endpoint, params = target.opened(accounts[name], declarations[name])(method, f"/{path}")
        fetch = Fetch(gid, query, body, cursor)
        return (await target.send(Call(method, path, (), fetch, (), Caller("me", me), endpoint, params))).page

    yield ask
    await target.close()
    store.close()


async def every(ask, path, **query):
    found, cursor = [], ""
    while True:
        page = await ask(path, "list", cursor=cursor, **query)
        found, cursor = found + page.value, page.cursor
        if not cursor:
            return found


@pytest.fixture
async def project(ask):
    return next(
        project["gid"] for project in await every(ask, "work/projects") if project["name"] == "Website relaunch"
    )


async def test_collections_lead_to_tickets_and_comments(ask, project):
    tickets = await every(ask, "work/ticketing/tickets", collection_id=project, limit=4)
    assert len(tickets) == 9
    made = await ask("work/ticketing/comments", "create", body={"ticket_id": tickets[0]["id"], "body": "Yes"})
    comments = await every(ask, "work/ticketing/comments", ticket_id=tickets[0]["id"])
    assert comments == [made.value]
    assert (await ask("work/ticketing/comments", "delete", made.value["id"])).value == {"id": made.value["id"]}


async def test_a_page_of_which_a_mapping_leaves_nothing_is_passed_over(ask, project):
    """The stories of a task before its first comment are all the system's, and one fits on a page."""
    ticket = (await every(ask, "work/tasks", project=project))[0]["gid"]
    made = await ask("work/ticketing/comments", "create", body={"ticket_id": ticket, "body": "Yes"})
    assert len(await every(ask, "work/stories", task=ticket)) > 1
    page = await ask("work/ticketing/comments", "list", ticket_id=ticket, limit=1)
    assert [comment["id"] for comment in page.value] == [made.value["id"]]


async def test_refusals_are_told_in_the_words_of_the_model(ask):
    with pytest.raises(RemoteError, match="Say which tickets") as refusal:
        await ask("work/ticketing/tickets", "list")
    assert refusal.value.extra["truto_is_remote_error"] is True
    with pytest.raises(RemoteError, match=r"body\.email should be defined"):
        await ask("demo/crm/contacts", "create", body={"first_name": "Noor"})


PARENTS = {
    "workspace_memberships": ("workspace", "workspaces"),
    "teams": ("workspace", "workspaces"),
    "custom_fields": ("workspace", "workspaces"),
    "portfolios": ("workspace", "workspaces"),
    "goals": ("workspace", "workspaces"),
    "team_memberships": ("team", "teams"),
    "project_memberships": ("project", "projects"),
    "sections": ("project", "projects"),
    "tasks": ("project", "projects"),
    "custom_field_settings": ("project", "projects"),
    "status_updates": ("parent", "projects"),
    "subtasks": ("task", "tasks"),
    "dependencies": ("task", "tasks"),
    "dependents": ("task", "tasks"),
    "task_projects": ("task", "tasks"),
    "task_tags": ("task", "tasks"),
    "stories": ("task", "tasks"),
    "attachments": ("parent", "tasks"),
}
"""Lists that need to be told of what: the parameter, and the resource whose ids it takes."""

OUTERMOST = {"workspaces", "users", "projects", "tags"}
EMPTY_AT_FIRST = {"subtasks", "portfolios", "goals", "status_updates", "dependencies", "dependents", "attachments"}


async def parent_of(ask, resource):
    """The query that a list needs, with the first record of each resource above."""
    if resource in OUTERMOST:
        return {}
    name, above = PARENTS[resource]
    found = await every(ask, f"work/{above}", **await parent_of(ask, above))
    return {name: found[0]["gid"]}


@pytest.mark.parametrize("resource", [*PARENTS, *sorted(OUTERMOST)])
async def test_each_list_of_the_work_api_is_given_with_all_its_records_readable(ask, resource):
    query = await parent_of(ask, resource)
    found = await every(ask, f"work/{resource}", **query)
    assert bool(found) == (resource not in EMPTY_AT_FIRST)
    if found and "get" in read_declaration("work").resources[resource]:
        shown = (await ask(f"work/{resource}", "get", found[0]["gid"])).value
        assert shown["gid"] == found[0]["gid"]


def test_each_list_of_the_work_declaration_is_tried():
    lists = {name for name, methods in read_declaration("work").resources.items() if "list" in methods}
    assert lists - {*PARENTS, *OUTERMOST} == {"portfolio_items"}


async def test_what_is_made_through_the_work_declaration_can_be_changed_and_deleted(ask, project):
    workspace = (await every(ask, "work/workspaces"))[0]["gid"]
    task = (await every(ask, "work/tasks", project=project))[0]["gid"]
    new = {
        "tags": ({"name": "late", "workspace": workspace}, {}),
        "sections": ({"name": "Later"}, {"project": project}),
        "tasks": ({"name": "Paint", "projects": [project]}, {}),
        "stories": ({"text": "Yes"}, {"task": task}),
        "portfolios": ({"name": "All", "workspace": workspace}, {}),
        "goals": ({"name": "Win", "workspace": workspace, "is_workspace_level": True}, {}),
        "custom_fields": ({"name": "Size", "workspace": workspace, "resource_subtype": "text"}, {}),
    }
    for resource, (data, query) in new.items():
        made = (await ask(f"work/{resource}", "create", body={"data": data}, **query)).value
        word = "text" if resource == "stories" else "name"
        changed = (await ask(f"work/{resource}", "update", made["gid"], body={"data": {word: "Another"}})).value
        assert changed[word] == "Another", resource
        assert (await ask(f"work/{resource}", "delete", made["gid"])).value == {"id": made["gid"]}
        with pytest.raises(RemoteError) as refusal:
            await ask(f"work/{resource}", "get", made["gid"])
        assert refusal.value.status == 404, resource


async def test_other_methods_of_tasks_do_what_they_say(ask, project):
    task, other = [one["gid"] for one in (await every(ask, "work/tasks", project=project))[:2]]
    workspace = (await every(ask, "work/workspaces"))[0]["gid"]
    tag = (await ask("work/tags", "create", body={"data": {"name": "late", "workspace": workspace}})).value["gid"]
    await ask("work/tasks", "add_tag", task, body={"data": {"tag": tag}})
    assert tag in {one["gid"] for one in await every(ask, "work/task_tags", task=task)}
    await ask("work/tasks", "remove_tag", task, body={"data": {"tag": tag}})
    assert tag not in {one["gid"] for one in await every(ask, "work/task_tags", task=task)}
    await ask("work/tasks", "add_dependencies", task, body={"data": {"dependencies": [other]}})
    assert [one["gid"] for one in await every(ask, "work/dependencies", task=task)] == [other]
    assert [one["gid"] for one in await every(ask, "work/dependents", task=other)] == [task]
    counts = (await ask("work/projects", "task_counts", project, opt_fields="num_tasks")).value
    assert counts == {"num_tasks": 9}
    found = (await ask("work/tasks", "search", workspace, text="typefaces")).value
    assert [one["name"] for one in found] == ["Choose typefaces"]


async def test_blocks_of_a_page_are_listed_to_the_end(ask):
    for page, many in (("page-0", 0), ("page-1", 1), ("page-2", 2), ("page-5000", 4600)):
        assert len(await every(ask, "demo/block-children", block_id=page)) == many
    assert len(await every(ask, "demo/block-children", block_id="block-5000-1")) == 5
    with pytest.raises(RequestError) as refusal:
        await ask("demo/block-children", "list")
    assert refusal.value.status == 400


async def test_contacts_are_listed_changed_and_deleted(ask):
    assert len(await every(ask, "demo/crm/contacts", truto_ignore_remote_data=True)) == 250
    assert len(await every(ask, "demo/contacts", limit=90)) == 250
    assert len(await every(ask, "demo/users")) == 25
    assert len(await every(ask, "demo/pages")) == 5
    changed = await ask("demo/crm/contacts", "update", "c_1", body={"title": "Owner"})
    assert changed.value["title"] == "Owner"
    assert (await ask("demo/contacts", "delete", "c_1")).value == {"id": "c_1"}
    with pytest.raises(RemoteError) as refusal:
        await ask("demo/contacts", "get", "c_1")
    assert refusal.value.status == 404
