"""What travels together, in which order, and what never does."""

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.client.batching import Batcher, Unit
from fanfold.client.limits import Limit
from fanfold.client.pacing import Pacer

READ = (("requests", 1), ("reads", 1))
WRITE = (("requests", 1), ("writes", 1))


class Bench:
    """A batcher whose clock and loop are here."""

    def __init__(self, limits=(), **settings):
        self.now = 0.0
        self.due = []
        self.sent = []
        self.pacer = Pacer(limits, lambda: self.now)
        self.batcher = Batcher(
            lambda units, permit: self.sent.append((units, permit)), self.pacer, self.later, **settings
        )
        self.numbers = iter(range(100_000))

    def later(self, seconds, do):
        handle = SimpleNamespace(at=self.now + seconds, do=do, off=False)
        handle.cancel = lambda: setattr(handle, "off", True)
        self.due.append(handle)
        return handle

    def advance(self, seconds=0.0):
        until = self.now + seconds
        while ready := [handle for handle in self.due if not handle.off and handle.at <= until]:
            handle = min(ready, key=lambda one: one.at)
            self.due.remove(handle)
            self.now = max(self.now, handle.at)
            handle.do()
        self.now = until

    def add(self, *names, costs=READ, priority=0, size=100, **more):
        calls = [SimpleNamespace(name=name, future=asyncio.Future(loop=LOOP)) for name in names]
        unit = Unit(calls, costs, (-priority, next(self.numbers)), size, **more)
        self.batcher.add(unit)
        return unit

    def end(self):
        _, permit = self.ending.pop(0)
        self.pacer.settle(permit)
        self.batcher.ended()

    @property
    def batches(self):
        return [[call.name for unit in units for call in unit.calls] for units, _ in self.sent]


LOOP = asyncio.new_event_loop()


@pytest.fixture(scope="module", autouse=True)
def _loop():
    yield
    LOOP.close()


def test_what_is_asked_within_a_tick_travels_together():
    bench = Bench()
    for name in "abc":
        bench.add(name)
    assert bench.batches == []
    bench.advance()
    bench.add("d")
    bench.advance()
    assert bench.batches == [["a", "b", "c"], ["d"]]


def test_a_window_lets_a_call_wait_for_others_but_not_beyond_a_full_batch():
    bench = Bench(window=1.0, max_items=3)
    bench.add("a")
    bench.advance(0.75)
    bench.add("b")
    assert bench.batches == []
    bench.advance(0.25)
    assert bench.batches == [["a", "b"]]
    for name in "cde":
        bench.add(name)
    bench.advance()
    assert bench.batches == [["a", "b"], ["c", "d", "e"]]


def test_a_batch_has_so_many_bytes_at_most():
    bench = Bench(max_bytes=250)
    for name in "abcd":
        bench.add(name, size=100)
    bench.add("large", size=900)
    bench.advance()
    assert bench.batches == [["a", "b"], ["c", "d"], ["large"]]


def test_what_goes_apart_goes_alone():
    bench = Bench()
    bench.add("a")
    bench.add("x", apart=True)
    bench.add("b")
    bench.advance()
    assert bench.batches == [["a", "b"], ["x"]]


def test_what_is_urgent_goes_first():
    bench = Bench(max_items=2, max_batches=1)
    for name in "abc":
        bench.add(name)
    bench.add("urgent", priority=1)
    bench.add("later", priority=-1)
    bench.advance()
    assert bench.batches == [["urgent", "a"]]


def test_who_does_not_wait_any_more_is_left_out():
    bench = Bench()
    bench.add("a")
    bench.add("gone").calls[0].future.cancel()
    bench.add("b")
    bench.advance()
    assert bench.batches == [["a", "b"]]


def test_nothing_is_sent_while_it_is_held():
    bench = Bench()
    bench.batcher.held = True
    bench.add("a")
    bench.advance()
    assert bench.batches == []
    bench.batcher.release()
    assert bench.batches == [["a"]]


def test_reads_pass_writes_that_find_no_slot():
    bench = Bench([Limit("writes", 1)])
    bench.add("w1", costs=WRITE)
    bench.advance()
    bench.add("w2", costs=WRITE)
    bench.add("r")
    bench.advance()
    assert bench.batches == [["w1"], ["r"]]


def test_a_group_that_waits_for_slots_is_not_overtaken_for_ever():
    bench = Bench([Limit("writes", 4)])
    bench.add("w1", costs=WRITE)
    bench.advance()
    bench.add("g1", "g2", "g3", "g4", costs=(("requests", 4), ("writes", 4)), apart=True)
    bench.add("w2", costs=WRITE)
    bench.advance()
    assert bench.batches == [["w1"]]
    bench.pacer.settle(bench.sent[0][1])
    bench.batcher.ended()
    bench.advance()
    assert bench.batches == [["w1"], ["g1", "g2", "g3", "g4"]]


def test_a_few_free_slots_are_not_used_for_a_scrap_while_more_will_be_free_soon():
    bench = Bench([Limit("writes", 12)])
    for number in range(30):
        bench.add(number, costs=WRITE)
    bench.advance()
    assert [len(batch) for batch in bench.batches] == [10]
    bench.pacer.settle(bench.sent[0][1])
    bench.batcher.ended()
    bench.advance()
    assert [len(batch) for batch in bench.batches] == [10, 10]


def test_what_is_left_of_a_window_is_used_at_once():
    bench = Bench([Limit("requests", 13, 60.0)])
    for number in range(30):
        bench.add(number)
    bench.advance()
    assert [len(batch) for batch in bench.batches] == [10, 3]


def test_after_a_refusal_one_is_tried_first():
    bench = Bench(max_items=1, max_batches=8)
    for number in range(40):
        bench.add(number)
    bench.advance()
    assert len(bench.sent) == 8
    for number in range(8):
        if number < 3:
            bench.batcher.slow_down()
        bench.batcher.ended()
    bench.advance()
    assert len(bench.sent) == 9
    bench.batcher.ended()
    bench.advance()
    assert len(bench.sent) == 11


@given(
    st.lists(
        st.tuples(
            st.integers(1, 6),
            st.sampled_from([READ, WRITE]),
            st.integers(1, 400),
            st.booleans(),
            st.integers(-2, 2),
            st.sampled_from(["add", "add", "add", "tick", "end", "wait", "cancel"]),
        ),
        max_size=80,
    )
)
def test_everything_is_sent_once_and_nothing_is_split(steps):
    limits = [Limit("requests", 20, 30.0), Limit("reads", 12), Limit("writes", 7)]
    bench = Bench(limits, max_bytes=1000, max_batches=3)
    units, cancelled, ended = [], [], 0

    def end():
        nonlocal ended
        if ended < len(bench.sent):
            bench.pacer.settle(bench.sent[ended][1])
            ended += 1
            bench.batcher.ended()

    for count, kind, size, apart, priority, what in steps:
        if what == "add":
            costs = tuple((name, amount * count) for name, amount in kind)
            name = len(units)
            units.append(
                bench.add(
                    *[(name, part) for part in range(count)],
                    costs=costs,
                    size=size,
                    priority=priority,
                    apart=apart or count > 1,
                )
            )
        elif what == "end":
            end()
        elif what == "cancel" and units:
            for call in units[-1].calls:
                call.future.cancel()
            cancelled.append(units[-1])
        else:
            bench.advance(10.0 if what == "wait" else 0.0)
    for _ in range(1000):
        end()
        bench.advance(31.0)
    sent = [unit for sent_units, _ in bench.sent for unit in sent_units]
    assert len(sent) == len(set(map(id, sent)))
    assert {id(unit) for unit in units} - {id(unit) for unit in cancelled} <= set(map(id, sent))
    for together, _ in bench.sent:
        assert sum(unit.count for unit in together) <= 10
        assert len(together) == 1 or sum(unit.size for unit in together) <= 1000
        assert len(together) == 1 or not any(unit.apart for unit in together)
