"""Webhooks: the handshake, what may be asked for, who sees them."""

import asyncio

import msgspec
import pytest

from fanfold.errors import ForbiddenTarget, RequestError, Unreachable
from fanfold.model import Call, Caller
from fanfold.work.posting import Reply

TARGET = "https://receiver.test/hook?app=1"


class Receiver:
    """A target that answers as it is told, and remembers what it was sent."""

    def __init__(self):
        self.got = []
        self.answer = self.confirm

    def confirm(self, headers):
        return Reply(200, {"x-hook-secret": headers.get("X-Hook-Secret", "")})

    async def __call__(self, url, headers, body, within):
        assert within == 10
        self.got.append((url, dict(headers), body))
        await asyncio.sleep(0)
        return self.answer(headers)


@pytest.fixture
def receiver(world):
    world.api.post = Receiver()
    return world.api.post


@pytest.fixture
def post(world):
    """Sends a call that may wait: status and the whole body."""

    def post(method, path, data, user=None, **query):
        endpoint, params = world.api.resolve(method, path)
        call = Call(
            method, path, tuple(query.items()), {"data": data}, (), Caller("t", user or world.ada), endpoint, params
        )
        try:
            answer = asyncio.run(world.api.send(call))
        except RequestError as error:
            return error.status, error.message
        return answer.status, msgspec.json.decode(answer.body)

    return post


@pytest.fixture
def hook(post, receiver):
    """Establishes a webhook and gives the whole answer."""

    def hook(resource, user=None, **data):
        status, body = post("POST", "/webhooks", {"resource": resource, "target": TARGET, **data}, user)
        assert status == 201, body
        return body

    return hook


def test_the_target_is_asked_and_has_to_send_the_secret_back(world, receiver, hook, project):
    body = hook(project)
    ((url, headers, sent),) = receiver.got
    assert (url, sent) == (TARGET, b"{}")
    assert body["X-Hook-Secret"] == headers["X-Hook-Secret"]
    assert len(body["X-Hook-Secret"]) == 64
    gid = body["data"]["gid"]
    assert body["data"] == {
        "gid": gid,
        "resource_type": "webhook",
        "active": False,
        "resource": {"gid": project, "resource_type": "project", "name": "Launch"},
        "target": TARGET,
        "created_at": "2026-01-05T09:30:00.000Z",
        "delivery_retry_count": 0,
        "filters": [],
    }
    status, shown = world.call("GET", f"/webhooks/{gid}")
    assert (status, shown) == (200, {**body["data"], "active": True})


def test_secrets_are_different_and_never_shown_again(world, hook, project, space):
    first, second = hook(project), hook(project)
    assert first["X-Hook-Secret"] != second["X-Hook-Secret"]
    for path in (f"/webhooks/{first['data']['gid']}", f"/webhooks?workspace={space}&opt_fields=secret,X-Hook-Secret"):
        assert first["X-Hook-Secret"] not in str(world.ask("GET", path))


@pytest.mark.parametrize(
    "answer",
    [
        lambda headers: Reply(200, {}),
        lambda headers: Reply(200, {"x-hook-secret": "é"}),
        lambda headers: Reply(500, {"x-hook-secret": headers["X-Hook-Secret"]}),
        lambda headers: Reply(302, {"x-hook-secret": headers["X-Hook-Secret"], "location": "https://elsewhere.test"}),
        lambda headers: Reply(201, {"x-hook-secret": headers["X-Hook-Secret"]}),
    ],
)
def test_a_target_that_does_not_confirm_gets_no_webhook(world, receiver, post, project, space, answer):
    receiver.answer = answer
    data = {"resource": project, "target": TARGET}
    assert post("POST", "/webhooks", data) == (400, "The webhook target did not confirm the handshake")
    assert world.call("GET", "/webhooks", workspace=space) == (200, [])


def test_204_confirms_too(receiver, hook, project):
    receiver.answer = lambda headers: Reply(204, {"x-hook-secret": headers["X-Hook-Secret"]})
    assert hook(project)["data"]["target"] == TARGET


def raising(error):
    def answer(headers):
        raise error

    return answer


def test_a_target_that_is_not_there_or_not_to_be_called_is_refused(receiver, post, project):
    data = {"resource": project, "target": TARGET}
    receiver.answer = raising(Unreachable("No answer"))
    assert post("POST", "/webhooks", data) == (400, "The webhook target did not confirm the handshake")
    receiver.answer = raising(ForbiddenTarget("Not a host that may be called: x"))
    assert post("POST", "/webhooks", data) == (403, "target: Not a host that may be called: x")


def test_a_resource_that_goes_while_the_target_is_asked_is_gone(world, receiver, post, space):
    project = world.made("/projects", {"name": "Short", "workspace": space})

    def answer(headers):
        world.call("DELETE", f"/projects/{project}")
        return receiver.confirm(headers)

    receiver.answer = answer
    assert post("POST", "/webhooks", {"resource": project, "target": TARGET}) == (
        400,
        f"resource: Unknown object: {project}",
    )


def test_without_anybody_to_speak_to_targets_there_are_no_webhooks(post, project):
    data = {"resource": project, "target": TARGET}
    assert post("POST", "/webhooks", data) == (403, "target: This server delivers no webhooks")


@pytest.mark.parametrize(
    "target",
    ["", "x", "ftp://a.test/", "http://", "https:///x", "http://a b/", "http://a:99999/", "http://é.test/", "http://[x/",
     "http://a/\n", "//a.test/", "http://a:0/"],
)  # fmt: skip
def test_a_target_is_an_url(receiver, post, project, target):
    status, message = post("POST", "/webhooks", {"resource": project, "target": target})
    assert (status, message.partition(":")[0]) == (400, "target")
    assert receiver.got == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"target": TARGET}, "resource: Missing input"),
        ({"resource": "1"}, "target: Missing input"),
        ({"resource": "1", "target": TARGET}, "resource: Unknown object: 1"),
        ({"resource": "x", "target": TARGET}, "resource: Not a recognized ID: x"),
        ({"resource": None, "target": TARGET}, "resource: Missing input"),
        ({"resource": "PROJECT", "target": 5}, "target: Value is not a string: 5"),
        (
            {"resource": "PROJECT", "target": "http://a.test/" + "x" * 2048},
            "target: Must be at most 2048 characters long",
        ),
        ({"resource": "TAG", "target": TARGET}, "resource: Not a valid GID type: tag"),
    ],
)
def test_what_is_wrong_is_said_before_anybody_is_called(world, receiver, post, project, space, data, message):
    tag = world.made("/tags", {"name": "t", "workspace": space})
    data = {name: {"PROJECT": project, "TAG": tag}.get(value, value) for name, value in data.items()}
    assert post("POST", "/webhooks", data) == (400, message)
    assert receiver.got == []


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({}, "filters: Value is not an array: {}"),
        (["x"], "filters: [0]: Value is not a JSON object: x"),
        ([{}], "filters: [0]: Must name at least one of resource_type, resource_subtype, action and fields"),
        ([{"resource_type": 5}], "filters: [0]: resource_type: Value is not a string of at most 100 characters: 5"),
        ([{"resource_type": "car"}], "filters: [0]: resource_type: Not a type of resource: car"),
        (
            [{"resource_type": "task"}, {"action": "eaten"}],
            "filters: [1]: action: Must be one of changed, added, removed, deleted, undeleted, not: eaten",
        ),
        (
            [{"action": "changed", "fields": "due_on"}],
            "filters: [0]: fields: Value is not an array of at most 100 members: due_on",
        ),
        ([{"action": "added", "fields": ["name"]}], "filters: [0]: fields: Only together with the action changed"),
        ([{"resource_type": "task"}] * 101, "filters: Must have at most 100 members"),
    ],
)
def test_filters_that_make_no_sense_are_refused(world, post, hook, project, filters, message):
    data = {"resource": project, "target": TARGET, "filters": filters}
    assert post("POST", "/webhooks", data) == (400, message)
    gid = hook(project)["data"]["gid"]
    assert world.call("PUT", f"/webhooks/{gid}", {"filters": filters}) == (400, message)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ([], "filters: Required for a webhook on a workspace"),
        (
            [{"resource_type": "project", "action": "changed", "fields": ["name"]}],
            "filters: [0]: fields: Not supported for a webhook on a workspace",
        ),
        (
            [{"resource_type": "story"}],
            "filters: [0]: resource_type: A webhook on a workspace is not told of this type: story",
        ),
    ],
)
def test_what_holds_much_needs_filters_of_its_own(world, post, hook, space, filters, message):
    data = {"resource": space, "target": TARGET, "filters": filters}
    assert post("POST", "/webhooks", data) == (400, message)
    gid = hook(space, filters=[{"resource_type": "project", "action": "added"}])["data"]["gid"]
    assert world.call("PUT", f"/webhooks/{gid}", {"filters": filters}) == (400, message)


def test_filters_are_replaced_as_a_whole_and_nothing_else_changes(world, hook, project):
    gid = hook(project, filters=[{"resource_type": "task"}, {"action": "added"}])["data"]["gid"]
    status, shown = world.call("PUT", f"/webhooks/{gid}", {"filters": [{"action": "deleted"}], "active": False})
    assert (status, shown["filters"], shown["active"]) == (200, [{"action": "deleted"}], True)
    assert world.call("PUT", f"/webhooks/{gid}", {"target": "https://x.test/"})[0] == 400


def test_each_sees_only_what_they_made_themselves(world, call, hook, project, space, bob, eve):
    mine, his = hook(project)["data"]["gid"], hook(project, bob)["data"]["gid"]
    for user, own, foreign in ((None, mine, his), (bob, his, mine)):
        for path in (f"/webhooks?workspace={space}", f"/webhooks?workspace={space}&resource={project}"):
            assert [shown["gid"] for shown in call("GET", path, user=user)[1]] == [own]
        for method in ("GET", "PUT", "DELETE"):
            assert call(method, f"/webhooks/{foreign}", {}, user) == (404, f"webhook: Unknown object: {foreign}")
    assert call("GET", "/webhooks", user=eve, workspace=space) == (400, f"workspace: Unknown object: {space}")


def test_a_list_is_of_one_workspace_and_comes_in_pages(world, call, hook, project, org):
    made = [hook(project)["data"]["gid"] for _ in range(3)]
    there = hook(org, filters=[{"resource_type": "project"}])["data"]["gid"]
    space = call("GET", f"/projects/{project}")[1]["workspace"]["gid"]
    assert [shown["gid"] for shown in world.pages("/webhooks", workspace=space, limit=2)] == made
    assert [shown["gid"] for shown in call("GET", "/webhooks", workspace=org)[1]] == [there]
    assert call("GET", "/webhooks", workspace=org, resource=project) == (200, [])
    assert call("GET", "/webhooks") == (400, "workspace: Missing input")


def test_a_deleted_webhook_is_gone(world, call, hook, project):
    gid = hook(project)["data"]["gid"]
    assert call("DELETE", f"/webhooks/{gid}") == (200, {})
    assert call("GET", f"/webhooks/{gid}")[0] == 404
    assert world.store.delivery(int(gid)) is None


def test_there_are_only_so_many(world, hook, post, project, monkeypatch):
    monkeypatch.setattr("fanfold.work.kinds.webhooks.MAX_OF_RESOURCE", 1)
    hook(project)
    data = {"resource": project, "target": TARGET}
    assert post("POST", "/webhooks", data) == (403, "resource: There can be at most 1 webhooks on a resource")
    monkeypatch.setattr("fanfold.work.kinds.webhooks.MAX_OF_RESOURCE", 9)
    monkeypatch.setattr("fanfold.work.kinds.webhooks.MAX_OF_USER", 1)
    assert post("POST", "/webhooks", data) == (403, "A user can have at most 1 webhooks")


def test_others_are_not_told_of_webhooks(world, call, hook, project, space):
    sync = world.ask("GET", f"/workspaces/{space}/events")[1]["sync"]
    call("DELETE", f"/webhooks/{hook(project)['data']['gid']}")
    assert call("GET", f"/workspaces/{space}/events", sync=sync) == (200, [])
