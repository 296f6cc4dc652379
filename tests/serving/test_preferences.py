"""What clients would like: the header of RFC 7240, as it is written and as it should not be."""

import pytest

from fanfold.serving.preferences import preferences, seconds_to_wait


def preferred(*values):
    return preferences([(b"accept", b"wait=7"), *((b"prefer", value.encode()) for value in values)])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("respond-async", {"respond-async": ""}),
        ("Respond-Async, WAIT=10", {"respond-async": "", "wait": "10"}),
        ("wait = 10", {"wait": "10"}),
        ('return="minimal", foo; bar=baz; q="a,b", wait=5', {"return": "minimal", "foo": "", "wait": "5"}),
        (r'note="say \"so\", please"', {"note": 'say "so", please'}),
        ("wait=1, wait=2", {"wait": "1"}),
        ('foo=""', {"foo": ""}),
        ("", {}),
        ("=1", {}),
        ("respond-async, @", {"respond-async": ""}),
        ('a="unfinished', {}),
    ],
)
def test_preferences_are_read_as_they_are_written(written, read):
    assert preferred(written) == read


def test_preferences_may_stand_in_several_headers():
    assert preferred("respond-async", "wait=3") == {"respond-async": "", "wait": "3"}
    assert preferred() == {}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("5", 5), ("90", 30), ("0", 0), ("", 0), ("-1", 0), ("1.5", 0), ("much", 0), ("٣", 0), ("9" * 400, 0)],
)
def test_nobody_waits_longer_than_may_be_waited(said, seconds):
    assert seconds_to_wait({"wait": said}, 30.0) == seconds
