"""What is kept of a shared database is forgotten as soon as it was touched, also when it is still on its way here."""

import random

import pytest

from fanfold.work.store.coherent import CoherentReads
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


class World:
    """A database in which somebody writes, and rounds of questions to it whose answers come in any order."""

    def __init__(self, mirror, chance):
        self.mirror = mirror
        self.chance = chance
        self.now = 1
        self.written = dict.fromkeys(range(5), 0)
        self.log = []
        self.asked = []
        self.carried_out = []

    def step(self):
        self.now += 1
        self.chance.choice([self.write, self.ask, self.carry_out, self.carry_out, self.arrive, self.arrive])()

    def write(self):
        gid = self.chance.randrange(5)
        self.written[gid] = self.now
        self.log.append((self.now, gid))

    def ask(self):
        wanted = self.chance.sample(range(5), 2)
        compares = self.mirror.snapshot is None or self.chance.random() < 0.7
        self.asked.append((compares, self.mirror.known_until(), self.mirror.moment, self.now, wanted))

    def carry_out(self):
        """The database looks up what is wanted, and what was touched since the comparison before."""
        if self.asked:
            compares, before, moment, since, wanted = self.asked.pop(self.chance.randrange(len(self.asked)))
            told = None
            if compares:
                touched = None if before is None else {gid for at, gid in self.log if at > int(before.split(":")[0])}
                told = f"{self.now}:{self.now}:", touched, [], False
            found = {gid: self.written[gid] for gid in wanted}
            self.carried_out.append((told, before, moment, since, found))

    def arrive(self):
        if not self.carried_out:
            return
        told, before, moment, since, found = self.carried_out.pop(self.chance.randrange(len(self.carried_out)))
        if told is not None:
            moment = CoherentReads._compared(self, [told], before, moment)
        for gid, at in found.items():
            self.mirror.keep_row(row(gid, str(at)), moment)
        if told is not None:
            for gid, kept in self.mirror.rows.items():
                missed = [at for at, other in self.log if other == gid and int(kept.compact) < at <= since]
                assert not missed, (gid, kept.compact, since)


@pytest.mark.parametrize("seed", range(300))
def test_nobody_reads_what_was_written_over_before_they_asked_in_whatever_order_answers_come(seed):
    world = World(Mirror(), random.Random(seed))
    for _ in range(200):
        world.step()
    assert world.log
