"""Requests are begun in the order in which they came, a little at a time, and refused where they would wait long."""

import asyncio

from fanfold.server.anteroom import SLICE, Anteroom

EACH = 0.002
"""Seconds that each request takes here."""


class House:
    """A loop whose turns are taken one by one, and requests that let time pass."""

    def __init__(self, longest=1.0):
        self.now = 0.0
        self.soon = []
        self.done = []
        self.refused = []
        self.anteroom = Anteroom(longest, clock=lambda: self.now)

    def call_soon(self, do, *arguments):
        self.soon.append((do, arguments))

    def come(self, name, *, waits=True):
        """A request comes; whether it was not refused at once."""
        refused = []

        def begin():
            if waits:
                self.call_soon(self.carry_out, name)
            return waits

        def refuse():
            refused.append(name)
            self.refused.append(name)

        self.anteroom.enter(begin, refuse, self)
        return not refused

    def carry_out(self, name):
        self.now += EACH
        self.done.append(name)

    def turn(self):
        """Take one turn; how many requests were carried out in it."""
        before = len(self.done)
        soon, self.soon = self.soon, []
        for do, arguments in soon:
            do(*arguments)
        return len(self.done) - before

    def turns(self):
        """Take turns until there is nothing to do; how many requests were carried out in each."""
        found = []
        while self.soon:
            found.append(self.turn())
        return found


def experienced(**more):
    """A house that has learned how long requests take."""
    house = House(**more)
    for number in range(400):
        house.come(number)
        house.turns()
    house.done.clear()
    return house


def test_a_request_that_comes_alone_is_begun_at_once():
    house = House()
    assert house.come("one")
    assert house.turn() == 1


def test_nothing_is_left_to_be_called_when_nobody_comes():
    house = House()
    house.come("one")
    house.turns()
    assert house.soon == []
    assert len(house.anteroom) == 0


def test_all_are_carried_out_in_the_order_in_which_they_came():
    house = experienced()
    assert all(house.come(number) for number in range(100))
    house.turns()
    assert house.done == list(range(100))


def test_no_turn_begins_more_than_a_slice():
    house = experienced()
    for number in range(100):
        house.come(number)
    counts = house.turns()
    assert sum(counts) == 100
    assert max(counts) * EACH <= 1.5 * SLICE


def test_who_comes_later_does_not_overtake():
    house = experienced()
    for number in range(50):
        house.come(number)
    house.turn()
    house.come("later")
    house.turns()
    assert house.done == [*range(50), "later"]


def test_what_would_wait_too_long_is_refused():
    house = experienced(longest=0.1)
    let_in = [house.come(number) for number in range(200)]
    refused = let_in.count(False)
    assert let_in == [True] * (200 - refused) + [False] * refused
    assert house.anteroom.refused == refused
    assert 0.1 <= (200 - refused) * EACH <= 0.1 + 2 * SLICE
    house.turns()
    assert len(house.done) == 200 - refused


def test_there_is_room_again_when_some_have_been_begun():
    house = experienced(longest=0.1)
    while house.come("many"):
        pass
    house.turn()
    house.turn()
    assert house.come("more")


def test_whoever_has_gone_costs_no_turn():
    house = experienced()
    for number in range(5):
        house.come(number)
    for _ in range(50):
        house.come("gone", waits=False)
    house.come("last")
    assert len(house.turns()) <= 4
    assert house.done == [*range(5), "last"]


def test_one_that_takes_very_long_does_not_make_all_others_unwelcome():
    house = experienced()
    house.anteroom.enter(lambda: house.call_soon(lambda: setattr(house, "now", house.now + 2)) is None, None, house)
    house.turns()
    assert all(house.come(number) for number in range(20))
    house.turns()
    assert len(house.done) == 20


async def test_it_does_so_on_a_real_loop():
    anteroom = Anteroom(1.0)
    done = []
    loop = asyncio.get_running_loop()

    def begin(number):
        loop.call_soon(done.append, number)
        return True

    for number in range(1000):
        anteroom.enter(lambda number=number: begin(number), None, loop)
    while len(done) < 1000:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert done == list(range(1000))


def test_who_has_waited_too_long_for_all_that_was_known_is_refused_when_the_turn_comes():
    house = experienced(longest=0.1)
    for number in range(40):
        assert house.come(number)
    house.turn()
    house.now += 0.2
    house.turns()
    assert house.done + house.refused == list(range(40))
    assert len(house.refused) > 20


def test_refusals_are_told_now_and_then(caplog):
    house = experienced(longest=0.01)
    for number in range(100):
        house.come(number)
    assert len(caplog.records) == 1
    house.now += 11
    for number in range(100):
        house.come(number)
    assert len(caplog.records) == 2
