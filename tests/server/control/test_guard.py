"""Only those reach the controls who may: not browsers, not proxies, not batches, nobody from elsewhere."""

import pytest

from tests.server.conftest import ADA, ask
from tests.server.control.conftest import HERE, LOCAL, refused

PATHS = ("-/admin/", "/-/admin/reset", "/../-/admin/reset", "/..%2f-/admin/reset", "http://127.0.0.1/-/admin/reset")


async def test_somebody_at_this_machine_is_let_in(app):
    assert (await refused(app, "GET", "")).status == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "[::1]:8480", "[::1]", "127.0.0.1"])
async def test_every_name_of_this_machine_will_do(app, host):
    assert (await refused(app, "GET", "", host=host)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:8480"},
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
        {"origin": "http://127.0.0.1:8480"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"x_forwarded_for": "203.0.113.1"},
        {"forwarded": "for=203.0.113.1"},
        {"via": "1.1 proxy"},
    ],
)
async def test_what_a_browser_or_a_proxy_sends_is_refused(app, headers):
    assert (await refused(app, "POST", "reset", **headers)).status == 403


async def test_without_the_header_that_no_page_can_send_it_is_refused(app):
    reply = await ask(app, "POST", "/-/admin/reset", token=None, headers={"host": "localhost"}, client=HERE)
    assert reply.status == 403
    assert "Fanfold-Admin" in reply.json["errors"][0]["message"]


@pytest.mark.parametrize("client", [("203.0.113.1", 1), ("10.0.0.1", 1), None, ("", 0)])
async def test_who_is_elsewhere_is_refused(app, client):
    reply = await ask(app, "GET", "/-/admin/", token=None, headers=LOCAL, client=client)
    assert reply.status == 403


async def test_the_admin_token_opens_them_from_anywhere_and_nothing_else_does(make_app):
    app = make_app(admin_token="a-secret")
    away = {"client": ("203.0.113.1", 1), "headers": {"host": "tests.example"}}
    assert (await ask(app, "GET", "/-/admin/", token="a-secret", **away)).status == 200
    for token in (ADA, "a-secre", "a-secret2", "", None):
        assert (await ask(app, "GET", "/-/admin/", token=token, **away)).status == 401
    assert (await refused(app, "GET", "")).status == 401


async def test_a_wrong_token_is_refused_also_at_this_machine(app):
    assert (await refused(app, "GET", "", authorization="Bearer guess")).status == 401


async def test_the_admin_token_is_no_token_of_the_api(make_app):
    app = make_app(admin_token="a-secret")
    assert (await ask(app, "GET", "/api/1.0/users/me", token="a-secret")).status == 401


async def test_unless_they_are_switched_on_there_are_none(make_app):
    assert (await refused(make_app(), "GET", "")).status == 404


@pytest.mark.parametrize("path", PATHS)
async def test_no_action_of_a_batch_leads_to_them(app, path):
    action = {"method": "post", "relative_path": path}
    reply = await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": [action]}}, headers=LOCAL, client=HERE)
    (result,) = reply.json["data"]
    assert result["status_code"] in (400, 404)
    assert "Ada" in str((await ask(app, "GET", "/api/1.0/users/me")).json)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "reset"), ("POST", "nothing"), ("DELETE", ""), ("PATCH", "clock"), ("POST", "snapshots/a/b"), ("PUT", "")],
)
async def test_what_they_cannot_do_is_a_404(app, method, path):
    assert (await refused(app, method, path, {} if method != "GET" else None)).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "reset", {"seed": "other"}),
        ("POST", "reset", {"sed": "demo"}),
        ("POST", "reset", [1]),
        ("POST", "reset", b"{"),
        ("PUT", "clock", {"now": "noon"}),
        ("PUT", "clock", {}),
        ("POST", "clock/advance", {"seconds": 1e15}),
        ("POST", "clock/advance", {"seconds": "long"}),
        ("PUT", "requests", {"keep": -1}),
        ("PUT", "shuffle", {"seed": "x"}),
        ("POST", "faults", {"kind": "other"}),
        ("POST", "faults", {"kind": "error", "probability": 2}),
        ("POST", "faults", {"kind": "error", "status": 200}),
        ("POST", "faults", {"kind": "error", "sttaus": 500}),
        ("POST", "snapshots", {"name": "../outside"}),
        ("POST", "snapshots", {"name": ".hidden"}),
        ("POST", "tokens", {"user": "nobody@example.com"}),
        ("GET", "requests?colour=red", None),
        ("GET", "requests?after=x", None),
        ("POST", "load", b"[1, 2"),
        ("POST", "load", b"\xff"),
    ],
)
async def test_what_is_not_right_is_refused_and_changes_nothing(app, method, path, body):
    reply = await refused(app, method, path, body)
    assert reply.status == 400, reply.body
    assert (await ask(app, "GET", "/api/1.0/users/me")).json["data"]["name"] == "Ada Lovelace"
