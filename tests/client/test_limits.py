"""What a request costs, and what servers say of limits, in whatever way they say it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.client.limits import Told, costs_of, told_by_headers, told_by_options
from fanfold.client.offers import PLAIN, read_offer
from fanfold.dialects.limit_headers import limit_headers
from fanfold.model import Standing


@pytest.mark.parametrize(
    ("method", "path", "costs"),
    [
        ("GET", "/tasks/1", ("requests", "reads")),
        ("POST", "/tasks", ("requests", "writes")),
        ("DELETE", "/workspaces/1/tasks/search", ("requests", "writes")),
        ("GET", "/workspaces/1/tasks/search", ("requests", "reads", "searches")),
        ("GET", "/workspaces/1/tasks/searches", ("requests", "reads")),
    ],
)
def test_a_request_counts_against(method, path, costs):
    assert costs_of(method, path) == costs


names = st.sampled_from(["requests", "reads", "writes", "searches", "jobs"])
numbers = st.integers(0, 100_000)


@given(st.dictionaries(names, st.tuples(numbers, numbers, st.none() | st.integers(1, 3600), numbers)))
def test_headers_are_read_as_the_server_writes_them(limits):
    standing = [Standing(name, quota, left, window, reset) for name, (quota, left, window, reset) in limits.items()]
    told = told_by_headers(dict(limit_headers(standing)))
    assert told == tuple([Told(one.limit, one.quota, one.left, one.window, one.reset) for one in standing])


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ("", ""),
        ("100;w=60", "limit=100, remaining=50, reset=5"),
        ('"a";q=x;w=60', '"a";r=1;t=1'),
        ('"a";q=5;w=60', '"b";r=1;t=1'),
        ('"a";q=5', '"a";r=1'),
    ],
)
def test_headers_that_say_nothing_known_say_nothing(policy, left):
    assert told_by_headers({"ratelimit-policy": policy, "ratelimit": left}) == ()


def test_what_of_a_list_cannot_be_read_is_left_out():
    good = {"limit": "reads", "quota": 5, "left": 5, "window": None, "reset": 0}
    assert told_by_options([{"limit": "x"}, 7, good, {**good, "quota": "5"}]) == (Told("reads", 5, 5, None, 0.0),)
    assert told_by_options({"limits": 1}) == ()


@pytest.mark.parametrize("body", [None, [], "x", {}, {"data": []}, {"errors": [{"message": "no"}]}])
def test_an_offer_that_cannot_be_read_is_the_plain_one(body):
    assert read_offer(body) == PLAIN


def test_sizes_that_are_none_are_not_believed():
    offer = read_offer({"data": {"max_actions": -3, "max_body": True, "features": ["serial", 7], "limits": None}})
    assert (offer.max_actions, offer.max_body, offer.features) == (10, PLAIN.max_body, {"serial"})
    assert offer.has("serial")
