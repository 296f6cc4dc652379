"""Several processes over one PostgreSQL database, here several APIs in one: each sees at once what the others did."""

import asyncio
import os
import random
import time

import psycopg
import pytest
from msgspec import json

from fanfold.errors import RequestError, Unavailable
from fanfold.model import Call, Caller
from fanfold.work.seed import first_user, seed
from fanfold.work.shared_api import SharedApi
from fanfold.work.store import database as postgres_database
from fanfold.work.store import mirror, questions, reading
from fanfold.work.store.database import OPTIONS
from fanfold.work.store.postgres import WRITING, PostgresStore
from fanfold.work.store.questions import put
from tests import databases

pytestmark = pytest.mark.services

NAME = f"fanfold_shared_api_{os.getpid()}"


@pytest.fixture(scope="module")
def database():
    databases.need_postgres()
    url = databases.make(NAME)
    store = PostgresStore.open(url)
    seed(store, "demo")
    found = url, store.signing_key, str(first_user(store))
    store.close()
    yield found
    databases.drop(NAME)


class Worker:
    """One of the processes."""

    def __init__(self, database, connections=4):
        url, key, self.user = database
        self.api = SharedApi(url, key, connections=connections)

    async def ask(self, method, path, data=None, **query):
        endpoint, params = self.api.resolve(method, path)
        body = None if data is None else {"data": data}
        call = Call(method, path, tuple(query.items()), body, (), Caller("test", self.user), endpoint, params)
        answer = await self.api.send(call)
        return json.decode(answer.body)["data"]

    async def shown(self, paths):
        """What is at each path, or how that is refused."""
        found = []
        for path in paths:
            try:
                found.append(await self.ask("GET", path))
            except RequestError as error:
                found.append(error.message)
        return found


@pytest.fixture
async def workers(database):
    made = [Worker(database) for _ in range(3)]
    for worker in made:
        await worker.api.open()
    yield made
    for worker in made:
        await worker.api.close()


@pytest.fixture
async def here(workers):
    return workers[0]


@pytest.fixture
async def workspace(here):
    return (await here.ask("GET", "/workspaces"))[0]["gid"]


@pytest.fixture
async def project(here, workspace):
    team = (await here.ask("GET", f"/workspaces/{workspace}/teams"))[0]["gid"]
    return (await here.ask("POST", "/projects", {"name": "P", "workspace": workspace, "team": team}))["gid"]


# -- what is kept is always true -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(6))
async def test_whoever_has_read_something_before_sees_what_a_newcomer_sees(
    workers, workspace, project, number, database
):
    chance = random.Random(number)
    users = [user["gid"] for user in await workers[0].ask("GET", f"/workspaces/{workspace}/users")]
    tasks = [(await workers[0].ask("POST", "/tasks", {"name": "T", "projects": [project]}))["gid"] for _ in range(3)]
    section = (await workers[0].ask("POST", f"/projects/{project}/sections", {"name": "S"}))["gid"]
    tag = (await workers[0].ask("POST", "/tags", {"name": "Tag", "workspace": workspace}))["gid"]

    def some():
        task = chance.choice(tasks)
        return chance.choice(
            [
                ("PUT", f"/tasks/{task}", {"name": f"n{chance.random()}", "assignee": chance.choice(users)}),
                ("POST", f"/tasks/{task}/addFollowers", {"followers": [chance.choice(users)]}),
                ("POST", f"/tasks/{task}/removeFollowers", {"followers": [chance.choice(users)]}),
                ("POST", f"/tasks/{task}/addTag", {"tag": tag}),
                ("POST", f"/tasks/{task}/removeTag", {"tag": tag}),
                ("POST", f"/sections/{section}/addTask", {"task": task}),
                ("POST", f"/tasks/{task}/stories", {"text": f"s{chance.random()}"}),
                ("PUT", f"/tags/{tag}", {"name": f"t{chance.random()}"}),
                ("PUT", f"/projects/{project}", {"name": f"p{chance.random()}", "archived": chance.random() < 0.5}),
                ("PUT", f"/projects/{project}", {"privacy_setting": chance.choice(["private", "public_to_workspace"])}),
                ("POST", f"/tasks/{task}/setParent", {"parent": chance.choice([None, *tasks])}),
                ("DELETE", f"/tasks/{chance.choice(tasks)}", None),
            ]
        )

    paths = [f"/tasks/{task}" for task in tasks]
    paths += [f"/projects/{project}", f"/projects/{project}/tasks", f"/sections/{section}/tasks", "/users/me"]
    for _ in range(25):
        method, path, data = some()
        (refused,) = await asyncio.gather(chance.choice(workers).ask(method, path, data), return_exceptions=True)
        assert not isinstance(refused, Exception) or refused.status < 500
        newcomer = Worker(database, connections=2)
        await newcomer.api.open()
        fresh = await newcomer.shown(paths)
        await newcomer.api.close()
        for worker in workers:
            assert await worker.shown(paths) == fresh, (method, path)


async def test_a_token_that_was_revoked_is_looked_up_anew(workers):
    before = workers[0].api.changes_elsewhere()
    await workers[1].api.write(lambda session: session.store.revoke_token(999, "2026-01-01T00:00:00.000Z"))
    for _ in range(200):
        if workers[0].api.changes_elsewhere() != before:
            break
        await asyncio.sleep(0.01)
    assert workers[0].api.changes_elsewhere() != before


# -- reading together ------------------------------------------------------------------------------------------------


@pytest.fixture
async def ten(here, project):
    """Ten tasks, of which the process that made them knows more than that which comes later."""
    return [(await here.ask("POST", "/tasks", {"name": str(n), "projects": [project]}))["gid"] for n in range(10)]


async def trips(worker, gids, **query):
    """The round trips that it takes to read some tasks at once."""
    before = worker.api.database.readers.trips
    shown = await asyncio.gather(*[worker.ask("GET", f"/tasks/{gid}", **query) for gid in gids])
    assert [task["name"] for task in shown] == [str(n) for n in range(10)]
    return worker.api.database.readers.trips - before


async def test_ten_reads_at_once_are_two_round_trips_in_a_process_that_knows_nothing(workers, ten):
    newcomer = workers[2]
    assert await trips(newcomer, ten) == 2
    assert await trips(newcomer, ten) == 1


@pytest.mark.parametrize("query", [{}, {"opt_fields": "name,followers.name,memberships.section.name"}])
async def test_ten_reads_at_once_are_one_round_trip_where_no_more_is_known_than_what_they_hang_on(
    here, workers, project, ten, query
):
    other = (await here.ask("POST", "/tasks", {"name": "first", "projects": [project]}))["gid"]
    await workers[2].ask("GET", f"/tasks/{other}", **query)
    assert await trips(workers[2], ten, **query) == 1


async def test_lists_that_are_too_long_to_be_kept_are_asked_for_once_all_the_same(workers, ten, monkeypatch):
    monkeypatch.setattr(mirror, "MAX_LIST", 0)
    await trips(workers[2], ten)
    assert await trips(workers[2], ten) <= 2


async def test_answers_that_overtake_each_other_leave_nothing_old_behind(workers, ten, monkeypatch):
    here, other = workers[0], workers[1]
    task, another, third = ten[:3]
    await trips(here, ten)
    await other.ask("PUT", f"/tasks/{task}", {"notes": "first"})
    await here.ask("GET", f"/tasks/{another}")  # it hears that the task was touched
    gates, held = [], asyncio.Semaphore(0)

    async def put_and_wait(connection, questions):
        found = await put(connection, questions)
        if gates:
            gate = gates.pop(0)
            held.release()
            await gate.wait()
        return found

    monkeypatch.setattr(reading, "put", put_and_wait)
    gates += [first_gate := asyncio.Event()]
    first = asyncio.create_task(here.ask("GET", f"/tasks/{task}"))
    await held.acquire()
    await other.ask("PUT", f"/tasks/{task}", {"notes": "second"})
    await here.ask("GET", f"/tasks/{another}")
    gates += [last_gate := asyncio.Event()]
    last = asyncio.create_task(here.ask("GET", f"/tasks/{third}"))
    await held.acquire()
    first_gate.set()
    assert (await first)["notes"] in {"first", "second"}
    last_gate.set()
    await last
    assert (await here.ask("GET", f"/tasks/{task}"))["notes"] == "second"


async def test_links_without_a_record_are_no_record(here, workspace):
    user = int(here.user)
    await here.api.write(lambda session: session.store.link(5_000_000, "task.followers", user))
    with pytest.raises(RequestError) as refused:
        await here.ask("GET", "/tasks/5000000")
    assert refused.value.status == 404


async def test_what_is_looked_up_by_keys_is_planned_once_and_not_each_time(here, ten):
    plans = "SELECT statement, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%ANY%'"
    for _ in range(12):
        here.api.forget()
        await trips(here, ten)
    for _ in range(4):  # each of the connections
        for statement, custom in (await here.api.database.readers.ask((plans, ()))).rows:
            assert custom <= 5, statement


async def test_questions_that_are_too_long_for_one_piece_are_sent_and_answered(here):
    readers = here.api.database.readers
    text = "x" * 3_000_000
    found = await asyncio.gather(*[readers.ask(("SELECT $1::text || $2::text", (text, str(n)))) for n in range(8)])
    assert [rows for (rows,) in [one.rows[0] for one in found]] == [f"{text}{n}" for n in range(8)]


async def test_a_question_that_is_wrong_fails_alone(here):
    readers = here.api.database.readers
    good, bad = readers.ask(("SELECT 1", ())), readers.ask(("SELECT 1 / 0", ()))
    also = readers.ask(("SELECT 2", ()))
    assert (await good).rows == [(1,)]
    assert (await also).rows == [(2,)]
    with pytest.raises(psycopg.errors.DivisionByZero):
        await bad


async def test_whoever_gives_up_leaves_no_answer_to_the_next(here):
    chance = random.Random(1)
    readers = here.api.database.readers

    async def ask(number):
        return (await readers.ask((f"SELECT {number} FROM pg_sleep(0.002)", ()))).rows

    async def one(number):
        task = asyncio.create_task(ask(number))
        if chance.random() < 0.5:
            await asyncio.sleep(chance.random() * 0.003)
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            return None

    for start in range(0, 400, 20):
        found = await asyncio.gather(*[one(number) for number in range(start, start + 20)])
        for number, rows in enumerate(found, start):
            assert rows in (None, [(number,)])


async def test_a_connection_whose_answer_nobody_waits_for_is_closed(here):
    async with here.api.database._reading.connection() as connection:
        task = asyncio.create_task(put(connection, [("SELECT pg_sleep(5)", ())]))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert connection.closed
    assert (await here.api.database.readers.ask(("SELECT 7", ()))).rows == [(7,)]


# -- writing in groups -----------------------------------------------------------------------------------------------


async def test_what_comes_together_is_committed_together(here, project):
    lanes = here.api.database.lanes
    await here.ask("POST", "/tasks", {"name": "warm", "projects": [project]})
    before = lanes.commits
    made = await asyncio.gather(
        *[here.ask("POST", "/tasks", {"name": str(number), "projects": [project]}) for number in range(20)]
    )
    assert [task["name"] for task in made] == [str(number) for number in range(20)]
    assert lanes.commits - before <= 2
    listed = await here.ask("GET", f"/projects/{project}/tasks")
    assert [task["gid"] for task in listed][1:] == [task["gid"] for task in made]


async def test_an_action_that_is_refused_takes_nothing_of_the_others_back(here, project):
    good = [here.ask("POST", "/tasks", {"name": str(number), "projects": [project]}) for number in range(5)]
    bad = [here.ask("POST", "/tasks", {"name": "bad", "projects": [project], "assignee": "nobody"}) for _ in range(5)]
    found = await asyncio.gather(*[one for pair in zip(good, bad, strict=True) for one in pair], return_exceptions=True)
    assert [isinstance(one, RequestError) for one in found] == [False, True] * 5
    names = [task["name"] for task in await here.ask("GET", f"/projects/{project}/tasks")]
    assert sorted(names) == ["0", "1", "2", "3", "4"]


async def test_a_statement_that_fails_takes_nothing_of_the_others_back(here, workspace):
    lane = int(workspace)

    def wrong(session):
        session.store.set("half", b"1")
        session.store._wire.tell("SELECT 1 / 0")

    work = [here.api.write(lambda session, n=n: session.store.set(f"whole {n}", b"1"), lane) for n in range(3)]
    found = await asyncio.gather(work[0], here.api.write(wrong, lane), *work[1:], return_exceptions=True)
    assert [isinstance(one, Exception) for one in found] == [False, True, False, False]
    kept = [await here.api.read(lambda session, n=n: session.store.setting(f"whole {n}")) for n in range(3)]
    assert kept == [b"1"] * 3
    assert await here.api.read(lambda session: session.store.setting("half")) is None


async def test_what_turns_out_to_be_of_another_workspace_is_done_with_all_of_them_locked(here, workspace):
    def rename(session):
        row = session.store.record(int(here.user))
        session.store.rewrite(row._replace(compact=row.compact))
        return row.workspace

    assert await here.api.write(rename, lane=int(workspace)) == 0


async def test_counters_that_everybody_raises_lose_nothing(workers, workspace):
    lane = int(workspace)

    def raised(session):
        value = int(session.store.setting("counter") or 0) + 1
        session.store.set("counter", str(value).encode())

    await asyncio.gather(*[worker.api.write(raised, lane) for worker in workers for _ in range(40)])
    assert await workers[0].api.read(lambda session: session.store.setting("counter")) == b"120"


async def test_followers_of_a_workspace_miss_nothing_that_is_committed_while_others_write(workers, workspace, project):
    """Sequence numbers are given before the commit, and yet nobody's token passes what is still to come."""
    follower = workers[2]
    token = None
    seen = set()
    begun, done = asyncio.Event(), asyncio.Event()

    async def follow():
        nonlocal token
        while True:
            over = done.is_set()
            endpoint, params = follower.api.resolve("GET", f"/projects/{project}/events")
            query = (("sync", token),) if token else ()
            call = Call("GET", "/", query, None, (), Caller("test", follower.user), endpoint, params)
            try:
                body = json.decode((await follower.api.send(call)).body)
            except RequestError as error:
                token = error.extra["sync"]
                begun.set()
                continue
            token = body["sync"]
            seen.update(event["resource"]["gid"] for event in body["data"] if event["action"] == "added")
            if over and not body["has_more"] and not body["data"]:
                return
            await asyncio.sleep(0)

    task = asyncio.create_task(follow())
    await begun.wait()
    made = await asyncio.gather(
        *[
            worker.ask("POST", "/tasks", {"name": "N", "projects": [project]})
            for worker in workers[:2]
            for _ in range(30)
        ]
    )
    done.set()
    await asyncio.wait_for(task, 30)
    assert {one["gid"] for one in made} <= seen


# -- a database that is away -----------------------------------------------------------------------------------------


async def test_where_nobody_answers_the_client_is_told_to_come_again(monkeypatch):
    monkeypatch.setattr("fanfold.work.store.database.AT_MOST", 0.2)
    api = SharedApi("postgresql://nobody@127.0.0.1:1/none", b"key", connections=2)
    await api.open()
    endpoint, params = api.resolve("GET", "/users/me")
    with pytest.raises(Unavailable) as away:
        await api.send(Call("GET", "/users/me", (), None, (), Caller("test", "1"), endpoint, params))
    assert away.value.status == 503
    assert away.value.retry_after == 1
    endpoint, params = api.resolve("POST", "/tasks")
    with pytest.raises(Unavailable):
        await api.send(Call("POST", "/tasks", (), {"data": {"name": "x"}}, (), Caller("test", "1"), endpoint, params))
    await api.close()


async def test_connections_that_were_cut_are_made_anew(here, workspace):
    await here.ask("GET", "/users/me")
    databases.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{NAME}' "
        "AND application_name LIKE 'fanfold %'"
    )
    assert (await here.ask("GET", "/users/me"))["gid"] == here.user
    for attempt in range(20):
        try:
            await here.ask("POST", "/tasks", {"name": "after", "workspace": workspace})
            break
        except Unavailable:
            assert attempt < 19
            await asyncio.sleep(0.1)


async def test_a_commit_of_which_nobody_saw_the_end_is_not_said_to_have_failed(here, workspace, monkeypatch):
    async def lost(connection, asked):
        if asked[-1][0] == "COMMIT":
            await put(connection, asked)
            await connection.close()
            raise psycopg.OperationalError("the connection is lost")
        return await put(connection, asked)

    monkeypatch.setattr("fanfold.work.store.lanes.put", lost)
    with pytest.raises(RequestError) as undecided:
        await here.ask("POST", "/tags", {"name": "Undecided", "workspace": workspace})
    assert undecided.value.status == 504
    monkeypatch.undo()
    tags = await here.ask("GET", f"/workspaces/{workspace}/tags")
    assert [tag["name"] for tag in tags].count("Undecided") == 1


async def test_a_worker_that_stands_still_in_a_write_loses_it_to_the_others(database, monkeypatch):
    monkeypatch.setattr(postgres_database, "OPTIONS", OPTIONS.replace("session_timeout=5s", "session_timeout=300ms"))
    worker = Worker(database)
    await worker.api.open()
    (lane,) = [int(found["gid"]) for found in await worker.ask("GET", "/workspaces")][:1]
    tries = []

    def another_got_the_lock():
        with psycopg.connect(database[0]) as other:
            other.execute("SET lock_timeout = '5s'")
            other.execute("SELECT pg_advisory_xact_lock(%s::int, %s::int)", (WRITING, 0))

    def work(session):
        session.store.set("stood still", str(len(tries)).encode())
        session.store.setting("something else")  # both are in the database now, and nothing is committed
        tries.append(session)
        if len(tries) == 1:
            another_got_the_lock()  # while this thread, and so the whole process, does nothing else
            time.sleep(0.3)  # the database lets go of the lock a little before it closes the connection

    try:
        await worker.api.write(work, lane)
        assert len(tries) == 2
        assert await worker.api.read(lambda session: session.store.setting("stood still")) == b"1"
    finally:
        await worker.api.close()


def test_a_time_limit_is_shorter_than_that_of_the_database():
    assert questions.PATIENCE < 15
