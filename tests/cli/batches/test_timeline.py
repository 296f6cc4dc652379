"""What is told of when actions ran, from what was seen."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.cli.batches.timeline import AT_ONCE, Timeline


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def kinds(timeline, place):
    return [(each.kind, round(each.begin, 3), round(each.end, 3)) for each in timeline.stretches(place)]


def test_an_action_is_queued_then_runs_then_is_done(clock):
    timeline = Timeline([()], clock)
    timeline.begin()
    assert timeline.state(0) == "queued"
    clock.now += 0.01
    timeline.sent([0], together=True)
    assert timeline.state(0) == "running"
    clock.now += 1
    timeline.settled(0, 200)
    timeline.returned([0], 0)
    timeline.over()
    assert (timeline.state(0), kinds(timeline, 0)) == ("done", [("queued", 0, 0.01), ("running", 0.01, 1.01)])
    assert timeline.took == pytest.approx(1.01)


def test_what_depends_on_others_waits_until_they_have_settled(clock):
    timeline = Timeline([(), (0,)], clock)
    timeline.begin()
    timeline.sent([0, 1], together=True)
    clock.now += 1
    assert (timeline.state(0), timeline.state(1)) == ("running", "dependency")
    timeline.settled(0, 200)
    clock.now += 2
    assert timeline.state(1) == "running"
    timeline.settled(1, 200)
    assert kinds(timeline, 1) == [("dependency", 0, 1), ("running", 1, 3)]
    assert timeline.critical() == (0, 1)


def test_the_servers_own_figure_says_when_one_that_waited_began(clock):
    timeline = Timeline([(), (0,)], clock)
    timeline.begin()
    timeline.sent([0, 1], together=True)
    clock.now += 1
    timeline.settled(0, 200, 900)
    clock.now += 2
    timeline.settled(1, 200, 500)
    assert kinds(timeline, 1) == [("dependency", 0, 2.5), ("running", 2.5, 3)]


def test_where_all_answers_come_at_once_nothing_is_made_up(clock):
    timeline = Timeline([(), (0,)], clock)
    timeline.begin()
    timeline.sent([0, 1], together=True)
    clock.now += 1
    for place in (0, 1):
        timeline.settled(place, 200, whole=True)
    assert kinds(timeline, 1) == [("running", 0, 1)]
    assert timeline.critical() == ()


def test_an_action_that_could_be_sent_waits_for_a_limit(clock):
    timeline = Timeline([(), ()], clock)
    timeline.begin()
    timeline.sent([0], together=True)
    clock.now += 5
    assert timeline.state(1) == "limit"
    timeline.sent([1], together=True)
    assert kinds(timeline, 1)[0] == ("limit", 0, 5)


def test_short_gaps_and_servers_without_limits_are_no_waiting_for_a_limit(clock):
    timeline = Timeline([(), ()], clock)
    timeline.limited = False
    timeline.begin()
    timeline.sent([0], together=True)
    clock.now += 5
    assert timeline.state(1) == "queued"
    timeline.returned([0], 429)
    clock.now += 5
    assert (timeline.state(1), kinds(timeline, 1)) == ("limit", [("limit", 0, 10)])


def test_while_all_that_may_be_under_way_is_others_are_but_queued(clock):
    timeline = Timeline([()] * (AT_ONCE + 1), clock)
    timeline.begin()
    for place in range(AT_ONCE):
        timeline.sent([place], together=True)
    clock.now += 5
    assert timeline.state(AT_ONCE) == "queued"
    timeline.returned([0], 200)
    clock.now += 5
    assert [each[0] for each in kinds(timeline, AT_ONCE)] == ["queued", "limit"]


@pytest.mark.parametrize(("status", "kind", "state"), [(429, "limit", "limit"), (503, "retry", "failed")])
def test_between_two_attempts_it_is_said_why(clock, status, kind, state):
    timeline = Timeline([()], clock)
    timeline.begin()
    timeline.sent([0], together=False)
    clock.now += 1
    timeline.returned([0], status)
    assert timeline.state(0) == state
    clock.now += 2
    timeline.sent([0], together=False)
    assert timeline.state(0) == "retried"
    clock.now += 1
    timeline.returned([0], 200)
    assert kinds(timeline, 0) == [("running", 0, 1), (kind, 1, 3), ("running", 3, 4)]


def test_the_critical_path_goes_back_over_whoever_settled_last(clock):
    timeline = Timeline([(), (), (0, 1), ()], clock)
    timeline.begin()
    timeline.sent([0, 1, 2, 3], together=True)
    for place in (0, 3, 1, 2):
        clock.now += 1
        timeline.settled(place, 200)
    assert timeline.critical() == (1, 2)


@given(st.data())
def test_bars_have_no_gaps_and_end_in_time(data):
    clock = Clock()
    count = data.draw(st.integers(1, 5))
    needs = [tuple(data.draw(st.sets(st.integers(0, place - 1)))) if place else () for place in range(count)]
    timeline = Timeline(needs, clock)
    timeline.begin()
    under_way = set()
    for place in data.draw(st.lists(st.integers(0, count - 1), max_size=20)):
        clock.now += data.draw(st.floats(0, 3))
        if place in under_way:
            timeline.returned([place], data.draw(st.sampled_from([0, 200, 404, 429, 503])))
            under_way.discard(place)
        else:
            timeline.sent([place], together=data.draw(st.booleans()))
            under_way.add(place)
    clock.now += 1
    timeline.over()
    for place in range(count):
        stretches = timeline.stretches(place)
        assert all(each.begin < each.end or each.kind == "running" for each in stretches)
        for one, two in pairwise(stretches):
            assert one.end == pytest.approx(two.begin)
        assert not stretches or (stretches[0].begin == pytest.approx(0) and stretches[-1].end <= timeline.took + 1e-6)
    path = timeline.critical()
    assert all(earlier in needs[later] for earlier, later in pairwise(path))
