"""SCIM: a directory keeps the users and teams of a workspace, as the standard's own checker would have it."""

import asyncio
import sys
from urllib.parse import quote

import pytest

from fanfold.server.tokens import issue
from fanfold.work.people import service_account
from tests.server.conftest import ADA, GRACE, NOON, ask

SERVICE = "token-of-the-directory"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Directory:
    def __init__(self, app):
        self.app = app
        self.org = app.store.of_kind("workspace")[0]
        app.store.begin_action()
        account = service_account(app.api.view(0), self.org, "Directory")
        app.store.end_action()
        issue(app.store, account, "directory", NOON, SERVICE)

    async def ask(self, method, path, body=None, *, token=SERVICE):
        sent = {"content-type": "application/scim+json"}
        return await ask(self.app, method, f"/api/1.0/scim{path}", body, token=token, headers=sent)

    async def user(self, email="lin@example.com", **more):
        reply = await self.ask("POST", "/Users", {"schemas": [USER], "userName": email, **more})
        assert reply.status == 201, reply.body
        return reply.json

    async def group(self, name="Crew", *members):
        listed = [{"value": member} for member in members]
        reply = await self.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": name, "members": listed})
        assert reply.status == 201, reply.body
        return reply.json

    async def patch(self, path, *operations):
        return await self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    async def api(self, path, token=ADA):
        return (await ask(self.app, "GET", f"/api/1.0{path}", token=token)).json


@pytest.fixture
def directory(make_app):
    return Directory(make_app())


# -- the standard's own checker --------------------------------------------------------------------------------------


OURS = {
    "405": "what is no route here is 404, whatever the method, as everywhere else",
    "answered 404 without a SCIM error": "and in the service's own words",
    "did not remove attribute 'active'": "whether somebody is a member always has an answer",
    "unexpected value for 'members'": "a member's display name is the user's name, whatever is sent",
}
"""Words of the checker's objections that are our choice."""


def test_the_standards_checker_finds_no_fault(directory, monkeypatch):
    tester = pytest.importorskip("scim2_tester")
    from scim2_client.engines.wsgi import WSGISCIMClient  # noqa: PLC0415

    def wsgi(environ, start_response):
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size) if size else None
        target = quote(environ["PATH_INFO"]) + (f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else "")
        headers = {"content-type": environ.get("CONTENT_TYPE") or "application/scim+json"}
        reply = asyncio.run(ask(directory.app, environ["REQUEST_METHOD"], target, body, token=SERVICE, headers=headers))
        start_response(f"{reply.status} Whatever", list(reply.headers.items()))
        return [reply.body]

    plain = sys.modules["scim2_tester.filling"].generate_random_value

    def random_value(context, path, **more):
        value = plain(context, path, **more)
        return f"{value}@example.com" if value and str(path).lower().endswith("username") else value

    for module in [module for name, module in sys.modules.items() if name.startswith("scim2_tester")]:
        if hasattr(module, "generate_random_value"):
            monkeypatch.setattr(module, "generate_random_value", random_value)
    results = tester.check_server(WSGISCIMClient(wsgi, base_url="http://test/api/1.0/scim"))
    bad = [(r.title, r.resource_type, r.reason) for r in results if r.status.name in ("ERROR", "CRITICAL")]
    assert [fault for fault in bad if not any(words in fault[2] for words in OURS)] == []
    passed = {(r.title, r.resource_type) for r in results if r.status.name == "SUCCESS"}
    for title in ("object_creation", "object_query", "object_replacement", "object_deletion"):
        assert passed >= {(title, "User"), (title, "Group")}, title


# -- people ----------------------------------------------------------------------------------------------------------


async def test_a_user_of_the_directory_is_a_user_of_the_workspace(directory):
    made = await directory.user(
        name={"givenName": "Lin", "familyName": "Yu"}, title="Pilot", externalId="x-1", active=True
    )
    assert made["active"] is True
    assert made["meta"]["location"] == f"http://test/api/1.0/scim/Users/{made['id']}"
    shown = (await directory.api(f"/users/{made['id']}"))["data"]
    assert (shown["name"], shown["email"]) == ("Lin Yu", "lin@example.com")
    again = (await directory.ask("GET", f"/Users/{made['id']}")).json
    assert (again["title"], again["externalId"], again["name"]["familyName"]) == ("Pilot", "x-1", "Yu")


async def test_who_is_there_already_is_known_to_the_directory(directory):
    found = (await directory.ask("GET", "/Users?filter=" + quote('userName eq "grace@example.com"'))).json
    assert [user["displayName"] for user in found["Resources"]] == ["Grace Hopper"]
    assert found["totalResults"] == 1
    me = found["Resources"][0]["id"]
    assert (await directory.ask("GET", f"/Users/{me}")).json["userName"] == "grace@example.com"


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ('userName eq "GRACE@example.com"', 1),
        ('userName eq "nobody@example.com"', 0),
        ('userName sw "a"', 2),
        ('emails.value eq "ada@example.com"', 1),
        ('displayName co "Hopper" and active eq true', 1),
        ("active eq false", 0),
        ('id eq "1"', 0),
    ],
)
async def test_people_are_found(directory, condition, count):
    found = await directory.ask("GET", f"/Users?filter={quote(condition)}")
    assert (found.status, found.json["totalResults"]) == (200, count)


async def test_a_search_can_be_posted(directory):
    wish = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": 'userName sw "a"', "count": 1}
    found = await directory.ask("POST", "/Users/.search", wish | {"sortBy": "userName"})
    assert found.json["totalResults"] == 2
    assert [user["userName"] for user in found.json["Resources"]] == ["ada@example.com"]
    assert (await directory.ask("POST", "/.search", wish)).status == 501


async def test_people_come_in_pages(directory):
    every = (await directory.ask("GET", "/Users")).json
    seen = []
    for start in range(1, every["totalResults"] + 1, 3):
        page = (await directory.ask("GET", f"/Users?startIndex={start}&count=3")).json
        assert page["totalResults"] == every["totalResults"]
        seen += page["Resources"]
    assert seen == every["Resources"]
    none = (await directory.ask("GET", "/Users?count=0")).json
    assert (none["totalResults"], none.get("Resources", [])) == (every["totalResults"], [])


async def test_only_what_is_wanted_is_shown(directory):
    made = await directory.user(title="Pilot")
    little = (await directory.ask("GET", f"/Users/{made['id']}?attributes=userName")).json
    assert set(little) == {"schemas", "id", "userName"}
    less = (await directory.ask("GET", f"/Users/{made['id']}?excludedAttributes=title")).json
    assert "title" not in less


async def test_deactivating_ends_the_membership_and_activating_begins_it_anew(directory):
    found = (await directory.ask("GET", "/Users?filter=" + quote('userName eq "grace@example.com"'))).json
    grace = found["Resources"][0]["id"]
    path = f"/Users/{grace}"
    before = await directory.api("/projects", GRACE)
    assert before["data"]
    off = await directory.patch(path, {"op": "replace", "path": "active", "value": False})
    assert (off.status, off.json["active"]) == (200, False)
    assert (await directory.api("/projects", GRACE))["data"] == []
    assert (await directory.ask("GET", path)).json["active"] is False
    on = await directory.patch(path, {"op": "Replace", "value": {"active": True}})
    assert on.json["active"] is True
    assert (await directory.api("/workspaces", GRACE))["data"]


async def test_replacing_a_user_leaves_nothing_of_the_old(directory):
    made = await directory.user(title="Pilot")
    new = {"schemas": [USER], "userName": "lin.yu@example.com", "displayName": "Lin"}
    reply = await directory.ask("PUT", f"/Users/{made['id']}", new)
    assert (reply.status, reply.json["userName"]) == (200, "lin.yu@example.com")
    assert "title" not in reply.json
    assert (await directory.api(f"/users/{made['id']}"))["data"]["email"] == "lin.yu@example.com"


async def test_who_is_deleted_is_gone_for_the_directory_and_comes_back_when_made_again(directory):
    made = await directory.user()
    reply = await directory.ask("DELETE", f"/Users/{made['id']}")
    assert (reply.status, reply.body) == (204, b"")
    assert (await directory.ask("GET", f"/Users/{made['id']}")).status == 404
    assert (await directory.user())["id"] == made["id"]


async def test_a_password_is_kept_nowhere(directory, tmp_path):
    made = await directory.user(password="correct horse battery staple")
    assert "password" not in made
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"correct horse" not in kept


async def test_a_directory_does_not_rename_people_of_other_workspaces(directory):
    app = directory.app
    from fanfold.work.change import new  # noqa: PLC0415
    from fanfold.work.kinds.workspace_memberships import join_workspace  # noqa: PLC0415
    from fanfold.work.validate import Given  # noqa: PLC0415

    made = await directory.user(displayName="Lin Yu")
    app.store.begin_action()
    view = app.api.view(0)
    other = new(view, app.api.kinds["workspace"], Given({"name": "Elsewhere"}, {}, {}))
    other.workspace = other.gid
    other.write()
    join_workspace(view, other.gid, int(made["id"]))
    app.store.end_action()
    app.store.commit()
    path = f"/Users/{made['id']}"
    moved = await directory.patch(path, {"op": "replace", "path": "userName", "value": "evil@example.com"})
    assert (moved.status, moved.json["scimType"]) == (400, "mutability")
    await directory.patch(path, {"op": "replace", "path": "displayName", "value": "Somebody Else"})
    assert (await directory.api(f"/users/{made['id']}"))["data"]["name"] == "Lin Yu"


# -- groups ----------------------------------------------------------------------------------------------------------


async def test_a_group_is_a_team(directory):
    user = await directory.user()
    made = await directory.group("Crew", user["id"])
    assert [member["value"] for member in made["members"]] == [user["id"]]
    team = (await directory.api(f"/teams/{made['id']}"))["data"]
    assert team["name"] == "Crew"
    groups = (await directory.ask("GET", f"/Users/{user['id']}")).json["groups"]
    assert [group["display"] for group in groups] == ["Crew"]


async def test_members_come_and_go(directory):
    one, two = await directory.user("one@example.com"), await directory.user("two@example.com")
    path = f"/Groups/{(await directory.group('Crew', one['id']))['id']}"
    more = await directory.patch(path, {"op": "add", "path": "members", "value": [{"value": two["id"]}]})
    assert {member["value"] for member in more.json["members"]} == {one["id"], two["id"]}
    fewer = await directory.patch(path, {"op": "remove", "path": f'members[value eq "{one["id"]}"]'})
    assert [member["value"] for member in fewer.json["members"]] == [two["id"]]
    renamed = await directory.patch(path, {"op": "replace", "path": "displayName", "value": "Team"})
    assert renamed.json["displayName"] == "Team"


@pytest.mark.parametrize("member", ["1", "999999999", "x", ""])
async def test_only_people_of_the_workspace_can_be_members(directory, member):
    body = {"schemas": [GROUP], "displayName": "Crew", "members": [{"value": member}]}
    before = (await directory.ask("GET", "/Groups")).json["totalResults"]
    assert (await directory.ask("POST", "/Groups", body)).status == 400
    assert (await directory.ask("GET", "/Groups")).json["totalResults"] == before


async def test_a_group_without_projects_can_be_dissolved(directory):
    made = await directory.group("Crew", (await directory.user())["id"])
    assert (await directory.ask("DELETE", f"/Groups/{made['id']}")).status == 204
    assert (await directory.ask("GET", f"/Groups/{made['id']}")).status == 404
    team = (await directory.api("/projects?opt_fields=team"))["data"][0]["team"]["gid"]
    refused = await directory.ask("DELETE", f"/Groups/{team}")
    assert (refused.status, refused.json["scimType"]) == (400, "mutability")


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/Users", "/Groups", "/ServiceProviderConfig", "/Schemas"])
async def test_scim_is_for_service_accounts(directory, path):
    reply = await directory.ask("GET", path, token=ADA)
    assert reply.status == 403
    assert reply.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert reply.headers["content-type"] == "application/scim+json"
    assert (await directory.ask("GET", path, token=None)).status == 401


async def test_scim_is_refused_in_a_batch(directory):
    actions = [{"method": method, "relative_path": "/scim/Users"} for method in ("get", "post")]
    reply = await ask(directory.app, "POST", "/api/1.0/batch", {"data": {"actions": actions}}, token=SERVICE)
    assert [result["status_code"] for result in reply.json["data"]] == [400, 400]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"schemas": [USER]},
        {"schemas": [GROUP], "userName": "a@example.com"},
        {"schemas": [USER], "userName": "no address"},
        {"schemas": [USER], "userName": 5},
        {"schemas": [USER], "userName": "a@example.com", "emails": "x"},
        {"schemas": [USER], "userName": "a@example.com", "active": "perhaps"},
        {"schemas": [USER], "userName": "a@example.com", "name": {"formatted": ["x"]}},
    ],
)
async def test_what_is_no_user_is_refused(directory, body):
    reply = await directory.ask("POST", "/Users", body)
    assert reply.status == 400
    assert reply.json["status"] == "400"


@pytest.mark.parametrize("email", ["grace@example.com", "GRACE@EXAMPLE.COM"])
async def test_an_address_belongs_to_one_user(directory, email):
    reply = await directory.ask("POST", "/Users", {"schemas": [USER], "userName": email})
    assert (reply.status, reply.json["scimType"]) == (409, "uniqueness")
    other = await directory.user()
    taken = await directory.patch(f"/Users/{other['id']}", {"op": "replace", "path": "userName", "value": email})
    assert taken.status == 409


@pytest.mark.parametrize("name", ["1", "999999999999999999999", "x", "%00", "me", "ada@example.com"])
@pytest.mark.parametrize("shelf", ["Users", "Groups"])
async def test_what_is_not_there_is_not_found(directory, name, shelf):
    for method, body in (("GET", None), ("DELETE", None), ("PUT", {}), ("PATCH", {})):
        assert (await directory.ask(method, f"/{shelf}/{name}", body)).status == 404


@pytest.mark.parametrize(
    "query",
    [
        "filter=userName",
        "filter=userName%20eq",
        "filter=nothing%20eq%20%22x%22",
        "filter=((((",
        "count=x",
        "startIndex=x",
        "sortBy=nothing.at.all",
    ],
)
async def test_a_search_that_cannot_be_understood_is_refused(directory, query):
    assert (await directory.ask("GET", f"/Users?{query}")).status == 400


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "explode"},
        {"op": "replace", "path": "id", "value": "1"},
        {"op": "replace", "path": "groups", "value": []},
        {"op": "remove"},
        {"op": "remove", "path": "userName"},
        {"op": "add", "path": "active"},
        {"op": "replace", "path": "emails[", "value": 1},
        {"op": "replace", "path": "active", "value": {"x": 1}},
        "x",
    ],
)
async def test_a_patch_that_cannot_be_is_refused_and_changes_nothing(directory, operation):
    made = await directory.user()
    good = {"op": "replace", "path": "title", "value": "Pilot"}
    reply = await directory.patch(f"/Users/{made['id']}", good, operation)
    assert reply.status == 400
    assert "title" not in (await directory.ask("GET", f"/Users/{made['id']}")).json
