"""A clock that can be set, moved and let go."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from fanfold.work.clock import SettableClock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_until_it_is_set_it_tells_the_time_of_its_source():
    clock = SettableClock(lambda: NOON)
    assert clock() == NOON
    assert not clock.fixed


def test_it_stands_still_where_it_is_set_and_moves_when_it_is_told():
    clock = SettableClock()
    clock.set(NOON)
    clock.advance(timedelta(hours=1))
    assert clock() == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert clock.fixed


def test_advancing_a_clock_that_runs_stops_it():
    clock = SettableClock(lambda: NOON)
    clock.advance(timedelta(days=1))
    assert clock() == datetime(2026, 11, 23, 12, tzinfo=UTC)
    clock.resume()
    assert clock() == NOON


def test_a_moment_without_a_zone_is_in_utc_and_another_zone_is_reckoned_into_it():
    clock = SettableClock()
    clock.set(datetime(2026, 11, 22, 12))  # noqa: DTZ001
    assert clock() == NOON
    clock.set(datetime(2026, 11, 22, 14, tzinfo=timezone(timedelta(hours=2))))
    assert clock() == NOON
    assert clock().tzinfo is UTC


def test_it_refuses_to_leave_the_calendar():
    clock = SettableClock()
    clock.set(NOON)
    with pytest.raises(OverflowError):
        clock.advance(timedelta(days=5_000_000))
    assert clock() == NOON
