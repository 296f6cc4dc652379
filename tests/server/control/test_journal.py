"""The journal shows what was sent and answered, without secrets, and only while it is wanted."""

import json

from fanfold.server.control.journal import MAX_BODY, without_secrets
from tests.server.conftest import ADA, ask
from tests.server.control.conftest import refused

NEW = {"data": {"name": "Tea", "workspace": "1005"}}


async def test_a_request_is_kept_with_all_that_was_sent_and_answered(app, control):
    reply = await ask(app, "POST", "/api/1.0/tasks?opt_fields=name", NEW)
    (entry,) = await control("GET", "requests")
    assert (entry["method"], entry["path"], entry["query"]) == ("POST", "/api/1.0/tasks", {"opt_fields": "name"})
    assert (entry["status"], entry["user"], entry["sent"]) == (201, "1001", NEW)
    assert entry["answered"] == reply.json
    assert entry["request"] == reply.headers["fanfold-request-id"]
    assert entry["time"] == "2026-11-22T12:00:00.000Z"
    assert entry["ms"] >= 0


async def test_a_batch_is_kept_with_its_actions(app, control):
    actions = [{"method": "get", "relative_path": "/users/me"}, {"method": "get", "relative_path": "/nope"}]
    await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": actions}})
    (entry,) = await control("GET", "requests")
    assert [(a["method"], a["path"], a["status"]) for a in entry["actions"]] == [
        ("GET", "/users/me", 200),
        ("GET", "/nope", 404),
    ]


async def test_refused_requests_are_kept_too(app, control):
    await ask(app, "GET", "/api/1.0/users/me", token="wrong")
    await ask(app, "POST", "/api/1.0/tasks", b"{")
    entries = await control("GET", "requests")
    assert [(entry["status"], entry["user"]) for entry in entries] == [(401, ""), (400, "1001")]
    assert entries[1]["sent"] == "[1 bytes]"


async def test_no_token_and_no_other_secret_is_ever_shown(app, control):
    body = {"data": {"name": "x", "workspace": "1005", "token": "s1", "deep": [{"client_secret": "s2"}]}}
    await ask(app, "POST", "/api/1.0/tasks?access_token=s3", body)
    await ask(app, "GET", "/api/1.0/users/me?next=/f?signature=s4")
    shown = json.dumps(await control("GET", "requests"))
    assert ADA not in shown
    assert [secret for secret in ('"s1"', '"s2"', '"s3"', "s4") if secret in shown] == []
    assert shown.count("[removed]") >= 4


async def test_requests_are_found_by_what_they_are(app, control):
    await ask(app, "GET", "/api/1.0/users/me")
    await ask(app, "POST", "/api/1.0/tasks", NEW)
    await ask(app, "GET", "/api/1.0/tasks/999")

    async def found(query):
        return [entry["number"] for entry in await control("GET", f"requests?{query}")]

    assert await found("method=get") == [1, 3]
    assert await found("path=/tasks") == [2, 3]
    assert await found("status=404") == [3]
    assert await found("after=2") == [3]
    assert await found("user=1001&method=POST") == [2]
    assert await found("caller=nobody") == []


async def test_only_the_last_ones_are_kept_and_none_when_it_is_off(app, control):
    await control("PUT", "requests", {"keep": 2})
    for _ in range(3):
        await ask(app, "GET", "/api/1.0/users/me")
    assert [entry["number"] for entry in await control("GET", "requests")] == [2, 3]
    await control("DELETE", "requests")
    assert await control("GET", "requests") == []
    await ask(app, "GET", "/api/1.0/users/me")
    assert [entry["number"] for entry in await control("GET", "requests")] == [4]
    await control("PUT", "requests", {"keep": 0})
    assert app.journal is None
    await ask(app, "GET", "/api/1.0/users/me")
    assert await control("GET", "requests") == []


async def test_it_is_off_unless_it_is_wanted(make_app):
    app = make_app(admin=True)
    await ask(app, "GET", "/api/1.0/users/me")
    assert app.journal is None
    assert (await refused(app, "GET", "requests")).json["data"] == []


async def test_the_pages_beside_the_api_are_not_in_it(app, control):
    await ask(app, "GET", "/healthz")
    await control("GET", "clock")
    assert await control("GET", "requests") == []


async def test_of_a_long_body_only_the_length_is_kept(app, control):
    body = {"data": {"name": "x", "workspace": "1005", "notes": "n" * MAX_BODY}}
    await ask(app, "POST", "/api/1.0/tasks?opt_fields=name", body)
    (entry,) = await control("GET", "requests")
    assert entry["status"] == 400
    assert entry["sent"].endswith(" bytes]")


def test_what_is_no_secret_stays_as_it_is():
    value = {"name": "token of love", "count": 3, "tokens_left": 3, "next_page": None, "list": [1, True, "a=b"]}
    assert without_secrets(value) == value
