"""What APIs say of their limits."""

import pytest

from fanfold.integrations.declaration import RateLimit
from fanfold.integrations.rates import RateRules, Seen, limit_headers
from tests.integrations.jsonata import Jsonata

NOW = 1_800_000_000.0


def seen(status=429, data=None, **headers):
    return Seen(status, {name.replace("_", "-"): value for name, value in headers.items()}, lambda: data)


@pytest.fixture
def rules():
    def made(**told):
        evaluator = Jsonata()
        made.evaluated = evaluator.evaluated
        return RateRules(RateLimit(**told), evaluator, lambda: NOW)

    return made


@pytest.mark.parametrize("source", ["status = 429", " status=429 ", "status = 429 or status = 503"])
async def test_what_most_say_is_looked_up(rules, source):
    plain = rules(is_rate_limited=source)
    assert (await plain.refused(seen()), await plain.refused(seen(200))) == (True, False)
    assert await plain.refused(seen(503)) is ("503" in source)
    assert (rules.evaluated, plain.plain) == ([], True)


async def test_what_others_say_is_evaluated(rules):
    own = rules(is_rate_limited="status = 403 and data.reason = 'quota'")
    assert await own.refused(seen(403, {"reason": "quota"}))
    assert not await own.refused(seen(403, {"reason": "rights"}))
    assert (len(rules.evaluated), own.plain) == (2, False)


async def test_an_expression_that_fails_leaves_the_usual_meaning(rules):
    broken = rules(is_rate_limited="$number(data) > 1", retry_after_header_expression="$number(data) + 1")
    assert await broken.refused(seen(429, "x"))
    assert not await broken.refused(seen(200, "x"))
    assert await broken.wished(seen(429, "x")) is None


@pytest.mark.parametrize(
    ("told", "headers", "seconds"),
    [
        ({}, {"retry_after": "7"}, 7),
        ({}, {}, None),
        ({}, {"retry_after": "nonsense"}, None),
        ({"retry_after_header_expression": "$number(headers.`x-after`)"}, {"x_after": "3", "retry_after": "9"}, 3),
        ({"retry_after_header_expression": "headers.after"}, {"after": "2.5"}, 2.5),
        ({"retry_after_header_expression": "$number(headers.after) * 60"}, {"after": "2"}, 120),
        ({"rate_limit_header_expression": "$number(headers.`x-reset`)"}, {"x_reset": str(NOW + 5)}, 5),
        ({"rate_limit_header_expression": "headers.`x-reset`"}, {"x_reset": str((NOW + 5) * 1000)}, 5),
        ({"rate_limit_header_expression": "headers.`x-reset`"}, {"x_reset": str(NOW - 5)}, 0),
        ({"rate_limit_header_expression": "headers.`x-reset`"}, {"x_reset": str(NOW + 5), "retry_after": "9"}, 9),
        ({"rate_limit_header_expression": "headers.`x-reset`"}, {"x_reset": "Infinity"}, None),
    ],
)
async def test_the_longest_wait_that_is_told_counts(rules, told, headers, seconds):
    assert await rules(**told).wished(seen(**headers)) == seconds


def test_limits_are_told_by_one_set_of_names():
    told = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "3", "x-ratelimit-reset": str(NOW + 30), "etag": "1"}
    expected = (("ratelimit-limit", "10"), ("ratelimit-remaining", "3"), ("ratelimit-reset", "30"))
    assert limit_headers(told, lambda: NOW) == expected
    assert limit_headers({"ratelimit-reset": "30"}, lambda: NOW) == (("ratelimit-reset", "30"),)
    assert limit_headers({"x-rate-limit-reset": "soon"}, lambda: NOW) == ()
