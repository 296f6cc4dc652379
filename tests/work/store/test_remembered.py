"""What the store remembers is what the database would say: through undone actions, other processes, failed commits."""

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfold.errors import NoRoom
from fanfold.work.store import Row, SqliteStore
from fanfold.work.store.links import GAP


def row(gid, name="old", private=0):
    return Row(gid, "tag", 7, private, b'{"name":"%s"}' % name.encode(), b'{"name":"%s"}' % name.encode())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def store(path):
    opened = SqliteStore(path)
    write(opened, lambda: opened.insert(row(1)))
    yield opened
    opened.close()


def write(store, what):
    store.begin_action()
    what()
    store.end_action()
    store.commit()


def name_of(store, gid=1):
    """The name in the compact form, as a reader of a new transaction sees it."""
    store.begin_read()
    try:
        return store.compacts([gid])[gid][2]
    finally:
        store.commit()


def test_what_is_rewritten_is_read_anew(store):
    assert name_of(store) == b'{"name":"old"}'
    write(store, lambda: store.rewrite(row(1, "new")))
    assert name_of(store) == b'{"name":"new"}'


def test_what_another_process_rewrites_is_read_anew(store, path):
    assert name_of(store) == b'{"name":"old"}'
    other = SqliteStore(path)
    write(other, lambda: other.rewrite(row(1, "new")))
    assert name_of(store) == b'{"name":"new"}'
    other.close()


def test_who_joined_through_another_process_is_noticed(store, path):
    before = store.epoch
    other = SqliteStore(path)
    write(other, lambda: other.link(7, "workspace.members", 1))
    store.begin_read()
    assert store.epoch != before
    store.commit()
    other.close()


def test_what_is_undone_was_never_there(store):
    assert name_of(store) == b'{"name":"old"}'
    store.begin_action()
    store.rewrite(row(1, "new"))
    assert store.compacts([1])[1][2] == b'{"name":"new"}'
    assert store.record(1).document == b'{"name":"new"}'
    store.undo_action()
    assert store.compacts([1])[1][2] == b'{"name":"old"}'
    assert store.record(1).document == b'{"name":"old"}'
    store.commit()


def test_an_undone_action_takes_nothing_from_the_one_before_it(store):
    store.begin_action()
    store.rewrite(row(1, "first"))
    store.end_action()
    store.begin_action()
    store.rewrite(row(1, "second"))
    store.undo_action()
    store.commit()
    assert name_of(store) == b'{"name":"first"}'


def test_a_commit_that_fails_leaves_nothing_behind(store):
    class Failing:
        def __init__(self, cursor):
            self.cursor = cursor

        def execute(self, sql, *values):
            if sql == "COMMIT":
                raise apsw.FullError("disk full")
            return self.cursor.execute(sql, *values)

    assert name_of(store) == b'{"name":"old"}'
    store.begin_action()
    store.rewrite(row(1, "new"))
    gid = store.new_gid()
    store.insert(row(gid))
    store.end_action()
    whole, store._cursor = store._cursor, Failing(store._cursor)
    with pytest.raises(NoRoom):
        store.commit()
    store._cursor = whole
    assert name_of(store) == b'{"name":"old"}'
    assert store.record(gid) is None
    write(store, lambda: store.insert(row(store.new_gid(), "next")))


def test_a_deleted_record_is_forgotten(store):
    assert name_of(store) == b'{"name":"old"}'
    write(store, lambda: store.delete(1))
    assert 1 not in store.compacts([1])


def test_gids_are_never_given_twice_even_if_the_process_ends(path):
    seen = set()
    for _ in range(3):
        store = SqliteStore(path)
        store.begin_action()
        seen.add(store.new_gid())
        store.end_action()
        store.commit()
        store._connection.close()
    assert len(seen) == 3


STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "link", "unlink", "inward"]), st.sampled_from("ab"), st.integers(0, 3)),
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=150)
def test_the_links_of_a_newborn_are_those_that_a_query_finds(steps):
    store = SqliteStore()
    store.begin_action()
    others = [store.new_gid() for _ in range(4)]
    store.end_action()
    store.begin_action()
    for other in others:
        store.insert(row(other))
    gid = store.new_gid()
    store.insert(row(gid))
    for what, field, index in steps:
        other = others[index]
        if what == "unlink":
            store.unlink(gid, field, other)
        elif what == "inward":
            if not store.linked(other, field, gid):
                store.append(other, field, gid, note=index)
        elif not store.linked(gid, field, other):
            if what == "append":
                store.append(gid, field, other)
            else:
                store.link(gid, field, other, -index)
    known = store.links([gid], ("a", "b"), ("a", "b"))
    store.end_action()
    assert known == store.links([gid], ("a", "b"), ("a", "b"))
    store.close()


ENDS = st.lists(
    st.tuples(
        st.sampled_from(["append", "link", "unlink", "delete", "empty", "squeeze", "undo", "keep"]),
        st.integers(0, 4),
    ),
    max_size=15,
)


@given(steps=ENDS)
@settings(max_examples=200, deadline=None)
def test_the_end_that_is_remembered_of_a_list_is_its_end(steps):
    store = SqliteStore()
    store.begin_action()
    for gid in range(6):
        store.insert(row(gid))
    for what, gid in steps:
        if what in ("undo", "keep"):
            store.undo_action() if what == "undo" else store.end_action()
            store.begin_action()
        elif what == "empty":
            store.empty(5, "a")
        elif what == "unlink":
            store.unlink(5, "a", gid)
        elif what == "delete":
            store.delete(gid)
        elif not store.linked(5, "a", gid):
            if what == "append":
                store.append(5, "a", gid)
            elif what == "link":
                store.link(5, "a", gid, gid << 33)
            else:
                anchor = store.last(5, "a")
                store.link(5, "a", gid, 7 if anchor is None else store.beside(5, "a", anchor, after=gid % 2 == 0))
        members = store.places(5, "a")
        assert store.last(5, "a") == (members[-1][1] if members else None)
        assert store.end(5, "a") == (members[-1][0] + GAP if members else 0)
    store.close()


def test_the_end_of_a_list_that_another_process_lengthens_is_read_anew(store, path):
    write(store, lambda: store.append(7, "a", 1))
    assert store.last(7, "a") == 1
    other = SqliteStore(path)
    write(other, lambda: other.append(7, "a", 2))
    store.begin_action()
    assert store.last(7, "a") == 2
    store.undo_action()
    store.commit()
    other.close()


def test_ends_of_lists_that_are_new_give_way_to_newer_ones(store, monkeypatch):
    monkeypatch.setattr("fanfold.work.store.remembered.MAX_NOTES", 20)
    for _ in range(100):
        store.begin_action()
        gid = store.new_gid()
        store.insert(row(gid))
        store.append(gid, "a", 1)
        store.end_action()
    store.commit()
    assert len(store._remembered.ends) <= 20
    assert (gid, "a") in store._remembered.ends


def test_short_forms_that_are_long_are_kept_only_as_far_as_there_is_room(store, monkeypatch):
    monkeypatch.setattr("fanfold.work.store.remembered.MAX_COMPACT_BYTES", 100_000)
    gids = range(10, 60)
    for gid in gids:
        write(store, lambda gid=gid: store.insert(row(gid, "x" * 10_000)))
    for gid in gids:
        assert name_of(store, gid) == b'{"name":"%s"}' % (b"x" * 10_000)
    assert len(store._remembered.compacts) <= 11
    assert [compact[2] for compact in store.compacts(gids).values()] == [b'{"name":"%s"}' % (b"x" * 10_000)] * 50
