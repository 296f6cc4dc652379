"""Many at once: limits hold exactly, nobody sees what is another's, nobody waits for somebody who dawdles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec import json

from fanfold.server.admin import create_token
from tests.acceptance.wire import LAST, assert_refused, connect, head, nothing_written, parsed, read_all

pytestmark = pytest.mark.usefixtures("unharmed")

ME = {"method": "get", "relative_path": "/users/me"}
WINDOW = 40


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, start_running: Any) -> Iterator[Any]:
    """A server that allows each token 40 requests a minute, and 5 writes and 10 reads at once."""
    with start_running(
        tmp_path_factory.mktemp("limited"), "--limits", f"requests={WINDOW},reads=10,writes=5"
    ) as server:
        yield server


@pytest.fixture
def unharmed(live: Any, token: Callable[..., str]) -> Iterator[None]:
    """As elsewhere, but asked with a token that has not used up its limit."""
    yield
    assert live.process.poll() is None
    assert live.batch(ME, token=token())[0]["status_code"] == 200


@pytest.fixture
def token(live: Any) -> Callable[..., str]:
    """Makes a fresh token, whose limits nobody has touched."""
    return lambda user="": create_token(str(live.db), user, "crowd")


@pytest.fixture
def workspace(live: Any, token: Callable[..., str]) -> str:
    _, body, _ = live.call("GET", "/api/1.0/workspaces", token=token())
    return str(body["data"][0]["gid"])


def spend(live: Any, token: str, requests: int) -> None:
    """Use up some of a token's window, in batches."""
    for _ in range(requests // 10):
        live.batch(*[ME] * 10, token=token)
    if requests % 10:
        live.batch(*[ME] * (requests % 10), token=token)


def test_single_requests_and_actions_share_the_window(live: Any, token: Callable[..., str]) -> None:
    mine = token()
    spend(live, mine, WINDOW - 10)
    for _ in range(3):
        assert live.call("GET", "/api/1.0/users/me", token=mine)[0] == 200
    assert len(live.batch(*[ME] * 7, token=mine)) == 7
    for path, body in (("/api/1.0/batch", {"data": {"actions": [ME]}}), ("/api/1.0/tags", {"data": {}})):
        status, refusal, headers = live.call("POST", path, body, token=mine)
        assert_refused(status, refusal, 429)
        assert 1 <= int(headers["retry-after"]) <= 60


def test_a_batch_that_does_not_fit_runs_nothing_and_costs_nothing(
    live: Any, token: Callable[..., str], workspace: str
) -> None:
    mine = token()
    spend(live, mine, WINDOW - 4)
    write = {"method": "post", "relative_path": "/tags", "data": {"name": "never", "workspace": workspace}}
    with nothing_written(live):
        for _ in range(5):
            status, refusal, _ = live.call("POST", "/api/1.0/batch", {"data": {"actions": [write] * 5}}, token=mine)
            assert_refused(status, refusal, 429)
    assert [result["status_code"] for result in live.batch(write, write, write, write, token=mine)] == [201] * 4


def test_more_writes_than_may_run_at_once_can_never_run_in_one_batch(
    live: Any, token: Callable[..., str], workspace: str
) -> None:
    mine = token()
    write = {"method": "post", "relative_path": "/tags", "data": {"name": "never", "workspace": workspace}}
    with nothing_written(live):
        status, refusal, headers = live.call("POST", "/api/1.0/batch", {"data": {"actions": [write] * 6}}, token=mine)
    assert_refused(status, refusal, 429)
    assert "retry-after" not in headers


def test_refused_actions_count_too(live: Any, token: Callable[..., str]) -> None:
    mine = token()
    for _ in range(WINDOW // 10):
        results = live.batch(*[{"method": "post", "relative_path": "/batch"}] * 9, None, token=mine)
        assert {result["status_code"] for result in results} == {400}
    assert live.call("GET", "/api/1.0/users/me", token=mine)[0] == 429


def test_of_racing_batches_exactly_as_many_run_as_are_allowed(
    live: Any, token: Callable[..., str], workspace: str
) -> None:
    mine, name = token(), "raced"
    write = {"method": "post", "relative_path": "/tags", "data": {"name": name, "workspace": workspace}}
    body = {"data": {"actions": [write, ME, ME, ME]}}
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: live.call("POST", "/api/1.0/batch", body, token=mine)[0], range(30)))
    assert sorted(answers) == [200] * (WINDOW // 4) + [429] * (30 - WINDOW // 4)
    _, found, _ = live.call("GET", f"/api/1.0/tags?workspace={workspace}&opt_fields=name", token=token())
    assert [tag["name"] for tag in found["data"]].count(name) == WINDOW // 4


def test_no_header_buys_another_window(live: Any, token: Callable[..., str]) -> None:
    mine = token()
    spend(live, mine, WINDOW)
    for n in range(5):
        headers = {
            "X-Forwarded-For": f"10.0.0.{n}",
            "X-Real-IP": f"10.0.0.{n}",
            "User-Agent": f"{n}",
            "Cookie": f"session={n}",
        }
        for spelling in (mine, f" {mine}", f"{mine} "):
            sent = headers | {"Authorization": f"bEARER {spelling}"}
            assert live.call("GET", f"/api/1.0/users/me?n={n}", headers=sent)[0] == 429
    inside = {**ME, "headers": {"Authorization": f"Bearer {token()}"}, "data": {"access_token": token()}}
    assert live.call("POST", "/api/1.0/batch", {"data": {"actions": [inside]}}, token=mine)[0] == 429
    assert live.call("GET", "/api/1.0/users/me", token=token())[0] == 200


def test_a_body_on_its_way_holds_no_slot(live: Any, token: Callable[..., str], workspace: str) -> None:
    mine = token()
    write = {"method": "post", "relative_path": "/tags", "data": {"name": "slow", "workspace": workspace}}
    body = json.encode({"data": {"actions": [write]}})
    lines = (f"Authorization: Bearer {mine}", f"Content-Length: {len(body)}", "Expect: 100-continue")
    request = head(live, *lines, start="POST /api/1.0/batch HTTP/1.1")
    request = request.replace(f"Authorization: Bearer {live.token}\r\n".encode(), b"", 1)
    slow = [connect(live) for _ in range(12)]
    for connection in slow:
        connection.sendall(request)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body[:-1])
    assert {result["status_code"] for result in live.batch(*[write] * 5, *[ME] * 5, token=mine)} == {201, 200}
    for connection in slow:
        connection.sendall(body[-1:] + LAST)
        answer, _ = parsed(read_all(connection))
        assert answer.status == 200
        connection.close()


@pytest.fixture
def two(live: Any, token: Callable[..., str], workspace: str) -> list[tuple[str, str, str, str]]:
    """Two users: token, gid, a canary, and a private project whose task holds the canary."""
    found = []
    for mail in ("grace@example.com", "alan@example.com"):
        mine, canary = token(mail), f"canary-of-{mail.partition('@')[0]}"

        def data(method: str, path: str, mine: str = mine, **sent: Any) -> Any:
            status, body, _ = live.call(method, f"/api/1.0{path}", {"data": sent} if sent else None, token=mine)
            assert status < 300, body
            return body["data"]

        team = data("POST", "/teams", name=canary, organization=workspace, visibility="secret")["gid"]
        project = data("POST", "/projects", name=canary, team=team, workspace=workspace, privacy_setting="private")[
            "gid"
        ]
        data("POST", "/tasks", name=canary, projects=[project])
        found.append((mail, data("GET", "/users/me")["gid"], canary, project))
    return found


def test_a_hundred_batches_of_two_users_never_show_one_what_is_the_others(
    live: Any, token: Callable[..., str], two: list[tuple[str, str, str, str]]
) -> None:
    # A window allows four batches of ten, so that each user comes with many tokens.
    tokens = {mail: [token(mail) for _ in range(13)] for mail, *_ in two}

    def ask(n: int) -> None:
        (mail, user, canary, mine), (_, other, foreign, theirs) = two if n % 2 else two[::-1]
        sent = {"method": "get", "relative_path": "/users/me", "options": {"fields": ["name"]}}
        paths = (f"/projects/{mine}", f"/projects/{theirs}", f"/projects/{mine}/tasks", f"/projects/{theirs}/tasks")
        actions = [sent, *({"method": "get", "relative_path": path} for path in paths * 2), sent]
        results = live.batch(*actions, token=tokens[mail][n // 8])
        assert [result["status_code"] for result in results] == [200, 200, 404, 200, 404, 200, 404, 200, 404, 200]
        assert results[0]["body"]["data"]["gid"] == results[-1]["body"]["data"]["gid"] == user != other
        shown = json.encode(results).decode()
        assert canary in shown
        assert foreign not in shown
        assert all(result["headers"] == {} for result in results)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(ask, range(100)))
