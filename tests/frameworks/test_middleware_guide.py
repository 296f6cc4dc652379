"""docs/middleware.md is true: its batch is sent, its settings are those that there are, its lines of code run."""

import inspect
import json
import re
from importlib import util
from pathlib import Path

import pytest

from fanfold import BatchMiddleware, RequestError
from tests.frameworks.test_guides import headers_of
from tests.frameworks.visitor import Visitor
from tests.server.test_guides import fits, sent_by

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "middleware.md").read_text()
SETTINGS = dict(re.findall(r"^\| `(\w+)` \| (.+?) \| .+\|$", GUIDE.partition("## Settings")[2], re.MULTILINE))
CODE = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


async def plain(scope, receive, send):
    """An application that answers everybody."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def test_the_batch_is_answered_as_written():
    pytest.importorskip("starlette", reason="starlette is not installed (it is in the group `frameworks`)")
    spec = util.spec_from_file_location("shop", ROOT / "examples" / "starlette_app.py")
    shop = util.module_from_spec(spec)
    spec.loader.exec_module(shop)
    ((curl, answer),) = re.findall(r"```sh\n(curl .*?)```\n\n```json\n(.*?)```", GUIDE, re.DOTALL)
    method, target, body = sent_by(curl)
    reply = await Visitor(shop.app).ask(method, target, body, **headers_of(curl))
    assert fits(json.loads(answer), reply.json), json.dumps(reply.json, indent=1)


def test_every_setting_is_there_with_its_default():
    parameters = inspect.signature(BatchMiddleware).parameters
    assert list(SETTINGS) == list(parameters)[1:]
    told = {name: text.strip("`") for name, text in SETTINGS.items() if text.startswith("`")}
    assert {name: eval(text) for name, text in told.items()} == {name: parameters[name].default for name in told}
    assert parameters.keys() - told.keys() == {"app", "inherit", "own"}


def test_the_headers_it_names_are_those():
    defaults = {name: parameter.default for name, parameter in inspect.signature(BatchMiddleware).parameters.items()}
    (inherited,) = re.findall(r"\*\*Credentials\.\*\* Each action has the batch's (.*?) \(`inherit`", GUIDE, re.DOTALL)
    (own,) = re.findall(r"An action may set (.*?) \(`own`", GUIDE, re.DOTALL)
    named = set(re.findall(r"`([\w-]+)`", inherited.lower())), set(re.findall(r"`([\w-]+)`", own.lower()))
    assert named == (defaults["inherit"], {name for name in defaults["own"] if not name.startswith("if-")})


def run(code):
    names = {"app": plain, "BatchMiddleware": BatchMiddleware}
    exec(code, names)
    return names


def test_its_lines_of_code_run():
    assert len(CODE) == 4
    assert isinstance(run(CODE[0])["app"], BatchMiddleware)
    for code in CODE[1:3]:
        run(code)


async def test_the_routes_it_allows_are_those():
    made = run(CODE[1].replace("BatchMiddleware(", "found = BatchMiddleware(", 1))["found"]
    paths = "/items/1", "/items/secret", "/items/Secret", "/items/1/2", "/orders", "/orders/1/2"
    results = await Visitor(made).batch(*paths, ("POST", "/orders", {}), ("DELETE", "/orders"))
    assert [result["status_code"] for result in results] == [200, 400, 400, 400, 200, 200, 200, 400]


async def test_who_looks_at_each_action_may_refuse_it():
    middleware = BatchMiddleware(plain, on_action=run(CODE[3])["on_action"])
    kept, refused = await Visitor(middleware).batch("/a", ("DELETE", "/a"))
    assert (kept["status_code"], refused["status_code"]) == (200, 403)
    assert refused["body"]["errors"][0]["message"] == "Nothing is deleted in batches"
    assert RequestError


@pytest.mark.parametrize(
    ("action", "settings", "status"),
    [
        ({"method": "get"}, {}, 400),
        ({"method": "get", "relative_path": "/a", "headers": {"host": "x"}}, {}, 400),
        ({"method": "get", "relative_path": "/a"}, {"deny": ["/a"]}, 400),
        ({"method": "get", "relative_path": "/a"}, {"max_response": 1}, 507),
        ({"method": "get", "relative_path": "/a"}, {"max_results": 1}, 507),
    ],
)
async def test_errors_of_its_own_are_as_told(action, settings, status):
    reply = await Visitor(BatchMiddleware(plain, **settings)).ask("POST", "/batch", {"data": {"actions": [action]}})
    (result,) = reply.json["data"]
    assert result["status_code"] == status
    assert result["body"]["errors"][0]["message"]
