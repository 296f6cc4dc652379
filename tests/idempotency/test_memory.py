"""Answers in memory are bounded in number and size, whatever is asked; the oldest give way, what is begun never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import RequestError
from fanfold.idempotency import Kept, MemoryAnswers
from fanfold.idempotency.memory import ENTRY
from fanfold.model import Answer
from tests.idempotency.runs import ONE

SMALL = Answer(200, b"x")


async def do(answers, name, answer=SMALL, until=10):
    await answers.begin(name, ONE, 0, 10)
    await answers.finish(name, ONE, answer, until)


async def known(answers, name):
    found = await answers.begin(name, ONE, 0, 10)
    if found is None:
        await answers.forget(name)
    return found is not None


async def test_the_oldest_give_way_to_what_is_new():
    answers = MemoryAnswers(max_entries=3)
    for name in (b"a", b"b", b"c"):
        await do(answers, name)
    await answers.begin(b"d", ONE, 0, 10)
    assert len(answers) == 3
    assert await answers.begin(b"b", ONE, 0, 10) == Kept(ONE, done=True, answer=SMALL)
    assert await answers.begin(b"d", ONE, 0, 10) == Kept(ONE)


async def test_the_oldest_give_way_to_what_is_large():
    answers = MemoryAnswers(max_bytes=3 * ENTRY + 300)
    for name in (b"a", b"b", b"c"):
        await do(answers, name, Answer(200, b"x" * 100))
    await do(answers, b"d", Answer(200, b"x" * 200, (("x" * 50, "y" * 49),)))
    assert [name for name in (b"a", b"b", b"c", b"d") if await known(answers, name)] == [b"c", b"d"]
    assert answers.size <= 3 * ENTRY + 300


async def test_what_is_begun_never_gives_way():
    answers = MemoryAnswers(max_entries=2)
    await answers.begin(b"a", ONE, 0, 10)
    for n in range(10):
        await do(answers, b"%d" % n)
    assert len(answers) == 2
    assert await answers.begin(b"a", ONE, 0, 10) == Kept(ONE)


async def test_where_all_that_is_there_is_begun_nothing_more_is():
    answers = MemoryAnswers(max_entries=2)
    await answers.begin(b"a", ONE, 0, 10)
    await answers.begin(b"b", ONE, 0, 10)
    with pytest.raises(RequestError) as refused:
        await answers.begin(b"c", ONE, 0, 10)
    assert refused.value.status == 503
    await answers.finish(b"a", ONE, SMALL, 10)
    assert await answers.begin(b"c", ONE, 0, 10) is None


async def test_of_what_is_too_large_it_is_known_that_it_was_done():
    answers = MemoryAnswers(max_bytes=1000)
    await do(answers, b"a")
    await do(answers, b"b", Answer(200, b"x" * 1000))
    assert await answers.begin(b"b", ONE, 0, 10) == Kept(ONE, done=True)


names = st.integers(0, 5).map(lambda n: b"%d" % n)
verbs = st.one_of(
    st.tuples(st.just("begin"), names, st.integers(0, 20)),
    st.tuples(st.just("finish"), names, st.integers(0, 2000)),
    st.tuples(st.just("forget"), names, st.none()),
)


@given(st.lists(verbs, max_size=60), st.integers(1, 4), st.integers(0, 3000))
async def test_bounds_hold_after_any_history(history, max_entries, max_bytes):
    answers = MemoryAnswers(max_entries, max_bytes)
    now, begun = 0, set()
    for verb, name, amount in history:
        if verb == "begin":
            now += amount
            try:
                if await answers.begin(name, ONE, now, now + 1000) is None:
                    begun.add(name)
            except RequestError:
                assert len(begun) == max_entries
        elif verb == "finish":
            await answers.finish(name, ONE, Answer(200, b"x" * amount), now + 1000)
            begun.discard(name)
        else:
            await answers.forget(name)
            begun.discard(name)
        assert len(answers) <= max_entries
        assert answers.size <= max(max_bytes, 0)
        assert answers.size == sum(entry.size for entry in answers._done.values())
        assert set(answers._begun) == begun
