"""A batch is what its requests would have been alone: order, credentials, middleware, errors, paths, bodies."""

import pytest

from tests.frameworks.houses import everywhere, having
from tests.frameworks.visitor import cookies_of

GOOD = {"authorization": "Bearer good"}

SAME = [
    ("GET", "/me"),
    ("GET", "/items/ink"),
    ("GET", "/items/a%20b%C3%A9"),
    ("GET", "/items/caf%C3%A9?q=%C3%BC%26%3D+1&q=2&empty="),
    ("GET", "/items/100%25"),
    ("GET", "/items/a+b"),
    ("GET", "/items/a%2Bb"),
    ("GET", "/items/~.-_!$&'()*,=:@"),
    ("GET", "/items/%F0%9F%8C%B1"),
    ("GET", "/items/a%3Fb%23c"),
    ("GET", "/items/a%2Fb"),
    ("GET", "/items/ink/"),
    ("GET", "/nowhere"),
    ("PATCH", "/me", {}),
    ("POST", "/items", {"name": "ink", "deep": {"list": [1, 2.5, None, True, "\u00e9\u4e16"]}}),
    ("PATCH", "/items/ink", {"colour": "blue"}),
    ("DELETE", "/items/ink"),
    ("GET", "/stream"),
    ("GET", "/broken"),
    ("GET", "/crash"),
    ("HEAD", "/items/ink"),
]


def shown(reply):
    """A body as it stands in a result."""
    kind = reply.header("content-type") or ""
    return reply.json if "json" in kind and reply.body else reply.body.decode() or None


@everywhere
@pytest.mark.parametrize("action", SAME, ids=lambda action: f"{action[0]} {action[1]}")
async def test_an_action_is_answered_as_the_request_alone(action, visitor):
    try:
        alone = await visitor.ask(*action, **GOOD)
    except ZeroDivisionError:  # some frameworks answer, and then tell the server as well
        alone = None
    (inside,) = await visitor.batch(action, **GOOD)
    if alone is None:
        assert (inside["status_code"], inside["body"]) == (500, {"error": "ours"})
    else:
        assert (inside["status_code"], inside["body"]) == (alone.status, shown(alone))


@everywhere
async def test_results_stand_in_the_order_of_the_actions(visitor):
    names = [f"n{number}" for number in range(50)]
    results = await visitor.batch(*(f"/items/{name}" for name in names))
    assert [result["body"]["name"] for result in results] == names


@having("loop")
async def test_actions_that_wait_for_each_other_both_finish(visitor):
    results = await visitor.batch("/meet/3", "/items/ink", "/meet/3", "/meet/3")
    assert [result["status_code"] for result in results] == [200] * 4


@having("threads")
async def test_actions_that_block_a_thread_wait_for_each_other_too(visitor):
    results = await visitor.batch("/meet-in-thread/3", "/items/ink", "/meet-in-thread/3", "/meet-in-thread/3")
    assert [result["status_code"] for result in results] == [200] * 4


@everywhere
@pytest.mark.parametrize("credentials", ["Bearer good-1", "Bearer bad", None])
async def test_the_applications_own_authentication_decides_on_each_action(credentials, house, visitor):
    headers = {} if credentials is None else {"authorization": credentials}
    alone = await visitor.ask("GET", "/me", **headers)
    results = await visitor.batch("/me", "/items/ink", "/me", **headers)
    assert [result["status_code"] for result in results] == [alone.status, 200, alone.status]
    assert results[0]["body"] == results[2]["body"] == shown(alone)
    assert (alone.status == 200) == (credentials == "Bearer good-1")
    assert credentials is not None or alone.status == house.nobody


@everywhere
async def test_the_applications_own_middleware_runs_once_for_each_action(stage, visitor):
    results = await visitor.batch("/items/a", "/me", "/items/b", **GOOD)
    assert sorted(stage.passed) == ["/items/a", "/items/b", "/me"]
    assert [result["headers"].get("x-stamp") for result in results] == ["/items/a", "/me", "/items/b"]


@everywhere
async def test_an_error_is_its_own_actions_alone(visitor):
    broken, crash, item = await visitor.batch("/broken", "/crash", "/items/ink")
    assert (broken["status_code"], broken["body"]) == (409, {"error": "broken"})
    assert (crash["status_code"], crash["body"]) == (500, {"error": "ours"})
    assert item["status_code"] == 200


@everywhere
async def test_a_stream_is_collected(visitor):
    (result,) = await visitor.batch("/stream")
    assert (result["status_code"], result["body"]) == (200, "one two three")


@everywhere
async def test_where_something_was_made_stands_in_its_result(visitor):
    first, second = await visitor.batch(("POST", "/items", {"name": "ink"}), ("POST", "/items", {"name": "pen"}))
    assert [first["headers"]["location"], second["headers"]["location"]] == ["/items/ink", "/items/pen"]


@everywhere
async def test_cookies_that_an_action_sets_are_in_its_result_alone(visitor):
    reply = await visitor.ask(
        "POST",
        "/batch",
        {
            "data": {
                "actions": [
                    {"method": "get", "relative_path": path} for path in ("/cookies/a", "/items/x", "/cookies/b")
                ]
            }
        },
        cookie="mine=1",
    )
    first, item, second = reply.json["data"]
    assert [set(map(named, result["headers"]["set-cookie"])) for result in (first, second)] == [
        {"first=a", "second=a"},
        {"first=b", "second=b"},
    ]
    assert "set-cookie" not in item["headers"]
    assert first["body"] == second["body"] == {"mine": "1"}
    assert reply.header("set-cookie") is None


def named(cookie):
    """The name and value of a Set-Cookie header."""
    (pair,) = cookies_of(cookie).items()
    return "=".join(pair)


@having("background")
async def test_what_an_application_does_after_its_answer_holds_up_no_batch(stage, visitor):
    results = await visitor.batch(("POST", "/later"), "/items/ink")
    assert [result["status_code"] // 100 for result in results] == [2, 2]
    await stage.seen("later begun")
    assert "later done" not in stage.log
    stage.let_go.set()
    await stage.seen("later done")


@everywhere
async def test_a_batch_may_not_hold_a_batch(visitor):
    inner = {"data": {"actions": [{"method": "get", "relative_path": "/me"}]}}
    (refused,) = await visitor.batch(("POST", "/batch", inner))
    assert refused["status_code"] == 400
