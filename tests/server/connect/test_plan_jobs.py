"""Recipes that are carried out as jobs: answered at once, done later, and their writes never twice."""

import asyncio

import pytest

from fanfold.server.jobs.jobs import PERFORMANCE
from tests.server.conftest import GRACE, ask

from .test_batch import COMPANIES, CONTACTS

ASYNC = {"prefer": "respond-async"}
TASKS = [
    {"resource": "ticketing/workspaces", "method": "list"},
    {
        "resource": "ticketing/tickets",
        "method": "create",
        "depends_on": "ticketing/workspaces",
        "body": {"name": "From a job", "workspace_id": "{{resources.ticketing.workspaces.id}}"},
    },
]


async def submit(platform, account, *resources, headers=None, **members):
    body = {"integrated_account_id": account, "resources": resources, **members}
    return await platform.ask("POST", "/batch-request", body, headers=ASYNC | (headers or {}))


async def ended(platform, path, **more):
    reply = await ask(platform.app, "GET", path, headers={"prefer": "wait=30"}, **more)
    job = reply.json["data"]
    assert job["finished_at"] is not None, job
    return job


async def test_the_results_are_those_that_the_request_would_have_had(platform):
    account = await platform.account()
    reply = await submit(platform, account, CONTACTS, COMPANIES)
    assert (reply.status, reply.headers["preference-applied"]) == (202, "respond-async")
    job = await ended(platform, reply.headers["location"])
    assert (job["status"], job["progress"]) == ("succeeded", {"done": 2, "failed": 0, "total": 2})
    assert job["results"] == await platform.fetch(account, CONTACTS, COMPANIES)


async def test_what_is_wrong_with_a_recipe_is_told_at_once(platform):
    account = await platform.account()
    reply = await submit(platform, account, {"resource": "companies", "method": "list", "depends_on": "nothing"})
    assert (reply.status, reply.json["statusCode"]) == (400, 400)
    assert (await submit(platform, "nobody", COMPANIES)).status == 404
    assert (await platform.ask("GET", "/-/jobs")).json["data"] == []


async def test_a_request_that_is_sent_again_with_its_key_is_the_same_job(platform):
    account = await platform.account()
    first, second = [await submit(platform, account, COMPANIES, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert first.body == second.body
    assert (await submit(platform, account, CONTACTS, headers={"idempotency-key": "k"})).status == 422
    await ended(platform, first.headers["location"])


async def test_nobody_else_sees_the_job(platform):
    account = await platform.account()
    path = (await submit(platform, account, COMPANIES)).headers["location"]
    await ended(platform, path)
    assert (await ask(platform.app, "GET", path, token=GRACE)).status == 404


async def test_an_account_that_is_gone_when_its_job_begins_is_told_of(platform):
    account = await platform.account()
    start, platform.app.runner.start = platform.app.runner.start, lambda *_: None
    path = (await submit(platform, account, COMPANIES)).headers["location"]
    await platform.ask("DELETE", f"/integrated-account/{account}")
    platform.app.runner.start = start
    await platform.app.jobs.resume()
    job = await ended(platform, path)
    assert (job["status"], job["results"]) == ("failed", None)
    assert "There is no integrated account" in job["error"]["message"]


async def test_a_job_that_is_gone_on_with_writes_nothing_twice(platform):
    app = platform.app
    before = len(app.store.of_kind("task"))
    start, app.runner.start = app.runner.start, lambda *_: None
    reply = await submit(platform, platform.work, *TASKS)
    assert reply.status == 202, reply.body
    job = reply.json["data"]["id"]
    target = app.connect().engine.target
    written = asyncio.Event()

    class Dying:
        """A target whose process dies when it has written."""

        resolve = target.resolve

        async def send(self, call):
            answer = await target.send(call)
            if call.endpoint.write:
                written.set()
            return answer

    app.connect().engine.target = Dying()
    dying = asyncio.create_task(app.jobs.perform(job))
    await asyncio.wait_for(written.wait(), 30)
    await asyncio.sleep(0)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await app.jobs.drain(5)
    app.connect().engine.target = target
    app.runner.start = start
    await app.jobs.resume()
    found = await ended(platform, reply.headers["location"])
    assert found["status"] == "succeeded"
    assert [ticket["name"] for ticket in found["results"]["result"]["ticketing/tickets"]] == ["From a job"]
    assert len(app.store.of_kind("task")) == before + 1


async def test_a_job_that_is_cancelled_ends(platform):
    account = await platform.account()
    target = platform.app.connect().engine.target
    asked = asyncio.Event()

    class Hanging:
        """A target that never answers."""

        resolve = target.resolve

        async def send(self, _):
            asked.set()
            await asyncio.Event().wait()

    platform.app.connect().engine.target = Hanging()
    path = (await submit(platform, account, COMPANIES)).headers["location"]
    await asyncio.wait_for(asked.wait(), 30)
    assert (await platform.ask("GET", path)).json["data"]["results"] is None
    await platform.ask("POST", f"{path}/cancel")
    job = await ended(platform, path)
    assert job["status"] == "cancelled"
    assert list(job["results"]) == ["result", "errors"]


async def test_what_is_there_already_is_told(platform):
    account = await platform.account()
    target = platform.app.connect().engine.target

    class Hanging:
        """A target that answers for companies only."""

        resolve = target.resolve

        async def send(self, call):
            if "companies" not in call.path:
                await asyncio.Event().wait()
            return await target.send(call)

    platform.app.connect().engine.target = Hanging()
    path = (await submit(platform, account, CONTACTS, COMPANIES)).headers["location"]
    for _ in range(3000):
        job = (await platform.ask("GET", path)).json["data"]
        if job["progress"]["done"] and job["results"]:
            break
        await asyncio.sleep(0.01)
    assert job["progress"] == {"done": 1, "failed": 0, "total": 2}
    assert len(job["results"]["result"]["companies"]) > 10
    assert job["results"]["result"]["crm/contacts"] == []
    await platform.ask("POST", f"{path}/cancel")
    await ended(platform, path)


@pytest.mark.parametrize("members", [{"dry_run": True}])
async def test_a_plan_that_is_only_to_be_shown_is_no_job(platform, members):
    reply = await submit(platform, await platform.account(), COMPANIES, **members)
    assert (reply.status, "preference-applied" in reply.headers) == (200, False)
    assert PERFORMANCE == "batch"
