"""The fake target: it has to be believed, so it is tested too."""

import json

import pytest

from fanfold.errors import NoSuchRoute, RequestError
from fanfold.model import Call, Caller
from fanfold.targets import EchoTarget


def call_for(target, method, path):
    endpoint, params = target.resolve(method, path)
    return Call(method, path, (("a", "1"),), {"x": 1}, (), Caller("secret", "42"), endpoint, params)


async def test_it_answers_with_what_it_was_asked():
    target = EchoTarget()
    call = call_for(target, "GET", "/tasks/7")
    answer = await target.send(call)
    assert (answer.status, answer.trusted) == (200, True)
    assert json.loads(answer.body) == {
        "data": {"method": "GET", "path": "/tasks/7", "query": [["a", "1"]], "body": {"x": 1}, "user": "42"}
    }
    assert target.calls == [call]


async def test_it_creates_waits_refuses_and_crashes_on_demand():
    target = EchoTarget()
    assert (await target.send(call_for(target, "POST", "/tasks"))).status == 201
    assert (await target.send(call_for(target, "GET", "/wait/1"))).status == 200
    with pytest.raises(RequestError) as refused:
        await target.send(call_for(target, "GET", "/fail/418"))
    assert refused.value.status == 418
    with pytest.raises(RuntimeError):
        await target.send(call_for(target, "GET", "/crash"))


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PATCH", "/tasks"), ("HEAD", "/tasks")])
def test_some_routes_do_not_exist(method, path):
    with pytest.raises(NoSuchRoute):
        EchoTarget().resolve(method, path)


def test_its_endpoints_differ_by_method_and_path():
    plain, inline = EchoTarget(), EchoTarget(inline=True)
    assert not plain.resolve("GET", "/a")[0].write
    assert plain.resolve("DELETE", "/a")[0].write
    assert not plain.resolve("GET", "/alone")[0].batchable
    assert plain.resolve("GET", "/search")[0].costs == ("searches",)
    assert not plain.resolve("GET", "/a")[0].inline
    assert inline.resolve("GET", "/a")[0].inline
    assert not inline.resolve("GET", "/wait/1")[0].inline


def test_it_counts_commits():
    target = EchoTarget(inline=True)
    target.commit()
    assert target.commits == 1
