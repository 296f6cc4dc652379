"""Headers and parameters that claim something: they change neither who asks nor what is done, and are not logged."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec import json

from tests.acceptance.wire import LAST, assert_refused, connect, exchange, head, parsed, read_all

pytestmark = pytest.mark.usefixtures("unharmed")

CLAIMS = {
    "another method": {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "DELETE", "X-Method-Override": "DELETE"},
    "another address": {
        "X-Forwarded-For": "10.0.0.1",
        "X-Real-IP": "127.0.0.1",
        "X_Real_IP": "1",
        "CF-Connecting-IP": "1",
    },
    "another origin": {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1"},
    "another way": {
        "Forwarded": "for=10.0.0.1;host=evil.example;proto=https",
        "Via": "1.1 evil",
        "Proxy": "http://evil",
    },
    "another path": {
        "X-Original-URL": "/api/1.0/tasks/1",
        "X-Rewrite-URL": "/api/1.0/tasks/1",
        "X-Forwarded-Prefix": "/x",
    },
    "another user": {"X-Remote-User": "admin", "X-Internal-User": "1", "Remote-User": "1", "Cookie": "token=x; user=1"},
    "another form": {
        "Accept": "text/html",
        "Accept-Encoding": "br",
        "Range": "bytes=0-1",
        "If-None-Match": "*",
        "TE": "gzip",
    },
    "a client that waits": {"Prefer": "return=minimal", "Content-MD5": "x", "Expect": "x"},
}


@pytest.fixture(scope="module")
def task(live: Any) -> str:
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    return str(live.data("POST", "/tasks", name="Stays", workspace=workspace)["gid"])


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS)
def test_headers_of_the_request_change_nothing(live: Any, task: str, claims: dict[str, str]) -> None:
    actions = [{"method": "get", "relative_path": f"/tasks/{task}"}, {"method": "get", "relative_path": "/users/me"}]
    assert live.batch(*actions, headers=claims) == live.batch(*actions)
    plain, claimed = (
        live.call("GET", f"/api/1.0/tasks/{task}"),
        live.call("GET", f"/api/1.0/tasks/{task}", headers=claims),
    )
    assert claimed[:2] == plain[:2] == (200, plain[1])


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "evil.example/path?x#y", "[::1]", "u:p@evil", ""])
def test_the_host_header_never_shows_in_an_answer(live: Any, host: str) -> None:
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    path = f"/api/1.0/projects?workspace={workspace}&limit=1"
    _, page, _ = live.call("GET", path, headers={"Host": host})
    assert page["next_page"]["uri"].startswith(f"http://{live.host}:{live.port}/api/1.0/")
    status, _, headers = live.call(
        "POST", "/api/1.0/tags", {"data": {"name": "a", "workspace": workspace}}, headers={"Host": host}
    )
    assert status == 201
    assert headers["location"].startswith("/api/1.0/tags/")


@pytest.mark.parametrize("name", ["_method", "method", "X-HTTP-Method-Override", "opt_method", "access_token", "token"])
def test_parameters_name_neither_method_nor_caller(live: Any, task: str, name: str) -> None:
    value = "DELETE" if "ethod" in name else "not-a-token"
    status, body, _ = live.call("GET", f"/api/1.0/tasks/{task}?{name}={value}")
    assert (status, body["data"]["gid"]) == (200, task)
    told = {"method": "get", "relative_path": f"/tasks/{task}", "data": {name: value}, "options": {name: value}}
    sent = {"method": "put", "relative_path": f"/tasks/{task}", "data": {"name": "Stays", name: value}}
    results = live.batch(told, {"method": "get", "relative_path": f"/tasks/{task}"}, query=f"?{name}={value}")
    assert [result["body"]["data"]["gid"] for result in results] == [task, task]
    assert live.batch(sent)[0]["status_code"] in (200, 400)
    assert live.data("GET", f"/tasks/{task}")["name"] == "Stays"


NOBODY = {
    "no header": None,
    "an empty one": "",
    "no scheme": "{token}",
    "another scheme": "Basic {token}",
    "no token": "Bearer",
    "an empty token": "Bearer ",
    "a wrong token": "Bearer wrong",
    "half a token": "Bearer {half}",
    "a longer token": "Bearer {token}x",
    "two tokens": "Bearer {token}, Bearer {token}",
    "two tokens with a space": "Bearer {token} {token}",
    "a token in capitals": "Bearer {upper}",
    "bytes": "Bearer \xff\xfe",
    "quotes": "Bearer '{token}'",
    "a pattern": "Bearer *",
    "SQL": "Bearer ' OR '1'='1",
    "a long one": "Bearer " + "x" * 30_000,
}


@pytest.mark.parametrize("written", NOBODY.values(), ids=NOBODY)
def test_who_has_no_token_is_nobody(live: Any, written: str | None) -> None:
    token = live.token
    lines = ["Host: x", "Content-Length: 2", "Content-Type: application/json"]
    if written is not None:
        lines.append("Authorization: " + written.format(token=token, half=token[:12], upper=token.upper()))
    for path in ("/api/1.0/batch", "/api/1.0/tasks"):
        request = "\r\n".join((f"POST {path} HTTP/1.1", *lines, "", "{}")).encode("latin-1")
        refused, alive = exchange(live, request, LAST)
        assert_refused(refused.status, json.decode(refused.body), 401)
        assert alive.status == 200


def test_two_authorizations_are_none(live: Any) -> None:
    request = head(live, "Authorization: Bearer other", start="GET /api/1.0/users/me HTTP/1.1")
    refused, _ = exchange(live, request, LAST)
    assert_refused(refused.status, json.decode(refused.body), 401)


def test_nobody_gets_a_batch_read(live: Any) -> None:
    with connect(live) as connection:
        connection.sendall(b"POST /api/1.0/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_fields_behind_the_body_are_no_headers(live: Any) -> None:
    request = (
        b"POST /api/1.0/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\n{}\r\n0\r\nAuthorization: Bearer %b\r\n\r\n" % live.token.encode()
    )
    refused, _ = exchange(live, request, LAST)
    assert refused.status == 401


@pytest.mark.parametrize(
    "value", ["a\r\nX-Injected: y", "a\nb", "é\u2028", "\x1b[31mred", "%0d%0aX-Injected:%20y", "<script>"]
)
def test_what_is_sent_back_cannot_leave_its_place(live: Any, value: str) -> None:
    bad = {"method": value, "relative_path": f"/{value}", "data": {value: value}}
    body = json.encode({"data": {"actions": [bad, {"method": "get", "relative_path": f"/tasks/{value}"}]}})
    with connect(live) as connection:
        connection.sendall(
            head(live, f"Content-Length: {len(body)}", start="POST /api/1.0/batch HTTP/1.1") + body + LAST
        )
        received = read_all(connection)
    assert b"X-Injected: y\r\n" not in received
    assert b"\x1b" not in received
    answered, _ = parsed(received)
    statuses = [result["status_code"] for result in json.decode(answered.body)["data"]]
    assert set(statuses) <= {400, 404}


def test_no_secret_and_no_broken_line_reaches_the_log(live: Any) -> None:
    canary = "canary-81f3c2"
    live.call("GET", f"/api/1.0/users/me?access_token={canary}", headers={"Cookie": f"token={canary}"})
    live.call("GET", "/api/1.0/users/me", token=canary)
    live.call("POST", "/api/1.0/batch", b'{"%b' % canary.encode())
    live.call("GET", "/api/1.0/a%0d%0a%1b[31mb%22,%22forged%22:1")
    live.batch(
        {"method": "get", "relative_path": f"/users/me?access_token={canary}"},
        {"method": "get", "relative_path": f"/users/me#{canary}", "data": {"access_token": canary}},
        {"method": "post", "relative_path": "/tasks", "data": {"token": canary, "name": canary}},
        {"method": "get\n{}", "relative_path": "/users/me\n\x1b[31m"},
    )
    live.call("GET", "/the-end-of-the-log")
    until = time.monotonic() + 10
    while "/the-end-of-the-log" not in (log := live.output.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    assert "/the-end-of-the-log" in log
    assert canary not in log
    assert "\x1b" not in log
    lines = [json.decode(line) for line in log.splitlines() if line.startswith("{")]
    assert any(line["path"] == '/api/1.0/a\r\n\x1b[31mb","forged":1' for line in lines)
    assert not any("forged" in line for line in lines)
    assert {"request", "action", "method", "path", "status", "ms"} in [set(line) for line in lines]
