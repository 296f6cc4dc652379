"""F6: a Redis that dies, comes back empty, hangs, hangs up, is full, or may only be read; under each policy.

How long a decision took is only bounded generously here, as the machine is not ours; that nobody waits for a server
that does not answer is seen from the outcome.
"""

import asyncio
import time

import pytest

from fanfold.errors import LimitsUnknown
from fanfold.limits import Concurrency, Profile, Window
from fanfold.limits.fallback import FallbackLimiter
from fanfold.limits.line import line_to
from fanfold.limits.redis import RedisLimiter
from fanfold.limits.shapes import SCRIPTS
from fanfold.model import Refusal

pytestmark = pytest.mark.services

LIMITS = Profile((Window("requests", 30), Concurrency("writes", 9)))
FLEET = 3
COSTS = {"requests": 1, "writes": 1}

DEADLINE = 0.5
"""Longer than that of a server: these tests share the machine, and most are not about time."""

POLICIES = ("local", "deny", "allow")


@pytest.fixture(params=POLICIES)
def policy(request):
    return request.param


@pytest.fixture
async def worker(own_redis, policy):
    """Makes workers of a fleet."""
    lines = []

    def made(policy=policy):
        lines.append(line_to(own_redis.url, SCRIPTS, deadline=DEADLINE))
        return FallbackLimiter(RedisLimiter(LIMITS, lines[-1]), policy, fleet=FLEET)

    yield made
    for line in lines:
        await line.close()


async def admitted(limiter, key="ada", most=100):
    """How much is let through before the first no, and what the no is."""
    for count in range(most):
        try:
            outcome = await limiter.take(key, {"requests": 1})
        except LimitsUnknown as refused:
            return count, refused.status
        if isinstance(outcome, Refusal):
            return count, 429
    return most, None


WITHOUT = {"local": (30 // FLEET, 429), "deny": (0, 503), "allow": (100, None)}
"""What each policy lets through while Redis is away."""


async def until_up(limiter):
    """Wait until the line is in use again, which happens in the background."""
    line = limiter._shared.line
    back = asyncio.Event()
    line.tell(lambda *, up: back.set() if up else None)
    async with asyncio.timeout(20):
        if not line.up:
            await back.wait()


async def test_a_server_that_is_killed_and_comes_back_empty(own_redis, worker, policy, caplog):
    one = worker()
    assert await admitted(one) == (30, 429)
    own_redis.kill()
    assert await admitted(one) == WITHOUT[policy]
    assert await admitted(one, "bob") == WITHOUT[policy]
    own_redis.start()
    await until_up(one)
    # The share that was used up while Redis was away still is, now that Redis remembers nothing.
    assert await admitted(one) == {"local": (0, 429), "deny": (10, 429), "allow": (30, 429)}[policy]
    assert [message.partition(" (")[0] for message in caplog.messages] == [
        f"The Redis at 127.0.0.1:{own_redis.port} cannot be asked for the limits",
        f"The Redis at 127.0.0.1:{own_redis.port} is asked for the limits again, and has lost its counts",
    ]


async def test_a_server_that_hangs(own_redis, worker, policy):
    one = worker()
    await admitted(one, most=10)
    own_redis.hold_up()
    began = time.monotonic()
    assert await admitted(one, "bob") == WITHOUT[policy]
    assert time.monotonic() - began < 10  # nobody waits for it twice
    own_redis.go_on()
    await until_up(one)
    assert await admitted(one) == (20, 429)


async def test_grants_outlive_a_server_that_hangs(own_redis, worker, policy):
    one, other = worker(), worker()
    grants = [await one.take("ada", {"writes": 3}) for _ in range(2)]
    own_redis.hold_up()
    assert await admitted(one, "bob") == WITHOUT[policy]
    for grant in grants:
        grant.release()
    own_redis.go_on()
    await until_up(one)
    await one._shared.line.ping()  # comes after what was released
    grant = await other.take("ada", {"writes": 9})
    assert not isinstance(grant, Refusal)


async def test_what_is_given_back_to_a_replica_is_given_back_when_it_is_none_any_more(own_redis, worker, policy):
    one, other = worker(), worker()
    grant = await one.take("ada", {"writes": 9})
    own_redis.do("REPLICAOF", "127.0.0.1", "1")
    grant.release()
    assert await admitted(one, "bob") == WITHOUT[policy]
    own_redis.do("REPLICAOF", "NO", "ONE")
    await until_up(one)
    await one._shared.line.ping()
    assert not isinstance(await other.take("ada", {"writes": 9}), Refusal)


async def test_nothing_is_held_by_who_was_not_told_of_it(own_redis, worker, policy):
    one, other = worker(), worker()
    await one.take("bob", COSTS)
    own_redis.hold_up()
    try:
        await one.take("ada", {"writes": 3})  # which the server decides when it goes on
    except LimitsUnknown:
        assert policy == "deny"
    own_redis.go_on()
    await until_up(one)
    await one._shared.line.ping()
    assert not isinstance(await other.take("ada", {"writes": 9}), Refusal)


@pytest.mark.parametrize(
    ("breaking", "mending"),
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ],
    ids=["out of memory", "read only"],
)
async def test_a_server_that_takes_nothing(own_redis, worker, policy, breaking, mending):
    one = worker()
    await admitted(one, most=10)
    own_redis.do(*breaking)
    assert await admitted(one, "bob") == WITHOUT[policy]
    own_redis.do(*mending)
    await until_up(one)
    assert await admitted(one) == (20, 429)


@pytest.mark.parametrize(
    "fault", [("CLIENT", "KILL", "TYPE", "normal"), ("SCRIPT", "FLUSH")], ids=["hung up", "scripts lost"]
)
async def test_what_is_mended_at_once_nobody_notices(own_redis, worker, fault, caplog):
    one = worker("deny")
    for _ in range(30):
        assert not isinstance(await one.take("ada", {"requests": 1}), Refusal)
        own_redis.do(*fault)
    assert await admitted(one) == (0, 429)
    assert caplog.messages == []


async def test_a_server_that_was_never_there_is_found_when_it_comes(own_redis, worker, policy):
    own_redis.kill()
    one = worker()
    assert await admitted(one) == WITHOUT[policy]
    own_redis.start()
    await until_up(one)
    assert await admitted(one, "bob") == (30, 429)


async def test_a_server_that_lets_nobody_in(own_redis, worker, policy):
    own_redis.do("CONFIG", "SET", "requirepass", "s3cret")
    assert await admitted(worker()) == WITHOUT[policy]


@pytest.mark.parametrize("policy", ["local"])
async def test_the_worst_overshoot_is_twice_the_limit(own_redis, worker):
    fleet = [worker() for _ in range(FLEET)]

    async def hammer():
        return sum([count for count, _ in [await admitted(one) for one in fleet]])

    before = await hammer()
    own_redis.kill()
    away = await hammer()
    own_redis.start()
    for one in fleet:
        await until_up(one)
    after = await hammer()
    own_redis.kill()
    again = await hammer()
    assert before == 30
    assert before + away + after + again == 2 * 30
