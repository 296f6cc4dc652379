"""A file that cannot be written: nothing is kept by half, whoever asked is told why, and all goes on when it can be."""

import asyncio

import apsw
import pytest

from fanfold.engine import Engine
from fanfold.errors import NoRoom, Unavailable
from fanfold.model import Action, Batch, Caller
from fanfold.work import SqliteStore, WorkApi
from fanfold.work.seed import first_user, seed

LONG = "x" * 60_000


class Desk:
    """The work API over a file, and what its first user asks of it."""

    def __init__(self, path):
        self.path = path
        self.store = SqliteStore(path)
        seed(self.store, "demo")
        self.api = WorkApi(self.store)
        self.caller = Caller("test", str(first_user(self.store)))
        self.engine = Engine(self.api)
        self.workspace = self.ask(("GET", "/workspaces", None))[0].answer.body.split(b'"')[5].decode()

    def ask(self, *asked):
        actions = tuple(Action(method, path, (), data and {"data": data}) for method, path, data in asked)
        return asyncio.run(self.engine.run(Batch(actions), self.caller))

    def carry_through(self, job):
        while asyncio.run(self.api.carry_on(job)):
            pass

    def create(self, name, notes=""):
        return ("POST", "/tasks", {"name": name, "notes": notes, "workspace": self.workspace})

    def statuses(self, *asked):
        return [result.answer.status if result.answer else result.error.status for result in self.ask(*asked)]

    def names(self):
        sql = "SELECT json_extract(CAST(document AS TEXT), '$.name') FROM record WHERE kind = 'task'"
        return {name for (name,) in self.store._connection.execute(sql)}

    def leave_room(self, pages):
        """Let the file grow by so many pages and no more; None for as many as it likes."""
        (now,) = self.store._connection.execute("PRAGMA page_count").fetchone()
        most = 1_000_000 if pages is None else now + pages
        self.store._connection.execute(f"PRAGMA max_page_count = {most}")


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "small.db")
    yield desk
    desk.store.close()


@pytest.fixture
def other(desk):
    database = apsw.Connection(str(desk.path))
    yield database
    database.close()


def test_without_room_writes_are_refused_and_leave_nothing(desk):
    desk.leave_room(3)
    assert desk.statuses(*(desk.create(f"large {number}", LONG) for number in range(10))) == [507] * 10
    assert not any(name.startswith("large") for name in desk.names())


def test_without_room_reads_are_answered(desk):
    desk.leave_room(0)
    assert desk.statuses(("GET", "/users/me", None), ("GET", "/workspaces", None)) == [200, 200]


def test_what_was_written_before_there_was_no_room_is_taken_back_with_the_rest(desk):
    desk.leave_room(12)
    statuses = desk.statuses(desk.create("small"), *(desk.create(f"large {number}", LONG) for number in range(9)))
    small = "small" in desk.names()
    assert (statuses[0] == 201) == small
    assert set(statuses) <= {201, 507}
    assert 507 in statuses


def test_when_there_is_room_again_all_is_as_before(desk):
    desk.leave_room(2)
    desk.statuses(*(desk.create("large", LONG) for _ in range(5)))
    desk.leave_room(None)
    assert desk.statuses(desk.create("again", LONG), ("GET", "/users/me", None)) == [201, 200]
    assert "again" in desk.names()


def test_gids_are_not_used_again_after_all_was_undone(desk):
    before = int(desk.ask(desk.create("before"))[0].answer.body.split(b'"gid":"')[1].split(b'"')[0])
    desk.leave_room(2)
    desk.statuses(*(desk.create("large", LONG) for _ in range(5)))
    desk.leave_room(None)
    after = int(desk.ask(desk.create("after"))[0].answer.body.split(b'"gid":"')[1].split(b'"')[0])
    assert after > before


def test_a_locked_file_is_read_and_not_written(desk, other):
    desk.store.hurry()
    other.execute("BEGIN IMMEDIATE")
    assert desk.statuses(desk.create("locked out"), ("GET", "/users/me", None)) == [503, 200]
    assert "locked out" not in desk.names()
    other.execute("ROLLBACK")
    assert desk.statuses(desk.create("let in")) == [201]


def test_a_refusal_says_when_to_come_back(desk, other):
    desk.store.hurry()
    other.execute("BEGIN IMMEDIATE")
    (result,) = desk.ask(desk.create("x"))
    assert result.error.retry_after >= 1


def test_a_job_whose_step_cannot_be_written_is_not_failed_and_goes_on_later(desk, monkeypatch):
    monkeypatch.setattr("fanfold.work.background.PATIENCE", -1.0)
    begun = []
    desk.api.background = begun.append
    project = desk.store.of_kind("project")[0]
    for first in range(0, 300, 10):
        desk.ask(*(("POST", "/tasks", {"name": f"{first}-{n}", "projects": [str(project)]}) for n in range(10)))
    (result,) = desk.ask(("POST", f"/projects/{project}/duplicate", {"name": "Copy"}))
    assert result.answer.status == 201
    (job,) = begun
    desk.leave_room(0)
    with pytest.raises(NoRoom):
        desk.carry_through(job)
    desk.leave_room(None)
    desk.carry_through(job)
    assert b'"status":"succeeded"' in desk.ask(("GET", f"/jobs/{job}", None))[0].answer.body


def test_a_job_step_waits_while_the_file_is_locked(desk, other):
    desk.store.hurry()
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        asyncio.run(desk.api.carry_on(1))
    other.execute("ROLLBACK")
    assert asyncio.run(desk.api.carry_on(1)) is False


def test_a_failure_of_a_disk_is_told_as_a_lack_of_room(desk):
    assert isinstance(desk.store.in_words(OSError(28, "No space left on device")), NoRoom)
    other = OSError(13, "Permission denied")
    assert desk.store.in_words(other) is other
