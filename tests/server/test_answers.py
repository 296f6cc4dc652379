"""Answers in the work API's own database: there after a restart, and taken back with nothing that is taken back."""

import apsw
import pytest

from fanfold.errors import RequestError
from fanfold.idempotency import Kept, Ledger, fingerprint_of
from fanfold.model import Answer, Call, Caller
from fanfold.server.answers import StoredAnswers
from fanfold.work import SqliteStore, WorkApi
from fanfold.work.seed import first_user

ONE, OTHER, NAME = b"1" * 32, b"2" * 32, b"n" * 32
DONE = Answer(201, b'{"data":{"gid":"1"}}', (("location", "/tasks/1"),), trusted=True)


@pytest.fixture
def path(seeded, tmp_path):
    file = tmp_path / "answers.db"
    file.write_bytes(seeded.read_bytes())
    return file


@pytest.fixture
def store(path):
    opened = SqliteStore(path)
    yield opened
    opened.close()


@pytest.fixture
def api(store):
    return WorkApi(store)


class Writer:
    """Somebody who makes tags through the API with a key."""

    def __init__(self, api, ledger):
        self.api = api
        self.ledger = ledger
        self.caller = Caller("token:1", str(first_user(api.store)))
        self.workspace = str(api.store.of_kind("workspace")[0])

    def call(self, name):
        endpoint, params = self.api.resolve("POST", "/tags")
        body = {"data": {"name": name, "workspace": self.workspace}}
        return Call("POST", "/tags", (), body, (), self.caller, endpoint, params)

    async def make(self, key, name):
        call = self.call(name)
        fingerprint = fingerprint_of(call.method, call.path, call.query, call.body)
        return await self.ledger.once(self.caller, key, fingerprint, lambda: self.api.send(call))

    def count(self, name):
        rows = self.api.store.records(self.api.store.of_kind("tag")).values()
        return sum(f'"{name}"'.encode() in row.document for row in rows)


async def never():
    raise AssertionError("it was run")


async def test_what_was_written_with_a_key_is_written_once_also_after_a_restart(path):
    store = SqliteStore(path)
    first, replayed = await Writer(WorkApi(store), Ledger(StoredAnswers(WorkApi(store)))).make("k", "Only once")
    assert (first.status, replayed) == (201, False)
    store.close()
    store = SqliteStore(path)
    writer = Writer(WorkApi(store), Ledger(StoredAnswers(WorkApi(store))))
    assert await writer.make("k", "Only once") == (first, True)
    assert writer.count("Only once") == 1
    with pytest.raises(RequestError) as refused:
        await writer.make("k", "Another")
    assert refused.value.status == 422
    store.close()


async def test_what_is_refused_leaves_the_key_free(api):
    writer = Writer(api, Ledger(StoredAnswers(api)))
    writer.workspace, right = "999", writer.workspace
    with pytest.raises(RequestError):
        await writer.make("k", "x")
    writer.workspace = right
    assert (await writer.make("k", "x"))[1] is False


async def test_what_was_begun_when_the_process_died_is_not_done_again(path, tmp_path):
    store = SqliteStore(path)
    writer = Writer(WorkApi(store), Ledger(StoredAnswers(WorkApi(store))))

    class Dying(BaseException):
        pass

    async def die():
        await writer.api.send(writer.call("Half"))
        left = tmp_path / "left.db"
        for ending in ("", "-wal"):
            left.with_name(left.name + ending).write_bytes(path.with_name(path.name + ending).read_bytes())
        raise Dying

    fingerprint = fingerprint_of("POST", "/tags", (), writer.call("Half").body)
    with pytest.raises(Dying):
        await writer.ledger.once(writer.caller, "k", fingerprint, die)
    store.close()

    store = SqliteStore(tmp_path / "left.db")
    writer = Writer(WorkApi(store), Ledger(StoredAnswers(WorkApi(store))))
    with pytest.raises(RequestError) as refused:
        await writer.make("k", "Half")
    assert refused.value.status == 409
    assert writer.count("Half") == 1
    store.close()


async def test_another_process_sees_at_once_what_was_begun_and_done(store, path):
    other = SqliteStore(path)
    here, there = StoredAnswers(WorkApi(store)), StoredAnswers(WorkApi(other))
    assert await here.begin(NAME, ONE, 0, 10) is None
    assert await there.begin(NAME, OTHER, 0, 10) == Kept(ONE)
    await here.finish(NAME, ONE, DONE, 10)
    assert await there.begin(NAME, OTHER, 0, 10) == Kept(ONE, done=True, answer=DONE)
    other.close()


async def test_a_failing_action_takes_nothing_of_it_back(api):
    answers = StoredAnswers(api)
    await answers.begin(NAME, ONE, 0, 10)
    bad = Writer(api, None)
    bad.workspace = "999"
    with pytest.raises(RequestError):
        api.answer(bad.call("x"))
    await answers.finish(NAME, ONE, DONE, 10)
    with pytest.raises(RequestError):
        api.answer(bad.call("x"))
    api.commit()
    assert await answers.begin(NAME, ONE, 0, 10) == Kept(ONE, done=True, answer=DONE)


async def test_it_is_durable_when_the_verb_returns_whatever_is_being_read(api, path):
    api.store.begin_read()
    await StoredAnswers(api).begin(NAME, ONE, 0, 10)
    assert not api.store._connection.in_transaction
    other = apsw.Connection(str(path))
    assert other.execute("SELECT name, status FROM answer").fetchall() == [(NAME, None)]
    other.close()


async def test_a_verb_that_breaks_leaves_nothing_open(store, monkeypatch):
    answers = StoredAnswers(WorkApi(store))
    monkeypatch.setattr(store, "kept_answer", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await answers.begin(NAME, ONE, 0, 10)
    assert not store._connection.in_transaction
    monkeypatch.undo()
    assert await answers.begin(NAME, ONE, 0, 10) is None


async def test_neither_caller_nor_key_stands_in_the_file(store, path):
    async def run():
        return DONE

    await Ledger(StoredAnswers(WorkApi(store))).once(Caller("caller-in-the-clear"), "key-in-the-clear", ONE, run)
    store.close()
    assert b"in-the-clear" not in b"".join(file.read_bytes() for file in path.parent.glob("answers.db*"))


async def test_other_data_come_without_answers(store, api):
    answers = StoredAnswers(WorkApi(store))
    await answers.begin(NAME, ONE, 0, 10)
    copy = SqliteStore()
    copy.take_over(store)
    assert await StoredAnswers(WorkApi(copy)).begin(NAME, OTHER, 0, 10) is None
    store.take_over(copy)
    assert await answers.begin(NAME, OTHER, 0, 10) is None
    copy.close()


def test_what_is_over_is_found_without_looking_at_all(store):
    plan = store._connection.execute(
        "EXPLAIN QUERY PLAN SELECT rowid FROM answer WHERE until <= ? ORDER BY until LIMIT ?", (1, 1)
    ).fetchall()
    assert ["answer_by_until" in row[3] for row in plan] == [True]
