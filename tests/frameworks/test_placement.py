"""Where the middleware stands: among others, below a prefix, behind a proxy; and what stands outside of it."""

import pytest

from fanfold import BatchMiddleware
from tests.frameworks.conftest import SETTINGS, application_of
from tests.frameworks.houses import everywhere, only
from tests.frameworks.visitor import Visitor, started

ELSEWHERE = "https://elsewhere.example"
BATCH = {"data": {"actions": [{"method": "get", "relative_path": "/items/ink"}]}}


class Counting:
    """A middleware that stands outside."""

    def __init__(self, app, seen):
        self.app = app
        self.seen = seen

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.seen.append(scope["path"])
        await self.app(scope, receive, send)


@everywhere
async def test_what_stands_outside_runs_once_for_a_batch(house, stage):
    seen = []
    async with started(Counting(application_of(house, stage, SETTINGS), seen)) as visitor:
        await visitor.batch("/items/a", "/items/b")
    assert seen == ["/batch"]


@everywhere
async def test_below_a_prefix_actions_are_below_it_too(house, stage):
    async with started(application_of(house, stage, SETTINGS), root_path="/v1") as visitor:
        alone = await visitor.ask("GET", "/items/ink?a=1")
        (inside,) = await visitor.batch("/items/ink?a=1")
    assert (inside["status_code"], inside["body"]) == (alone.status, alone.json)
    assert alone.status == (404 if house.name == "falcon" else 200)  # Falcon takes no prefix off


@only("fastapi")
async def test_behind_a_proxy_that_takes_the_prefix_off_nothing_changes(house):
    from fastapi import FastAPI, Request  # noqa: PLC0415

    app = FastAPI()
    app.root_path = "/api"

    @app.get("/where")
    async def where(request: Request):
        return [str(request.url), str(request.url_for("where"))]

    app.add_middleware(BatchMiddleware)
    visitor = Visitor(app)
    alone = await visitor.ask("GET", "/where")
    (inside,) = await visitor.batch("/where")
    assert inside["body"] == alone.json


@only("starlette")
async def test_an_application_that_is_mounted_has_a_batch_endpoint_of_its_own(house, stage):
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.routing import Mount  # noqa: PLC0415

    inner = BatchMiddleware(application_of(house, stage, None))
    visitor = Visitor(Starlette(routes=[Mount("/v1", inner)]))
    reply = await visitor.ask("POST", "/v1/batch", BATCH)
    (result,) = reply.json["data"]
    assert result["body"]["name"] == "ink"
    assert (await visitor.ask("POST", "/batch", BATCH)).status == 404


@only("starlette")
async def test_cors_stands_outside_and_answers_what_browsers_ask_first(house, stage):
    from starlette.middleware.cors import CORSMiddleware  # noqa: PLC0415

    visitor = Visitor(
        CORSMiddleware(application_of(house, stage, SETTINGS), allow_origins=[ELSEWHERE], allow_methods=["POST"])
    )
    asked = {"origin": ELSEWHERE, "access_control_request_method": "POST"}
    first = await visitor.ask("OPTIONS", "/batch", **asked)
    reply = await visitor.ask("POST", "/batch", BATCH, origin=ELSEWHERE)
    assert [first.status, reply.status] == [200, 200]
    assert first.header("access-control-allow-origin") == reply.header("access-control-allow-origin") == ELSEWHERE


@only("starlette")
async def test_the_batch_is_compressed_as_a_whole_and_actions_are_not(house, stage):
    from starlette.middleware.gzip import GZipMiddleware  # noqa: PLC0415

    bare = GZipMiddleware(application_of(house, stage, None), minimum_size=1)
    (inside,) = await Visitor(BatchMiddleware(bare)).batch("/items/ink", accept_encoding="gzip")
    assert inside["body"]["name"] == "ink"
    outside = GZipMiddleware(application_of(house, stage, SETTINGS), minimum_size=1)
    reply = await Visitor(outside).ask("POST", "/batch", BATCH, accept_encoding="gzip")
    assert reply.header("content-encoding") == "gzip"


@everywhere
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_a_form_of_another_site_can_send_is_no_batch(kind, visitor):
    assert (await visitor.ask("POST", "/batch", BATCH, content_type=kind)).status == 415


@only("django")
async def test_a_host_that_django_does_not_serve_is_the_error_of_each_action(visitor):
    (result,) = await visitor.batch("/items/ink", host="elsewhere.example")
    assert result["status_code"] == 400


@only("django")
@pytest.mark.parametrize(("inherit", "status"), [({"cookie", "x-csrftoken"}, 200), ({"cookie"}, 403)])
async def test_djangos_own_protection_decides_on_each_write(inherit, status, open_house):
    visitor = await open_house(inherit=inherit)
    token = "a" * 32
    told = {"cookie": f"csrftoken={token}", "x_csrftoken": token}
    alone = await visitor.ask("POST", "/guarded", {}, **told)
    refused = await visitor.ask("POST", "/guarded", {}, cookie=told["cookie"])
    (inside,) = await visitor.batch(("POST", "/guarded", {}), **told)
    assert (alone.status, refused.status, inside["status_code"]) == (200, 403, status)


@only("starlette")
@pytest.mark.parametrize("outside", [True, False])
async def test_a_session_that_stands_outside_is_copied_and_one_inside_is_kept(house, outside):
    pytest.importorskip("itsdangerous", reason="itsdangerous is not installed")
    from starlette.middleware.sessions import SessionMiddleware  # noqa: PLC0415
    from starlette.responses import JSONResponse  # noqa: PLC0415

    async def remember(scope, receive, send):
        scope["session"]["seen"] = [*scope["session"].get("seen", ()), scope["path"]]
        await JSONResponse(scope["session"]["seen"])(scope, receive, send)

    inner = BatchMiddleware(remember) if outside else SessionMiddleware(remember, "for the test")
    visitor = Visitor(SessionMiddleware(inner, "for the test") if outside else BatchMiddleware(inner))
    first, second = await visitor.batch("/a", "/b")
    assert (first["body"], second["body"]) == (["/a"], ["/b"])
    assert ("set-cookie" in first["headers"]) != outside
