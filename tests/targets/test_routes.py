"""Paths that need no second look are read at a glance, and read the same as by looking twice."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fanfold.model import Call, Caller
from fanfold.readings import readings
from fanfold.targets import AsgiTarget, routes
from fanfold.targets.routes import Routes

PATHS = st.text("aZ09/.~_-%;?#\\ \u00e9\uff0f\u0130\u017f2fF5c+", max_size=12).map(lambda text: f"/{text}")


@given(path=PATHS)
@example(path="/a/./b")
@example(path="/a//b")
@example(path="/A..b/C.")
@example(path="/")
def test_what_is_read_at_a_glance_is_read_as_by_the_laxest_reader(path):
    assert routes.bare(path) == "/" + "/".join(next(readings(path)))


@given(path=PATHS.filter(lambda path: "\n" not in path))
async def test_a_plain_path_becomes_the_same_scope_as_any_other(path):
    seen = []

    async def app(scope, receive, send):
        seen.append((scope["path"], scope["raw_path"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    target = AsgiTarget(app)
    # A percent sign keeps a path from being taken for plain, and decodes to what it stands for.
    for written in (path, f"{path}%41"):
        endpoint, params = target.resolve("GET", written)
        await target.send(Call("GET", written, (), None, (), Caller("key"), endpoint, params))
    (plain, raw), (encoded, raw_encoded) = seen
    assert encoded == f"{plain}A" or "%" in path
    assert raw_encoded == raw + b"%41"


@pytest.mark.parametrize(
    "path", ["/admin", "/ADMIN", "/a/../admin", "//admin", "/admin;x", "/%61dmin", "/\uff41dmin", "/./admin/"]
)
def test_a_denied_route_is_denied_in_every_dress(path):
    assert not Routes(deny=["/admin"]).admits("GET", path)


@pytest.mark.parametrize(
    ("pattern", "method", "path", "fits"),
    [
        ("/users/*", "GET", "/users/1", True),
        ("/users/*", "GET", "/users/1/x", False),
        ("GET /users/**", "GET", "/users/1/x", True),
        ("GET /users/**", "GET", "/users", True),
        ("GET /users/**", "PUT", "/users/1", False),
        ("POST|PUT /users", "PUT", "/users", True),
    ],
)
def test_only_what_is_allowed_is_admitted(pattern, method, path, fits):
    assert Routes(allow=["/other", pattern]).admits(method, path) is fits
