"""What is said to Redis and how its answers are read, without one: the scripts themselves are tried with a real one."""

import asyncio
import gc
import re

import pytest

from fanfold.errors import LimitsUnknown
from fanfold.limits import Concurrency, MemoryLimiter, Profile, StandingLimiter, Window
from fanfold.limits.redis import RedisLimiter
from fanfold.limits.shapes import LEASE, TAKE
from fanfold.limits.standing import reservations
from fanfold.model import Refusal, Standing

LIMITS = Profile((Window("requests", 1500), Concurrency("reads", 50, deadline=2.5), Concurrency("100%d", 9, lease=12)))


class FakeLine:
    """Answers what the test says, and keeps what was said."""

    up = True

    def __init__(self):
        self.asked = []
        self.said = []
        self.replies = []
        self.names = 0
        self.closed = False

    def name(self):
        self.names += 1
        return b"name-%017d" % self.names

    def ask(self, command):
        self.asked.append(words_of(command))
        reply = asyncio.get_running_loop().create_future()
        if self.replies:
            found = self.replies.pop(0)
            reply.set_exception(found) if isinstance(found, Exception) else reply.set_result(found)
        return reply

    def say(self, command, *, keep):
        self.said.append((words_of(command), keep))

    async def close(self):
        self.closed = True


def words_of(command):
    """The words of a command, if it is one to the letter."""
    count, rest = re.fullmatch(rb"\*(\d+)\r\n(.*)", command, re.DOTALL).groups()
    words = []
    while rest:
        size, rest = rest[1:].split(b"\r\n", 1)
        words.append(rest[: int(size)])
        assert rest[int(size) :].startswith(b"\r\n")
        rest = rest[int(size) + 2 :]
    assert len(words) == int(count)
    return [word.decode() for word in words]


@pytest.fixture
def line():
    return FakeLine()


@pytest.fixture
def limiter(line):
    return RedisLimiter(LIMITS, line, space="here")


async def test_a_decision_names_what_it_counts_and_how_much(limiter, line):
    line.replies = [b"0 0 1795810767174664 1490 60 40 3"]
    grant = await limiter.take("ada", {"requests": 10, "unheard-of": 3, "reads": 10})
    (words,) = line.asked
    tag = words[3].partition("}")[0]
    assert re.fullmatch(r"fanfold:\{[\w-]{20}", tag)
    assert words == [
        *("EVALSHA", TAKE.digest.decode(), "4"),
        *(f"{tag}}}:late", f"{tag}}}:earlier", f"{tag}}}:limit:requests", f"{tag}}}:limit:reads"),
        *("name-00000000000000001", "take", ""),
        *("window", "10", "1500", "60000000", "1"),
        *("slots", "10", "50", "5000000", "2500000"),
    ]
    assert grant.standing() == (Standing("requests", 1500, 1490, 60.0, 60), Standing("reads", 50, 40, None, 3))


async def test_names_with_signs_of_their_own_stay_as_they_are(limiter, line):
    line.replies = [b"0 0 1 0 0"]
    await limiter.take("ada", {"100%d": 9})
    assert line.asked[0][5].endswith("}:limit:100%d")


async def test_callers_and_spaces_have_keys_of_their_own_whatever_they_are_called(limiter, line):
    other = RedisLimiter(LIMITS, line, space="there")
    line.replies = [b"0 0 1 0 0"] * 6
    for asked in (limiter, other):
        for key in ("ada", "bob", "{\udc80}" * 100):
            await asked.take(key, {"requests": 1})
    assert len({words[3] for words in line.asked}) == 6


@pytest.mark.parametrize(("told", "wait"), [(b"2 17 1 1490 60 0 3", 17), (b"2 -1 1 1490 60 0 3", None)])
async def test_a_refusal_names_the_limit_and_the_wait(limiter, line, told, wait):
    line.replies = [told]
    refusal = await limiter.take("ada", {"requests": 10, "reads": 10})
    assert refusal == Refusal("reads", wait)
    assert [standing.left for standing in refusal.standing] == [1490, 0]


async def test_a_look_is_no_take(limiter, line):
    line.replies = [b"0 0 1 5 60", b"1 3 1 0 60"]
    assert await limiter.look("ada", {"requests": 1}) == (Standing("requests", 1500, 5, 60.0, 60),)
    assert await limiter.look("ada", {"requests": 1}) == Refusal("requests", 3)
    assert [words[7] for words in line.asked] == ["look", "look"]


async def test_where_refusals_count_the_script_is_told(line):
    line.replies = [b"0 0 1 5 60"]
    await RedisLimiter(Profile(LIMITS.rules, charge_refused=True), line).take("ada", {"requests": 1})
    assert line.asked[0][7] == "charge"


async def test_the_time_is_only_told_where_a_test_does(line):
    line.replies = [b"0 0 1 5 60"]
    await RedisLimiter(LIMITS, line, clock=lambda: 1.5).take("ada", {"requests": 1})
    assert line.asked[0][8] == "1500000"


async def test_what_is_not_limited_is_not_asked_for(limiter, line):
    grant = await limiter.take("ada", {"unheard-of": 1})
    assert await limiter.look("ada", {"unheard-of": 1}) == grant.standing() == ()
    assert line.asked == []


@pytest.mark.parametrize("n", [0, -1])
async def test_amounts_below_one_are_a_mistake(limiter, n):
    with pytest.raises(ValueError, match="reads: cannot take"):
        await limiter.take("ada", {"requests": 1, "reads": n})


async def test_slots_are_given_back_once_by_name(limiter, line):
    line.replies = [b"0 0 1 5 60 3 3"]
    grant = await limiter.take("ada", {"requests": 10, "reads": 7})
    grant.release()
    grant.release()
    ((words, keep),) = line.said
    tag = words[3].partition(":late")[0]
    assert words == [
        *("EVALSHA", LEASE.digest.decode(), "3", f"{tag}:late", f"{tag}:earlier", f"{tag}:limit:reads"),
        *("name-00000000000000001", "release", "", "7", "5000000"),
    ]
    assert keep == 5
    assert not await grant.renew()


async def test_a_grant_without_slots_holds_nothing(limiter, line):
    line.replies = [b"0 0 1 5 60"]
    grant = await limiter.take("ada", {"requests": 10})
    grant.release()
    assert await grant.renew()
    assert (line.said, len(limiter._holders)) == ([], 0)


async def test_a_lease_is_renewed_by_name(limiter, line):
    line.replies = [b"0 0 1 5 60", 1, 0]
    grant = await limiter.take("ada", {"reads": 7})
    assert await grant.renew()
    assert not await grant.renew()
    assert line.asked[1][6:] == ["name-00000000000000001", "renew", "", "7", "5000000"]


async def test_what_may_or_may_not_have_been_decided_is_given_up(limiter, line):
    line.replies = [LimitsUnknown()]
    with pytest.raises(LimitsUnknown):
        await limiter.take("ada", {"requests": 1, "reads": 7})
    ((words, _),) = line.said
    assert words[6:] == ["name-00000000000000001", "forget", "", "7", "5000000"]


async def test_whoever_is_cancelled_gives_up_too(limiter, line):
    task = asyncio.ensure_future(limiter.take("ada", {"reads": 7}))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert [words[7] for words, _ in line.said] == ["forget"]


async def test_where_no_slots_were_asked_for_there_is_nothing_to_give_up(limiter, line):
    line.replies = [LimitsUnknown()]
    with pytest.raises(LimitsUnknown):
        await limiter.take("ada", {"requests": 1})
    assert line.said == []


async def test_who_holds_is_renewed_every_other_turn_and_who_was_lost_is_not(limiter, line):
    line.replies = [b"0 0 1 5 60"] * 3
    held, released, lost = [await limiter.take(key, {"reads": 1}) for key in ("ada", "bob", "carol")]
    released.release()
    del lost
    gc.collect()
    line.said.clear()
    renewals = []
    for _ in range(6):
        limiter._holders._turn_over()
        renewals.append([words[6] for words, _ in line.said])
        line.said.clear()
    name = held.held.name.decode()
    assert renewals == [[], [name], [], [name], [], [name]]
    line.up = False
    limiter._holders._turn_over()
    limiter._holders._turn_over()
    assert line.said == []
    limiter._holders._turn_over()
    held.release()
    limiter._holders._turn_over()
    assert len(limiter._holders) == 0
    assert limiter._holders._timer is None


async def test_closing_ends_turns_and_the_line(limiter, line):
    await limiter.close()
    assert line.closed
    line.replies = [b"0 0 1 5 60"]
    grant = await limiter.take("ada", {"reads": 1})
    await limiter.close()
    assert limiter._holders._timer.cancelled()
    del grant


async def test_what_is_remembered_is_bounded(limiter, line, monkeypatch):
    monkeypatch.setattr("fanfold.limits.redis.MAX_SHAPES", 3)
    monkeypatch.setattr("fanfold.limits.redis.MAX_CALLERS", 3)
    line.replies = [b"0 0 1 5 60"] * 10
    for n in range(10):
        await limiter.take(f"caller {n}", {"requests": 1, f"free {n}": 1})
        assert len(limiter._shapes) <= 3
        assert len(limiter._callers) <= 3


async def test_a_url_makes_a_line_of_its_own():
    limiter = RedisLimiter(LIMITS, "redis://127.0.0.1:1")
    with pytest.raises(LimitsUnknown):
        await limiter.take("ada", {"requests": 1})
    await limiter.close()


async def test_what_workers_reserve_they_see_of_each_other():
    under_way = {"ada": 3}

    async def count(key):
        return under_way[key]

    shared = MemoryLimiter(reservations("jobs", 5, 30))
    one, two = (StandingLimiter("jobs", 5, count, 30, shared) for _ in range(2))
    first = await one.take("ada", {"jobs": 2})
    assert await two.take("ada", {"jobs": 1}) == Refusal("jobs", 30)
    under_way["ada"] = 4
    first.release()
    grant = await two.take("ada", {"jobs": 1})
    assert [standing.left for standing in grant.standing()] == [0]
