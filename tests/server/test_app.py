"""What the application reads and answers beside JSON: forms, files, its own pages, and who may ask."""

import re
import shutil
from datetime import timedelta

import pytest

from tests.server.conftest import ADA, GRACE, NOON, ask

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def app(make_app):
    return make_app()


async def first(app, path):
    return (await ask(app, "GET", f"/api/1.0{path}")).json["data"][0]["gid"]


async def test_a_form_is_read_like_the_json_it_stands_for(app):
    workspace = await first(app, "/workspaces")
    reply = await ask(app, "POST", "/api/1.0/tasks", f"name=Tea+%26+cake&workspace={workspace}".encode(), headers=FORM)
    assert reply.status == 201
    assert reply.json["data"]["name"] == "Tea & cake"


async def test_options_stand_among_the_fields_of_a_form(app):
    workspace = await first(app, "/workspaces")
    body = f"name=Tea&completed=true&workspace={workspace}&opt_fields=name,completed&opt_pretty".encode()
    reply = await ask(app, "POST", "/api/1.0/tasks", body, headers=FORM)
    assert set(reply.json["data"]) == {"gid", "name", "completed"}
    assert reply.json["data"]["completed"] is True
    assert reply.body.startswith(b'{\n  "data"')


async def test_a_form_that_is_not_text_is_a_400(app):
    reply = await ask(app, "POST", "/api/1.0/tasks", b"name=%ff%fe", headers=FORM)
    assert reply.status == 400


async def test_options_in_the_body_do_what_they_do_in_the_query(app):
    workspace = await first(app, "/workspaces")
    body = {"data": {"name": "Tea", "workspace": workspace}, "options": {"fields": ["name"], "pretty": True}}
    reply = await ask(app, "POST", "/api/1.0/tasks", body)
    assert set(reply.json["data"]) == {"gid", "name"}
    assert b"\n" in reply.body


async def test_another_top_level_key_is_named_with_those_that_are_allowed(app):
    reply = await ask(app, "POST", "/api/1.0/tasks", {"name": "Tea"})
    assert reply.status == 400
    assert "Unrecognized request field name" in reply.json["errors"][0]["message"]


async def test_links_in_answers_carry_the_servers_own_address(app):
    reply = await ask(app, "GET", "/api/1.0/users?limit=1", headers={"host": "evil.example"})
    assert reply.json["next_page"]["uri"].startswith("http://test/api/1.0/users?limit=1&offset=")


async def test_a_created_record_says_where_it_is(app):
    workspace = await first(app, "/workspaces")
    reply = await ask(app, "POST", "/api/1.0/tasks", {"data": {"name": "Tea", "workspace": workspace}})
    assert reply.headers["location"] == f"/api/1.0/tasks/{reply.json['data']['gid']}"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", f"Token {ADA}", f"Bearer {ADA}x", ADA])
async def test_only_a_bearer_token_that_was_issued_lets_anybody_in(app, header):
    reply = await ask(app, "GET", "/api/1.0/users/me", token=None, headers={"authorization": header})
    assert reply.status == 401
    assert reply.json["errors"][0]["message"] == "Not Authorized"


async def test_an_unknown_path_is_a_404_even_without_a_token(app):
    for path in ("/api/1.0/nope", "/api/1.0/batch", "/api/2.0/users/me", "/nope"):
        assert (await ask(app, "GET", path, token=None)).status == 404


async def test_a_batch_without_a_token_is_refused_before_it_is_read(app):
    assert (await ask(app, "POST", "/api/1.0/batch", b"{", token=None)).status == 401


async def test_a_malformed_batch_costs_nothing(make_app):
    app = make_app(limits="requests=1")
    assert (await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": []}})).status == 400
    action = {"method": "get", "relative_path": "/users/me"}
    assert (await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": [action]}})).status == 200
    refused = await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": [action]}})
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert "help" not in refused.json["errors"][0]


async def test_a_batch_larger_than_the_limit_is_refused_without_a_time_to_wait_for(make_app):
    app = make_app(limits="requests=3")
    actions = [{"method": "get", "relative_path": "/users/me"}] * 4
    reply = await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": actions}})
    assert reply.status == 429
    assert "retry-after" not in reply.headers


async def test_a_refused_batch_writes_nothing(make_app):
    app = make_app(limits="writes=2")
    workspace = await first(app, "/workspaces")
    actions = [
        {"method": "post", "relative_path": "/tags", "data": {"name": f"new {n}", "workspace": workspace}}
        for n in range(3)
    ]
    before = (await ask(app, "GET", f"/api/1.0/workspaces/{workspace}/tags")).json
    assert (await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": actions}})).status == 429
    assert (await ask(app, "GET", f"/api/1.0/workspaces/{workspace}/tags")).json == before


async def test_limits_are_counted_by_token(make_app):
    app = make_app(limits="requests=1")
    for token in (ADA, GRACE):
        assert (await ask(app, "GET", "/api/1.0/users/me", token=token)).status == 200
        assert (await ask(app, "GET", "/api/1.0/users/me", token=token)).status == 429


async def test_an_uploaded_file_is_fetched_by_its_link_and_by_nothing_else(make_app, tmp_path):
    app = make_app(files=str(tmp_path / "files"))
    task = await first(app, "/tasks?assignee=me&workspace=" + await first(app, "/workspaces"))
    boundary = "frontier"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="parent"\r\n\r\n{task}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="../../tea <b>.txt"\r\n'
        f"Content-Type: text/html\r\n\r\n<script>alert(1)</script>\r\n--{boundary}--\r\n"
    ).encode()
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    reply = await ask(app, "POST", "/api/1.0/attachments", body, headers=headers)
    assert reply.status == 200, reply.body
    link = (await ask(app, "GET", f"/api/1.0/attachments/{reply.json['data']['gid']}")).json["data"]["download_url"]
    path = link.removeprefix("http://test")
    fetched = await ask(app, "GET", path, token=None)
    assert fetched.status == 200
    assert fetched.body == b"<script>alert(1)</script>"
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert fetched.headers["content-disposition"].startswith("attachment;")
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert (await ask(app, "GET", path.replace("signature=", "signature=0"), token=None)).status == 403
    assert (await ask(app, "GET", path.partition("?")[0])).status == 403
    assert all(entry.is_relative_to(tmp_path / "files") for entry in (tmp_path / "files").rglob("*"))
    app.clock.set(app.clock() + timedelta(seconds=121))
    expired = await ask(app, "GET", path, token=None)
    assert expired.status == 403
    assert expired.json["errors"][0]["message"].startswith("This link has expired; get the attachment or export again")
    app.clock.set(NOON)
    shutil.rmtree(tmp_path / "files")
    assert (await ask(app, "GET", path, token=None)).status == 404


async def test_pretty_and_pruned_batches(app):
    body = {"data": {"actions": [{"method": "get", "relative_path": "/users/me"}]}}
    reply = await ask(app, "POST", "/api/1.0/batch?opt_pretty&opt_fields=status_code&limit=100", body)
    assert reply.body == b'{\n  "data": [\n    {\n      "status_code": 200\n    }\n  ]\n}'


async def test_the_time_of_a_batch_and_of_each_action_is_told(app):
    body = {"data": {"actions": [{"method": "get", "relative_path": "/users/me"}] * 2}}
    told = (await ask(app, "POST", "/api/1.0/batch", body)).headers["server-timing"]
    assert re.fullmatch(r"batch;dur=\d+\.\d{3}, a0;dur=\d+\.\d{3}, a1;dur=\d+\.\d{3}", told)
