"""The checker is silent about a server that kept its promises, and sees every sort of promise that was broken."""

import asyncio
import random

import pytest

from faults.checker import ask_again, assert_invariants, charged, printed
from faults.history import History
from faults.inside import SqliteInside
from faults.server import Server
from faults.workload import Client, prepare


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("checked"))
    asyncio.run(server.start())
    yield server
    assert asyncio.run(server.stop()) == 0


class Done:
    """A run of one client that is over, and what the checker finds of it."""

    def __init__(self, server, ground, history, client):
        self.server, self.ground, self.history, self.client = server, ground, history, client

    async def found(self):
        inside = SqliteInside(self.server.db)
        return await assert_invariants(self.server, inside, self.ground, self.history, sound=False)

    def one(self, what, state="ok"):
        gone = {one.key for one in self.history.of("delete")}
        return next(one for one in self.history.of(what, state) if one.gid not in gone)


@pytest.fixture
async def done(server, request):
    history = History()
    async with server.link() as link:
        ground = await prepare(link, request.node.name[:40])
    client = Client(request.node.name[:20], server, ground, history, random.Random(5))
    for _ in range(12):
        assert await client.once()
    client.link.close()
    return Done(server, ground, history, client)


async def test_a_server_that_keeps_its_promises_is_found_right(done):
    assert await done.found() == []
    assert {one.what for one in done.history.operations} == {
        *("create", "keyed", "bad", "story", "write", "read", "delete")
    }


async def test_a_lost_task_is_seen(done):
    async with done.server.link() as link:
        await link.ask("DELETE", f"/api/1.0/tasks/{done.one('create').gid}")
    found = await done.found()
    assert [one[:2] for one in found] == ["I1", "I1"]


async def test_a_changed_task_is_seen(done):
    async with done.server.link() as link:
        await link.data("PUT", f"/tasks/{done.one('create').gid}", name="other")
    assert {one[:2] for one in await done.found()} == {"I1", "I2"}


async def test_a_half_task_is_seen(done):
    async with done.server.link() as link:
        await link.data("POST", f"/tasks/{done.one('create').gid}/removeTag", tag=done.ground.tag)
    assert [one[:2] for one in await done.found()] == ["I3"]


async def test_what_is_left_of_a_refused_task_is_seen(done):
    bad = done.one("bad", "fail")
    async with done.server.link() as link:
        await link.data("POST", "/tasks", name=bad.value, projects=[done.ground.project])
    assert "I3: something of the refused" in " ".join(await done.found())


async def test_a_task_that_is_there_twice_is_seen(done):
    async with done.server.link() as link:
        await link.data("POST", "/tasks", name=done.one("keyed").value, projects=[done.ground.project])
    assert any(one.startswith("I7") for one in await done.found())


async def test_a_lost_update_is_seen(done):
    written = done.one("write")
    async with done.server.link() as link:
        await link.data("PUT", f"/tasks/{written.key}", notes="first")
    assert [one[:2] for one in await done.found()] == ["I1"]


async def test_a_lost_story_is_seen(done):
    async with done.server.link() as link:
        await link.ask("DELETE", f"/api/1.0/stories/{done.one('story').gid}")
    assert [one[:2] for one in await done.found()] == ["I1"]


async def test_a_story_that_is_told_twice_is_seen(done):
    story = done.one("story")
    async with done.server.link() as link:
        await link.data("POST", f"/tasks/{story.key}/stories", text=story.value)
    assert any(one.startswith("I7") for one in await done.found())


async def test_a_deleted_task_that_is_back_is_seen(done):
    done.one("delete").key = done.one("create").gid
    assert any("was deleted and is answered" in one for one in await done.found())


async def test_a_key_that_does_its_work_again_is_seen(done):
    keyed = done.one("keyed")
    keyed.gid = "1"
    async with done.server.link() as link:
        assert [one[:2] for one in await ask_again(link, done.history, done.ground)] == ["I7"]


async def test_a_wrong_charge_is_seen(done):
    async with done.server.link() as link:
        (found,) = await charged(link, 1)
    assert found.startswith("I6")


async def test_a_traceback_and_a_secret_in_the_log_are_seen(tmp_path):
    quiet = Server(tmp_path)
    log = tmp_path / f"server-{quiet.address.port}.log"
    log.write_text(f"Traceback (most recent call last):\n  File x\nValueError: no\n{quiet.address.token}\n")
    assert [one[:3] for one in printed(quiet)] == ["I11", "I11"]


async def test_an_answer_to_somebody_else_is_seen(done, monkeypatch):
    monkeypatch.setattr(done.client, "_nonce", lambda: "told")
    action = done.client._create()
    action.operation.value = "asked"
    done.client._note(action.operation, {"status_code": 201, "body": {"data": {"gid": "1", "name": "told"}}})
    assert done.history.wrong == ["I4: asked was answered with 'told'"]
