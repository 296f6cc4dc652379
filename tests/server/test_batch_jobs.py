"""Batches that are carried out as jobs: answered at once, done later, and never twice."""

import asyncio
from datetime import timedelta

import pytest
from msgspec import json

from fanfold.engine import Admission
from fanfold.errors import Unavailable, Undecided
from fanfold.limits import MemoryLimiter, profile
from fanfold.limits.memory import NoLimiter
from fanfold.model import Refusal
from fanfold.server.jobs import actions as job_actions
from fanfold.server.jobs import records
from fanfold.server.jobs.batch import BatchWork
from fanfold.server.jobs.parts import put_together
from fanfold.server.jobs.recording import Recorder
from fanfold.server.tokens import digest, issue
from fanfold.work.session import Session
from fanfold.work.shape import decode

from .conftest import GRACE, NOON, ask

BATCH = "/api/1.0/batch"
ASYNC = {"prefer": "respond-async"}


def creation(name, **more):
    data = {"name": name, "projects": ["1078"]}
    return {"method": "post", "relative_path": "/tasks", "data": data, "options": {"fields": ["name"]}, **more}


ME = {"method": "get", "relative_path": "/users/me", "options": {"fields": ["name"]}}


async def submit(app, actions, options=None, query="", headers=None, **more):
    data = {"actions": actions} | ({} if options is None else {"options": options})
    return await ask(app, "POST", f"{BATCH}{query}", {"data": data}, headers=ASYNC | (headers or {}), **more)


async def begun(app, actions, options=None, **more):
    """The path of a job that was taken on."""
    reply = await submit(app, actions, options, **more)
    assert reply.status == 202, reply.body
    return reply.headers["location"]


async def job_at(app, path, **more):
    reply = await ask(app, "GET", path, **more)
    assert reply.status == 200, reply.body
    return reply.json["data"]


async def ended(app, path):
    """A job once it is at its end."""
    job = await job_at(app, path, headers={"prefer": "wait=30"})
    assert job["finished_at"] is not None, job
    return job


async def until(condition):
    """Wait until something is so."""
    for _ in range(3000):
        found = await condition()
        if found:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError


async def done(app, path, count):
    """A job once so many of its actions are done."""

    async def look():
        job = await job_at(app, path)
        return job if job["progress"]["done"] == count else None

    return await until(look)


async def names(app):
    """The names of the tasks that were created here."""
    reply = await ask(app, "GET", "/api/1.0/projects/1078/tasks?opt_fields=name&limit=100")
    return [task["name"] for task in reply.json["data"] if task["name"].startswith("T")]


def statuses(job):
    return [result and result["status_code"] for result in job["results"]]


# -- asking for one ----------------------------------------------------------------------------------------------------


async def test_whoever_would_rather_not_wait_is_told_where_the_job_is(make_app):
    app = make_app()
    reply = await submit(app, [ME])
    job = reply.json["data"]
    assert reply.status == 202
    assert reply.headers["preference-applied"] == "respond-async"
    assert reply.headers["location"] == f"/-/jobs/{job['id']}" == job["links"]["self"]
    assert len(job["id"]) == 40
    assert (job["status"], job["progress"]) == ("queued", {"done": 0, "failed": 0, "total": 1})
    assert job["created_at"] == "2026-11-22T12:00:00.000Z"
    assert (await ended(app, reply.headers["location"]))["status"] == "succeeded"


async def test_the_results_are_those_that_the_batch_would_have_had(make_app):
    actions = [ME, {"method": "get", "relative_path": "/tasks/999"}, creation("T"), {"method": "get"}, "nonsense"]
    plain = await ask(make_app(), "POST", BATCH, {"data": {"actions": actions}})
    app = make_app()
    job = await ended(app, await begun(app, actions))
    assert job["results"] == plain.json["data"]
    assert job["progress"] == {"done": 5, "failed": 3, "total": 5}
    assert job["status"] == "succeeded"


async def test_fields_that_were_chosen_are_those_of_the_results(make_app):
    app = make_app()
    job = await ended(app, await begun(app, [ME, {**ME, "id": "me"}], query="?opt_fields=status_code"))
    assert job["results"] == [{"status_code": 200}, {"id": "me", "status_code": 200}]


async def test_actions_may_use_results_of_others(make_app):
    app = make_app()
    actions = [
        creation("T parent", id="parent"),
        {"method": "post", "relative_path": "/tasks/{{parent.body.data.gid}}/subtasks", "data": {"name": "T child"}},
        creation("T {{index}}", for_each="{{me.body.data.workspaces}}"),
        {"method": "get", "relative_path": "/users/me", "id": "me"},
        {"method": "get", "relative_path": "/tasks/999", "id": "none"},
        {"method": "get", "relative_path": "/tasks/1030", "depends_on": ["none"]},
    ]
    job = await ended(app, await begun(app, actions))
    assert statuses(job) == [201, 201, 200, 200, 404, 424]
    assert job["results"][2]["body"]["data"][0]["body"]["data"]["name"] == "T 0"
    assert sorted(await names(app)) == ["T 0", "T parent"]


async def test_a_job_may_have_many_more_actions_than_a_batch(make_app):
    app = make_app()
    assert (await ask(app, "POST", BATCH, {"data": {"actions": [ME] * 11}})).status == 400
    job = await ended(app, await begun(app, [creation(f"T{number}") for number in range(60)]))
    assert statuses(job) == [201] * 60
    assert [result["body"]["data"]["name"] for result in job["results"]] == [f"T{number}" for number in range(60)]
    refused = await submit(app, [ME] * 1001)
    assert (refused.status, refused.json["errors"][0]["message"]) == (
        400,
        "actions: Must contain at most 1000 actions",
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"data": {"actions": []}}, 400),
        (b"{", 400),
        ({"data": {"actions": [{**ME, "id": "a", "depends_on": ["b"]}, {**ME, "id": "b", "depends_on": ["a"]}]}}, 400),
        ({"data": {"actions": [ME], "options": {"what": 1}}}, 400),
    ],
)
async def test_what_is_wrong_with_a_batch_is_told_at_once(make_app, body, status):
    app = make_app()
    assert (await ask(app, "POST", BATCH, body, headers=ASYNC)).status == status
    assert (await ask(app, "GET", "/-/jobs")).json["data"] == []


async def test_nobody_without_a_token_has_jobs(make_app):
    app = make_app()
    assert (await submit(app, [ME], token=None)).status == 401
    assert (await ask(app, "GET", "/-/jobs", token=None)).status == 401


async def test_a_plan_that_is_only_to_be_shown_is_no_job(make_app):
    app = make_app()
    reply = await submit(app, [ME], {"dry_run": True})
    assert (reply.status, "preference-applied" in reply.headers) == (200, False)


async def test_a_request_that_is_sent_again_with_its_key_is_the_same_job(make_app):
    app = make_app()
    first, second = [await submit(app, [creation("T")], headers={"idempotency-key": "k"}) for _ in range(2)]
    assert (first.status, second.status) == (202, 202)
    assert first.body == second.body
    assert second.headers["idempotency-replayed"] == "true"
    await ended(app, first.headers["location"])
    assert await names(app) == ["T"]
    other = await submit(app, [creation("U")], headers={"idempotency-key": "k"})
    assert other.status == 422


# -- asking after it ---------------------------------------------------------------------------------------------------


async def test_a_job_is_seen_by_whoever_asked_for_it_and_by_nobody_else(make_app):
    app = make_app()
    path = await begun(app, [ME])
    await ended(app, path)
    issue(app.store, int((await ask(app, "GET", "/api/1.0/users/me")).json["data"]["gid"]), "again", NOON, "token-two")
    for method, target in (("GET", path), ("POST", f"{path}/cancel"), ("DELETE", path)):
        assert (await ask(app, method, target, token=GRACE)).status == 404
    assert (await ask(app, "GET", "/-/jobs", token=GRACE)).json["data"] == []
    assert (await ask(app, "GET", path, token="token-two")).status == 200
    assert (await ask(app, "GET", "/-/jobs/0123")).status == 404


async def test_jobs_are_listed_with_the_newest_first_and_page_by_page(make_app):
    app = make_app()
    paths = [await begun(app, [ME]) for _ in range(5)]
    for path in paths:
        await ended(app, path)
    found, target = [], "/-/jobs?limit=2"
    while target:
        page = (await ask(app, "GET", target)).json
        found += [job["links"]["self"] for job in page["data"]]
        target = page["next_page"] and page["next_page"]["path"]
    assert found == paths[::-1]
    for limit in ("0", "101", "-1", "many", "9" * 5000):
        assert (await ask(app, "GET", f"/-/jobs?limit={limit}")).status == 400
    assert (await ask(app, "GET", "/-/jobs?offset=nowhere")).status == 400


@pytest.mark.parametrize(("method", "target"), [("PUT", "/-/jobs/1"), ("POST", "/-/jobs"), ("GET", "/-/jobs/1/cancel")])
async def test_there_is_nothing_else_to_ask(make_app, method, target):
    assert (await ask(make_app(), method, target)).status == 404


async def test_a_job_that_has_ended_can_be_removed_with_all_that_is_kept_of_it(make_app):
    app = make_app()
    path = await begun(app, [creation("T"), ME])
    await ended(app, path)
    assert (await ask(app, "DELETE", path)).status == 200
    assert (await ask(app, "GET", path)).status == 404
    assert app.store.all_shelved() == []


async def test_a_job_is_kept_for_some_time_only(make_app):
    app = make_app(job_results=60)
    path = await begun(app, [creation("T"), ME])
    assert (await ended(app, path))["expires_at"] == "2026-11-22T12:01:00.000Z"
    app.clock.set(NOON + timedelta(seconds=61))
    assert (await ask(app, "GET", path)).status == 404
    assert (await ask(app, "GET", "/-/jobs")).json["data"] == []
    app.clock.set(NOON + timedelta(hours=2))
    app.store.drop_shelved(app.clock().timestamp())
    app.store.commit()
    assert app.store.all_shelved() == []


# -- while it runs -----------------------------------------------------------------------------------------------------


async def test_what_is_there_already_is_told_in_order_with_nothing_for_the_rest(make_app):
    app = make_app(limits="requests=6")
    path = await begun(app, [creation(f"T{number}") for number in range(8)])
    job = await done(app, path, 5)
    assert statuses(job) == [201] * 5 + [None] * 3
    assert (job["status"], job["finished_at"]) == ("running", None)
    assert (await ask(app, "DELETE", path)).status == 409
    await app.runner.close()


async def test_where_a_limit_refuses_a_job_waits_until_there_is_room(make_app, monkeypatch):
    app = make_app()
    now = 0.0
    app.engine.admission = Admission(MemoryLimiter(profile("requests=10"), lambda: now))
    waits = []

    async def sleep(seconds):
        nonlocal now
        waits.append(seconds)
        now += seconds

    monkeypatch.setattr(job_actions, "asyncio", _Asyncio(sleep))
    job = await ended(app, await begun(app, [creation(f"T{number}") for number in range(35)]))
    assert statuses(job) == [201] * 35
    assert 180 <= sum(waits) < 250
    assert max(waits) == job_actions.LONGEST_WAIT


class _Asyncio:
    """The module, with another way to sleep."""

    def __init__(self, sleep):
        self.sleep = sleep

    def __getattr__(self, name):
        return getattr(asyncio, name)


async def test_actions_of_a_job_are_charged_like_others(make_app):
    app = make_app(limits="requests=30")
    await ended(app, await begun(app, [ME] * 20))
    assert (await ask(app, "POST", BATCH, {"data": {"actions": [ME] * 10}})).status == 429
    assert (await ask(app, "POST", BATCH, {"data": {"actions": [ME] * 9}})).status == 200


async def test_what_alone_is_too_much_for_a_limit_is_refused_for_good(make_app):
    app = make_app(limits="requests=30,writes=1")
    app.engine.admission = Admission(MemoryLimiter(profile("requests=30,reads=5")), _Never("writes"))
    job = await ended(app, await begun(app, [creation("T"), ME]))
    assert statuses(job) == [429, 200]


class _Never(NoLimiter):
    """A limiter that never lets anything through that has some cost."""

    def __init__(self, cost):
        self._cost = cost

    async def look(self, _, costs):
        return Refusal(self._cost, None) if self._cost in costs else ()


async def test_a_job_that_is_cancelled_begins_nothing_more(make_app):
    app = make_app(limits="requests=6")
    path = await begun(app, [creation(f"T{number}") for number in range(8)])
    await done(app, path, 5)
    assert (await ask(app, "POST", f"{path}/cancel")).json["data"]["cancelling"]
    job = await ended(app, path)
    assert job["status"] == "cancelled"
    assert statuses(job) == [201] * 5 + [424] * 3
    assert job["results"][-1]["body"]["errors"][0]["message"] == "Not carried out: the job was cancelled"
    app.engine.admission = Admission()
    assert len(await names(app)) == 5
    again = await ask(app, "POST", f"{path}/cancel")
    assert (again.status, again.json["data"]["status"]) == (200, "cancelled")


async def test_a_job_that_another_process_was_told_to_cancel_ends_too(make_app):
    app = make_app(limits="requests=6")
    path = await begun(app, [creation(f"T{number}") for number in range(8)])
    await done(app, path, 5)
    app.jobs._running, kept = {}, app.jobs._running
    await ask(app, "POST", f"{path}/cancel")
    assert (await ended(app, path))["status"] == "cancelled"
    assert kept


async def test_whoever_is_let_in_no_more_has_nothing_carried_out(make_app, monkeypatch):
    app = make_app(limits="requests=6")
    monkeypatch.setattr(job_actions, "RIGHTS", 0)
    path = await begun(app, [creation(f"T{number}") for number in range(8)])
    await done(app, path, 5)
    (number, _) = app.store.token_user(digest("token-of-ada"))
    job, _ = records.find(app.store, path.rpartition("/")[2], 0.0)
    app.store.revoke_token(number, "2026-11-22T12:00:00.000Z")
    app.store.commit()
    app.engine.admission = Admission()
    await until(_is_over(app, job.id))
    found, _ = records.find(app.store, job.id, 0.0)
    assert (found.status, found.why) == ("failed", "Whoever asked for this job is not authorized any more")
    results = records.results(app.store, found)
    assert [results[str(place)].status for place in range(8)] == [201] * 5 + [401] * 3


def _is_over(app, job):
    async def look():
        return records.find(app.store, job, 0.0)[0].status in records.OVER

    return look


async def test_a_job_has_so_much_time_and_no_more(make_app):
    app = make_app(limits="requests=6", job_deadline=0.5)
    path = await begun(app, [creation(f"T{number}") for number in range(8)])
    job = await ended(app, path)
    assert (job["status"], job["error"]["message"]) == ("failed", "This request took too long to complete.")
    assert statuses(job) == [201] * 5 + [504] * 3


async def test_results_that_are_too_large_together_are_not_kept(make_app):
    app = make_app(max_job_results=500)
    full = {"method": "get", "relative_path": "/tasks/1030"}
    job = await ended(app, await begun(app, [ME, full, ME]))
    assert statuses(job) == [200, 507, 200]


async def test_so_many_jobs_of_a_caller_are_under_way_and_the_others_wait(make_app):
    app = make_app(limits="asana-paid")
    never = Admission(_Waiting())
    app.engine.admission, usual = never, app.engine.admission
    app.job_desk._engine = _Admitting(app.engine)
    paths = [await begun(app, [ME]) for _ in range(7)]
    others = await begun(app, [ME], token=GRACE)

    async def running():
        found = [(await job_at(app, path))["status"] for path in paths]
        found.append((await job_at(app, others, token=GRACE))["status"])
        return found if found.count("running") == 6 else None

    assert await until(running) == ["running"] * 5 + ["queued"] * 2 + ["running"]
    cancelled = await ask(app, "POST", f"{paths[5]}/cancel")
    assert cancelled.json["data"]["status"] == "cancelled"
    await ask(app, "POST", f"{paths[0]}/cancel")
    await ended(app, paths[0])
    await until(running)
    assert (await job_at(app, paths[6]))["status"] == "running"
    app.engine.admission = usual
    assert [(await ended(app, path))["status"] for path in paths[1:5]] == ["succeeded"] * 4


class _Waiting:
    """A limiter that has room some other time."""

    async def look(self, *_):
        return Refusal("requests", 1)

    take = look


class _Admitting:
    """The engine, as it takes in what is asked for."""

    def __init__(self, engine):
        self.admission = Admission()
        self.target = engine.target
        self.means = engine.means


# -- when a process dies -----------------------------------------------------------------------------------------------


@pytest.fixture
def created(monkeypatch):
    """Notes each creation that was really carried out."""
    found = []
    handler = Session.answer

    def answer(self, call, *more):
        given = handler(self, call, *more)
        if call.method == "POST" and call.path == "/tasks":
            found.append(call.body["data"]["name"])
        return given

    monkeypatch.setattr(Session, "answer", answer)
    return found


async def killed(app):
    """End all that is carried on, as the death of the process does; nothing more is kept of it."""
    for task in list(app.runner._tasks.values()):
        task.cancel()
    await asyncio.gather(*app.runner._tasks.values(), return_exceptions=True)
    await app.jobs.drain(5)
    app.jobs, app.teller, app.job_desk = put_together(app)
    app.jobs.runner = app.teller.runner = app.runner
    app.runner._performances["batch"] = app.jobs.perform


@pytest.mark.parametrize("kept", [True, False])
async def test_a_job_is_gone_on_with_where_it_was_left(make_app, monkeypatch, kept):
    app = make_app(limits="requests=8")
    before = await _tasks(app)
    if not kept:  # nobody had the time to write down how far it was

        async def keep(*_):
            return True

        monkeypatch.setattr(Recorder, "_keep", keep)
    actions = [
        creation("T parent", id="parent"),
        ME,
        *[creation(f"T below {{{{parent.body.data.gid}}}}, {number}") for number in range(3)],
        creation("T for {{index}} of {{parent.body.data.gid}}", for_each="{{me.body.data.workspaces}}"),
        {"method": "get", "relative_path": "/users/me", "id": "me"},
        {"method": "get", "relative_path": "/tasks/{{parent.body.data.gid}}", "options": {"fields": ["name"]}},
        *[creation(f"T late {number}", depends_on=["parent"]) for number in range(3)],
    ]
    path = await begun(app, actions)

    async def waiting():
        return len(await _tasks(app)) >= len(before) + 3

    await until(waiting)
    half = await _tasks(app)
    await killed(app)
    monkeypatch.undo()
    app.engine.admission = Admission()
    await app.jobs.resume()
    job = await ended(app, path)
    assert statuses(job) == [201, 200, 201, 201, 201, 200, 200, 200, 201, 201, 201]
    after = await _tasks(app)
    assert len(after) == len(before) + 8
    assert half == after[: len(half)]
    gids = {result["body"]["data"]["gid"] for result in job["results"] if result["status_code"] == 201}
    assert len(gids) == 7
    assert job["progress"] == {"done": 11, "failed": 0, "total": 11}


async def _tasks(app):
    """The names of all tasks, in the order in which they were made."""
    return [decode(app.store.record(gid).document)["name"] for gid in app.store.of_kind("task")]


async def test_what_was_done_is_not_carried_out_again(make_app, created):
    app = make_app(limits="requests=6")
    path = await begun(app, [creation(f"T{number}") for number in range(8)])
    await done(app, path, 5)
    await killed(app)
    app.engine.admission = Admission()
    await app.jobs.resume()
    await app.jobs.resume()
    assert statuses(await ended(app, path)) == [201] * 8
    assert sorted(created) == [f"T{number}" for number in range(8)]


async def test_two_processes_that_carry_on_one_job_do_nothing_twice(make_app):
    app = make_app()
    before = await _tasks(app)
    other, teller, _ = put_together(app)
    other.runner = teller.runner = app.runner
    app.runner.start = lambda *_: None
    path = await begun(app, [creation(f"T{number}") for number in range(30)])
    job = path.rpartition("/")[2]
    await asyncio.gather(app.jobs.perform(job), other.perform(job), app.jobs.perform(job))
    found = await job_at(app, path)
    assert (found["status"], statuses(found)) == ("succeeded", [201] * 30)
    gids = [result["body"]["data"]["gid"] for result in found["results"]]
    assert [_name(app, gid) for gid in gids] == [f"T{number}" for number in range(30)]
    assert len(await _tasks(app)) == len(before) + 30


def _name(app, gid):
    return decode(app.store.record(int(gid)).document)["name"]


async def test_a_job_that_was_cancelled_while_nobody_carried_it_on_ends_when_somebody_does(make_app):
    app = make_app(limits="requests=6")
    path = await begun(app, [creation(f"T{number}") for number in range(8)])
    await done(app, path, 5)
    await killed(app)
    await ask(app, "POST", f"{path}/cancel")
    await app.jobs.resume()
    job = await ended(app, path)
    assert (job["status"], statuses(job)) == ("cancelled", [201] * 5 + [424] * 3)


async def test_a_job_that_breaks_has_failed(make_app, monkeypatch, caplog):
    app = make_app()

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(BatchWork, "run", broken)
    path = await begun(app, [ME])
    job = await ended(app, path)
    assert (job["status"], job["error"]["message"]) == ("failed", "Server Error")
    assert "broke off" in caplog.text


async def test_where_the_database_is_away_a_job_waits_for_it(make_app, monkeypatch):
    app = make_app()
    monkeypatch.setattr(job_actions, "AGAIN", 0)
    away = iter([Unavailable(), Undecided(), Unavailable()])
    send = app.api.send

    async def sometimes(call, *once):
        error = next(away, None)
        if error is not None:
            raise error
        return await send(call, *once)

    monkeypatch.setattr(app.api, "send", sometimes)
    job = await ended(app, await begun(app, [creation("T"), ME]))
    assert statuses(job) == [201, 200]
    assert await names(app) == ["T"]


async def test_what_is_being_kept_when_a_job_ends_is_kept(make_app, monkeypatch):
    app = make_app()
    path = await begun(app, [ME] * 3)
    keeping = asyncio.Event()

    async def keep(*_):
        keeping.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Recorder, "_keep", keep)
    job = await ended(app, path)
    assert statuses(job) == [200] * 3
    assert keeping.is_set()


# -- what is told of it ------------------------------------------------------------------------------------------------


async def test_jobs_are_counted_and_stand_in_the_access_log_with_their_actions(make_app, tmp_path):
    app = make_app(metrics=True, access_log=str(tmp_path / "log"))
    before = await _counted(app)
    job = await ended(app, await begun(app, [ME, {"method": "get", "relative_path": "/tasks/999"}]))
    app.log.flush()
    lines = [json.decode(line) for line in (tmp_path / "log").read_text().splitlines()]
    (noted,) = [line for line in lines if line.get("method") == "JOB"]
    assert (noted["request"], noted["path"], noted["actions"]) == (f"job-{job['id']}", "/api/1.0/batch", 2)
    assert [line["status"] for line in lines if line["request"] == noted["request"] and "action" in line] == [200, 404]
    assert await _counted(app) == before + 1


async def _counted(app):
    text = (await ask(app, "GET", "/-/metrics")).body.decode()
    found = [line for line in text.splitlines() if line.startswith('fanfold_jobs_total{status="succeeded"}')]
    return float(found[0].split()[1]) if found else 0.0


async def test_whoever_asks_what_is_offered_is_told_of_jobs(make_app):
    told = (await ask(make_app(max_job_actions=50), "OPTIONS", BATCH)).json["data"]
    assert (told["max_job_actions"], "jobs" in told["features"]) == (50, True)
