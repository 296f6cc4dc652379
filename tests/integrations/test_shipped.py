"""The declarations that come with the package, against the APIs that they declare."""

import pytest

from fanfold.entries import Fetch
from fanfold.errors import RemoteError, RequestError
from fanfold.integrations.demo import DemoApi
from fanfold.integrations.mappings import NOT_HERE
from fanfold.integrations.metadata import complaints_about, describe_method
from fanfold.integrations.models import shipped_models
from fanfold.integrations.reading import DeclarationError
from fanfold.integrations.reading import read_declaration as read_file
from fanfold.work import SqliteStore
from fanfold.work.api import WorkApi
from fanfold.work.kinds import KINDS
from fanfold.work.seed import first_user, seed
from tests.integrations.stage import Jsonata, demo_stage, read_declaration, work_stage


@pytest.fixture
def work():
    store = SqliteStore()
    seed(store, "demo")
    yield work_stage(WorkApi(store, base="http://test"), str(first_user(store)))
    store.close()


@pytest.fixture
def demo():
    return demo_stage(DemoApi())


@pytest.fixture
async def workspace(work):
    return (await work.all("ticketing/workspaces"))[0]["id"]


@pytest.fixture
async def project(work, workspace):
    found = await work.all("ticketing/collections", workspace_id=workspace)
    return next(item["id"] for item in found if item["name"] == "Website relaunch")


def without_remote(record):
    return {name: value for name, value in record.items() if name != "remote_data"}


@pytest.mark.parametrize("name", ["work", "demo"])
def test_mappings_lead_to_what_is_declared(name):
    stage = demo_stage(DemoApi())
    assert complaints_about(stage.mapper, read_declaration(name), Jsonata()) == []


@pytest.mark.parametrize("name", ["work", "demo"])
def test_names_of_methods_say_what_they_do(name):
    verbs = {"list": {"get"}, "get": {"get"}, "create": {"post"}, "update": {"put", "patch"}, "delete": {"delete"}}
    for resource, methods in read_declaration(name).resources.items():
        for method, declared in methods.items():
            assert declared.method in verbs.get(method, {"get", "post"}), f"{resource} {method}"


def test_every_path_of_the_work_declaration_is_one_of_the_work_api():
    served = {(route.method, _shape(route.template)) for kind in KINDS for route in kind.routes}
    aliases = {("GET", "/users/me")}  # an id that stands for whoever asks
    for resource, methods in read_declaration("work").resources.items():
        for method, declared in methods.items():
            asked = (declared.method.upper(), _shape(declared.path))
            assert asked in served | aliases, f"{resource} {method}"


def _shape(path):
    return "/".join("*" if segment.startswith("{") else segment for segment in path.split("/"))


async def test_every_field_that_a_mapping_gives_is_one_of_its_model(work, project):
    ticket = (await work.all("ticketing/tickets", collection_id=project))[0]
    workspace = ticket["workspace"]["id"]
    await work.one("ticketing/comments", "create", body={"ticket_id": ticket["id"], "body": "Yes"})
    asked = {
        "workspaces": {},
        "collections": {"workspace_id": workspace},
        "tickets": {"collection_id": project},
        "comments": {"ticket_id": ticket["id"]},
        "users": {"workspace_id": workspace},
        "tags": {"workspace_id": workspace},
        "teams": {"workspace_id": workspace},
    }
    for name, query in asked.items():
        fields = shipped_models()["ticketing"].resources[name].fields
        record = (await work.all(f"ticketing/{name}", **query))[0]
        assert list(record) == [*fields, "remote_data"], name


# -- tickets ---------------------------------------------------------------------------------------------------------


async def test_collections_lead_to_tickets_and_tickets_to_comments(work, project):
    tickets = await work.all("ticketing/tickets", collection_id=project)
    assert [ticket["name"] for ticket in tickets][:2] == ["Collect pages that nobody reads", "Choose typefaces"]
    comments = [await work.all("ticketing/comments", ticket_id=ticket["id"]) for ticket in tickets]
    assert [[comment["body"] for comment in found] for found in comments if found] == [
        ["Shall we talk about this tomorrow?"],
        ["Shall we talk about this tomorrow?"],
    ]
    spoken = next(found[0] for found in comments if found)
    assert spoken["ticket"]["id"] in {ticket["id"] for ticket in tickets}
    assert spoken["author"] == {"id": spoken["author"]["id"], "name": "Ada Lovelace", "type": "user"}


async def test_stories_that_are_no_comments_are_left_out_and_not_found(work, project):
    ticket = (await work.all("ticketing/tickets", collection_id=project))[0]
    page, _ = await work.proxy("stories", "list", Fetch(ticket["id"]))
    assert page.value
    assert await work.all("ticketing/comments", ticket_id=ticket["id"]) == []
    with pytest.raises(RequestError) as refusal:
        await work.one("ticketing/comments", "get", gid=page.value[0]["gid"])
    assert refusal.value.status == 404


async def test_a_ticket_is_told_in_the_words_of_the_model(work, workspace, project):
    ticket = next(
        ticket
        for ticket in await work.all("ticketing/tickets", collection_id=project)
        if ticket["name"] == "Choose typefaces"
    )
    remote = ticket.pop("remote_data")
    assert remote["gid"] == ticket["id"]
    shown = {**ticket, "url": "", "created_at": "", "updated_at": ""}
    assert shown == {
        "id": ticket["id"],
        "number": None,
        "name": "Choose typefaces",
        "description": "",
        "html_description": "<body></body>",
        "type": "default_task",
        "status": {"id": "open", "name": "open"},
        "priority": {"id": ticket["priority"]["id"], "name": "Low"},
        "assignees": [{"id": remote["assignee"]["gid"], "name": "Alan Turing"}],
        "created_by": {"id": remote["created_by"]["gid"], "name": "Ada Lovelace"},
        "collections": [{"id": project, "name": "Website relaunch"}],
        "workspace": {"id": workspace, "name": "Fanfold Demo"},
        "parent": None,
        "tags": [{"id": tag["gid"], "name": tag["name"]} for tag in remote["tags"]],
        "start_date": None,
        "due_date": "2027-01-05",
        "completed_at": None,
        "url": "",
        "created_at": "",
        "updated_at": "",
    }
    assert len(ticket["tags"]) == 2
    assert await work.one("ticketing/tickets", "get", gid=ticket["id"]) == {**ticket, "remote_data": remote}


async def test_a_list_goes_on_from_page_to_page(work, project):
    whole = await work.all("ticketing/tickets", collection_id=project)
    work.asked.clear()
    assert await work.all("ticketing/tickets", collection_id=project, limit=4) == whole
    assert [query["limit"] for _, _, query, _ in work.asked] == [4, 4, 4]


async def test_tickets_can_be_narrowed_in_each_way(work, workspace, project):
    ticket = (await work.all("ticketing/tickets", collection_id=project))[1]
    everybody = await work.all("ticketing/users", workspace_id=workspace)
    alan = next(user["id"] for user in everybody if user["name"] == "Alan Turing")
    urgent = next(tag["id"] for tag in ticket["tags"] if tag["name"] == "urgent")
    of_alan = await work.all("ticketing/tickets", assignee_id=alan, workspace_id=workspace)
    assert {user["id"] for found in of_alan for user in found["assignees"]} == {alan}
    tagged = await work.all("ticketing/tickets", tag={"id": urgent})
    assert tagged
    assert all(urgent in {tag["id"] for tag in found["tags"]} for found in tagged)
    child = await work.one("ticketing/tickets", "create", body={"name": "A part", "parent": {"id": ticket["id"]}})
    below = await work.all("ticketing/tickets", parent_id=ticket["id"])
    assert [found["id"] for found in below] == [child["id"]]
    assert below[0]["parent"] == {"id": ticket["id"], "name": ticket["name"]}
    await work.one("ticketing/tickets", "update", gid=ticket["id"], body={"status": {"name": "completed"}})
    still_open = await work.all("ticketing/tickets", collection_id=project, status="open")
    assert ticket["id"] not in {found["id"] for found in still_open}


async def test_a_ticket_is_made_changed_and_taken_away(work, workspace, project):
    whole = await work.all("ticketing/tickets", collection_id=project)
    person, tag = whole[0]["assignees"][0], next(found["tags"][0] for found in whole if found["tags"])
    body = {
        "name": "Paint the fence",
        "description": "White",
        "collections": [{"id": project}],
        "assignees": [person],
        "tags": [tag],
        "due_date": "2027-05-01",
        "status": {"name": "open"},
        "remote_data": {"data": {"liked": True}},
    }
    made = await work.one("ticketing/tickets", "create", body=body)
    assert {name: made[name] for name in ("name", "description", "assignees", "tags", "due_date")} == {
        name: body[name] for name in ("name", "description", "assignees", "tags", "due_date")
    }
    assert made["collections"] == [{"id": project, "name": "Website relaunch"}]
    assert work.asked[-1][3]["data"]["liked"] is True
    changed = await work.one(
        "ticketing/tickets", "update", gid=made["id"], body={"status": "completed", "assignees": [], "due_date": None}
    )
    assert (changed["status"]["name"], changed["assignees"], changed["due_date"]) == ("completed", [], None)
    assert changed["name"] == "Paint the fence"
    assert await work.one("ticketing/tickets", "delete", gid=made["id"]) == {"id": made["id"]}
    with pytest.raises(RemoteError) as refusal:
        await work.one("ticketing/tickets", "get", gid=made["id"])
    assert refusal.value.status == 404


async def test_an_update_that_would_change_nothing_is_refused_rather_than_ignored(work, project):
    ticket = (await work.all("ticketing/tickets", collection_id=project))[0]
    with pytest.raises(RequestError, match="use add_project, add_tag, set_parent") as refusal:
        await work.one("ticketing/tickets", "update", gid=ticket["id"], body={"tags": []})
    assert refusal.value.status == 422


async def test_a_list_that_the_api_cannot_give_says_what_it_needs(work):
    with pytest.raises(RemoteError) as refusal:
        await work.all("ticketing/tickets")
    assert refusal.value.status == 400
    assert refusal.value.message.startswith("Say which tickets: exactly one of collection_id")
    assert refusal.value.extra["raw_response"]["errors"][0]["message"].startswith("Must specify exactly one")


@pytest.mark.parametrize(
    ("resource", "method", "body", "missing"),
    [
        ("comments", "list", None, ["ticket_id"]),
        ("attachments", "list", None, ["ticket_id"]),
        ("teams", "list", None, ["workspace_id"]),
        ("tickets", "create", {"description": "?"}, ["name"]),
        ("comments", "create", {"body": "?"}, ["ticket"]),
        ("tags", "create", {}, ["name"]),
    ],
)
async def test_what_has_to_be_there_is_asked_for_before_anything_is_called(work, resource, method, body, missing):
    with pytest.raises(RequestError) as refusal:
        await work.one(f"ticketing/{resource}", method, body=body)
    assert refusal.value.status == 400
    assert refusal.value.message == f"ticketing/{resource} {method} needs {', '.join(missing)}"
    assert [told["value"] for told in refusal.value.extra["truto_error_insight"].values()] == [missing]
    assert work.asked == []


# -- the other resources ---------------------------------------------------------------------------------------------


async def test_a_comment_is_made_changed_and_taken_away(work, project):
    ticket = (await work.all("ticketing/tickets", collection_id=project))[0]
    made = await work.one("ticketing/comments", "create", body={"ticket": {"id": ticket["id"]}, "body": "Agreed"})
    assert (made["body"], made["ticket"], made["is_private"]) == ("Agreed", {"id": ticket["id"]}, False)
    changed = await work.one(
        "ticketing/comments", "update", gid=made["id"], body={"html_body": "<body><em>Very</em></body>"}
    )
    assert (changed["body"], changed["html_body"]) == ("Very", "<body><em>Very</em></body>")
    assert [found["id"] for found in await work.all("ticketing/comments", ticket={"id": ticket["id"]})] == [made["id"]]
    assert await work.one("ticketing/comments", "delete", gid=made["id"]) == {"id": made["id"]}
    assert await work.all("ticketing/comments", ticket_id=ticket["id"]) == []


async def test_a_collection_is_made_changed_and_taken_away(work, workspace):
    team = (await work.all("ticketing/teams", workspace_id=workspace))[0]
    body = {"name": "Garden", "description": "All of it", "workspace": {"id": workspace}, "team": {"id": team["id"]}}
    made = await work.one("ticketing/collections", "create", body=body)
    assert (made["name"], made["description"], made["type"]) == ("Garden", "All of it", "project")
    assert made["team"] == {"id": team["id"], "name": team["name"]}
    put_away = await work.one("ticketing/collections", "update", gid=made["id"], body={"status": "archived"})
    assert put_away["status"] == "archived"
    archived = await work.all("ticketing/collections", workspace_id=workspace, status="archived")
    assert [found["id"] for found in archived] == [made["id"]]
    active = await work.all("ticketing/collections", workspace_id=workspace, status="active")
    assert {found["name"] for found in active} == {"Website relaunch", "Mobile app", "Office move"}
    assert await work.one("ticketing/collections", "get", gid=made["id"]) == put_away
    assert await work.one("ticketing/collections", "delete", gid=made["id"]) == {"id": made["id"]}


async def test_tags_and_teams_and_workspaces_are_made_and_changed(work, workspace):
    tag = await work.one("ticketing/tags", "create", body={"name": "late", "workspace_id": workspace})
    assert tag["workspace"]["id"] == workspace
    changed = await work.one("ticketing/tags", "update", gid=tag["id"], body={"color": "dark-red"})
    assert without_remote(changed) == {**without_remote(tag), "color": "dark-red"}
    assert await work.one("ticketing/tags", "get", gid=tag["id"]) == changed
    assert await work.one("ticketing/tags", "delete", gid=tag["id"]) == {"id": tag["id"]}
    team = await work.one("ticketing/teams", "create", body={"name": "Night shift", "workspace": {"id": workspace}})
    assert (team["name"], team["workspace"]) == ("Night shift", {"id": workspace, "name": "Fanfold Demo"})
    assert (await work.one("ticketing/teams", "update", gid=team["id"], body={"name": "Day shift"}))["name"] == (
        "Day shift"
    )
    assert (await work.one("ticketing/teams", "get", gid=team["id"]))["name"] == "Day shift"
    renamed = await work.one("ticketing/workspaces", "update", gid=workspace, body={"name": "Works"})
    assert renamed["name"] == (await work.one("ticketing/workspaces", "get", gid=workspace))["name"] == "Works"


async def test_users_have_their_addresses_and_workspaces(work, workspace):
    team = next(
        team for team in await work.all("ticketing/teams", workspace_id=workspace) if team["name"] == "Everybody"
    )
    users = await work.all("ticketing/users", team_id=team["id"])
    assert {user["name"] for user in users} == {"Ada Lovelace", "Grace Hopper", "Alan Turing", "Katherine Johnson"}
    grace = next(user for user in users if user["name"] == "Grace Hopper")
    assert grace["emails"] == [{"email": "grace@example.com", "type": "work"}]
    assert grace["workspaces"] == [{"id": workspace, "name": "Fanfold Demo"}]
    assert await work.one("ticketing/users", "get", gid=grace["id"]) == grace


async def test_attachments_of_a_ticket_are_listed_and_taken_away(work, project):
    ticket = (await work.all("ticketing/tickets", collection_id=project))[0]
    link = {"resource_subtype": "external", "parent": ticket["id"], "name": "Plan", "url": "https://example.com/plan"}
    page, _ = await work.proxy("attachments", "create", Fetch(body={"data": link}))
    shown = await work.all("ticketing/attachments", ticket_id=ticket["id"])
    assert [without_remote(found) for found in shown] == [
        {
            "id": page.value["gid"],
            "file_name": "Plan",
            "file_url": "https://example.com/plan",
            "size": None,
            "ticket": {"id": ticket["id"]},
            "created_at": shown[0]["created_at"],
        }
    ]
    assert await work.one("ticketing/attachments", "get", gid=page.value["gid"]) == shown[0]
    assert await work.one("ticketing/attachments", "delete", gid=page.value["gid"]) == {"id": page.value["gid"]}


# -- the demo --------------------------------------------------------------------------------------------------------


async def test_contacts_are_listed_through_all_pages(demo):
    contacts = await demo.all("crm/contacts")
    assert len(contacts) == 250
    assert len(demo.asked) == 3
    fields = shipped_models()["crm"].resources["contacts"].fields
    assert all(list(contact) == [*fields, "remote_data"] for contact in contacts)
    first = without_remote(contacts[0])
    assert {name: first[name] for name in ("id", "name", "company", "owner", "email_addresses")} == {
        "id": "c_1",
        "name": "Farah Haddad",
        "company": {"id": "co_4"},
        "owner": {"id": "u_2"},
        "email_addresses": [{"email_address": "farah.haddad1@ember-foods.example", "type": "work"}],
    }


async def test_contacts_of_a_company_and_the_company_itself(demo):
    found = await demo.all("crm/contacts", company_id="co_4", truto_ignore_remote_data=True)
    assert found
    assert {contact["company"]["id"] for contact in found} == {"co_4"}
    assert "remote_data" not in found[0]
    company = await demo.one("crm/companies", "get", gid="co_4")
    assert list(company) == [*shipped_models()["crm"].resources["companies"].fields, "remote_data"]
    assert (company["name"], company["number_of_employees"]) == ("Ember Foods", 153)
    assert company["addresses"] == [{"city": "Lima", "country": "PE", "type": "office"}]
    assert await demo.all("crm/companies", domain="ember-foods.example") == [company]
    assert len(await demo.all("crm/companies")) == 40


async def test_a_contact_is_made_changed_and_taken_away(demo):
    body = {
        "first_name": "Noor",
        "company": {"id": "co_1"},
        "email_addresses": [{"email_address": "noor@example.com"}],
        "phone_numbers": [{"number": "+1"}],
    }
    made = await demo.one("crm/contacts", "create", body=body)
    assert (made["id"], made["name"], made["phone_numbers"]) == ("c_251", "Noor", [{"number": "+1", "type": "work"}])
    changed = await demo.one("crm/contacts", "update", gid="c_251", body={"last_name": "Aziz"})
    assert changed["name"] == "Noor Aziz"
    assert changed == await demo.one("crm/contacts", "get", gid="c_251")
    assert await demo.one("crm/contacts", "delete", gid="c_251") == {"id": "c_251"}
    with pytest.raises(RemoteError, match="There is no contact 'c_251'"):
        await demo.one("crm/contacts", "get", gid="c_251")


async def test_a_refusal_is_told_in_the_apis_words(demo):
    with pytest.raises(RemoteError, match=r"body\.email should be defined") as refusal:
        await demo.one("crm/contacts", "create", body={"first_name": "Noor"})
    assert refusal.value.status == 400
    assert refusal.value.extra["truto_error_insight"]["remote_error"]["value"] == "refused"


def test_every_mapped_method_can_be_described(work, demo):
    for stage in (work, demo):
        described = 0
        for name, methods in stage.mapper.resources(stage.declaration).items():
            model, _, resource = name.partition("/")
            for method in methods:
                told = describe_method(stage.mapper, stage.declaration, (model, resource, method))
                assert told["method"] == method
                assert told["schema"]["properties"]["id"]
                assert bool(told["request_body_schema"]) == (method in ("create", "update"))
                described += 1
        assert described == {"work": 32, "demo": 7}[stage.declaration.name]


def test_a_file_whose_mappings_lead_nowhere_is_refused_with_the_lines():
    text = """name: acme
base_url: https://acme.test
resources: {people: {list: {path: /people}}}
unified:
  crm:
    contacts:
      "*": {resource: people}
      list: {}
      create: {}
      search:
        resource: persons
      find:
        side_load: {}
"""
    with pytest.raises(DeclarationError) as refusal:
        read_file(text.encode(), "acme.yaml", Jsonata())
    assert sorted(refusal.value.complaints) == [
        "acme.yaml:11: unified.crm.contacts.search.resource: the integration has no resource 'persons'",
        f"acme.yaml:13: unified.crm.contacts.find.side_load: {NOT_HERE['side_load']}",
        "acme.yaml:9: unified.crm.contacts.create.method: people has no method 'create'; it has list",
    ]
