"""What is kept of a shared database is forgotten as soon as it was touched, also when it is still on its way here."""

import pytest

from fanfold.work.store.mirror import LONGEST, MAX_LIST, Mirror
from fanfold.work.store.rows import Row


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def mirror(now):
    made = Mirror(clock=lambda: now[0])
    made.compared("1:1:", None)
    return made


def row(gid, name="a"):
    return Row(gid, "task", 1, 0, b"{}", name.encode())


def test_what_was_read_is_kept_until_it_is_touched(mirror):
    mirror.keep_row(row(1), mirror.moment)
    mirror.keep_row(row(2), mirror.moment)
    mirror.compared("2:2:", [2])
    assert set(mirror.rows) == {1}
    assert mirror.compacts == {1: (1, 0, b"a")}


def test_a_list_is_forgotten_alone(mirror):
    mirror.keep_links(1, "task.tags", ((7, None),), mirror.moment)
    mirror.keep_links(1, "<section.tasks", ((8, 9),), mirror.moment)
    mirror.compared("2:2:", [], [(1, "task.tags")])
    assert mirror.links == {1: {"<section.tasks": ((8, 9),)}}


def test_what_was_touched_while_it_was_on_its_way_is_not_kept(mirror):
    asked = mirror.moment
    mirror.compared("2:2:", [1], [(1, "task.tags")])
    mirror.keep_row(row(1, "old"), asked)
    mirror.keep_compact(1, (1, 0, b"old"), asked)
    mirror.keep_links(1, "task.tags", (), asked)
    assert not mirror.rows
    assert not mirror.compacts
    assert not mirror.links
    mirror.keep_row(row(1, "new"), mirror.moment)
    assert mirror.rows[1].compact == b"new"


def test_where_anything_may_have_been_touched_nothing_is_kept(mirror):
    mirror.keep_row(row(1), mirror.moment)
    asked = mirror.moment
    mirror.compared("2:2:", None)
    mirror.keep_row(row(2, "old"), asked)
    assert not mirror.rows


def test_who_has_not_asked_for_long_begins_anew(mirror, now):
    mirror.keep_row(row(1), mirror.moment)
    now[0] += LONGEST
    assert mirror.known_until() == "1:1:"
    now[0] += 1
    assert mirror.known_until() is None
    assert not mirror.rows


def test_long_lists_are_not_kept(mirror):
    mirror.keep_links(1, "section.tasks", tuple((gid, None) for gid in range(MAX_LIST + 1)), mirror.moment)
    assert not mirror.links


def test_the_oldest_go_where_there_are_too_many(mirror, monkeypatch):
    monkeypatch.setattr("fanfold.work.store.mirror.MAX_RECORDS", 20)
    for gid in range(50):
        mirror.keep_row(row(gid), mirror.moment)
    assert len(mirror.rows) <= 20
    assert 49 in mirror.rows


def test_the_oldest_go_where_they_are_too_large_together(mirror, monkeypatch):
    monkeypatch.setattr("fanfold.work.store.mirror.MAX_BYTES", 100_000)
    for gid in range(50):
        mirror.keep_row(row(gid)._replace(document=b"x" * 10_000), mirror.moment)
        mirror.keep_links(gid, "task.tags", tuple((other, None) for other in range(100)), mirror.moment)
    kept = sum(len(held.document) for held in mirror.rows.values())
    listed = 100 * sum(len(others) for lists in mirror.links.values() for others in lists.values())
    assert 20_000 < kept + listed <= 100_000
    assert 49 in mirror.links


def test_what_is_forgotten_makes_room(mirror, monkeypatch):
    monkeypatch.setattr("fanfold.work.store.mirror.MAX_BYTES", 100_000)
    mirror.keep_row(row(1), mirror.moment)
    mirror.keep_compact(1, (1, 0, b"newer"), mirror.moment)
    for _ in range(500):
        for _ in range(2):
            mirror.keep_row(row(2)._replace(document=b"x" * 10_000), mirror.moment)
            mirror.keep_compact(2, (1, 0, b"x" * 1000), mirror.moment)
            mirror.keep_links(2, "task.tags", ((7, None),) * 100, mirror.moment)
        mirror.forget([2], [(2, "task.tags")])
    assert set(mirror.rows) == {1}
    assert mirror.compacts == {1: (1, 0, b"newer")}
    assert not mirror.links
