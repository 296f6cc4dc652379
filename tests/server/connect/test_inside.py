"""The embedded work API as an API that accounts are at."""

from msgspec import json

from fanfold.integrations.accounts import Account
from fanfold.model import Caller
from fanfold.server.connect.inside import WorkInside
from fanfold.targets.exchange import Request
from fanfold.work.seed import first_user


def work(app):
    return WorkInside(lambda: app.engine, app.dialect, 5.0)


def owner(app):
    return Account(id="a1", integration="work", owner=str(first_user(app.store)))


async def test_it_answers_as_to_the_owner_of_the_account(make_app):
    app = make_app()
    account = owner(app)
    request = Request("get", "fanfold://work/users/me?opt_fields=name", {}, None)
    answer = await work(app).ask(request, account, Caller("whoever", "0"))
    assert answer.status == 200
    assert json.decode(answer.body)["data"]["gid"] == account.owner


async def test_a_body_is_read_and_a_refusal_is_an_answer(make_app):
    app = make_app()
    request = Request("POST", "fanfold://work/tasks", {}, b'{"data": {}}')
    assert (await work(app).ask(request, owner(app), Caller("x"))).status == 400
    broken = Request("POST", "fanfold://work/tasks", {}, b"{")
    assert (await work(app).ask(broken, owner(app), Caller("x"))).status == 400
    nothing = Request("GET", "fanfold://work/nothing", {}, None)
    assert (await work(app).ask(nothing, owner(app), Caller("x"))).status == 404


async def test_the_limits_are_those_of_the_account(make_app):
    app = make_app(limits="requests=1")
    request = Request("GET", "fanfold://work/users/me", {}, None)
    assert (await work(app).ask(request, owner(app), Caller("x"))).status == 200
    refused = await work(app).ask(request, owner(app), Caller("x"))
    assert refused.status == 429
    assert dict(refused.headers)["retry-after"]
