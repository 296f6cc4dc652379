"""What every store of answers does: its verbs, one by one."""

from fanfold.idempotency import Kept
from fanfold.model import Answer
from tests.idempotency.runs import ONE, OTHER

A, B = b"a" * 32, b"b" * 32
DONE = Answer(201, b'{"a":1}', (("location", "/tasks/1"), ("x", "é"), ("x", "")), trusted=True)


async def test_what_is_begun_first_is_begun(store):
    assert await store.begin(A, ONE, 0, 10) is None
    assert await store.begin(B, ONE, 0, 10) is None


async def test_what_is_begun_stands_there_unchanged(store):
    await store.begin(A, ONE, 0, 10)
    assert await store.begin(A, OTHER, 9.5, 100) == Kept(ONE)
    assert await store.begin(A, OTHER, 10, 100) is None


async def test_what_is_done_stands_there_with_its_answer(store):
    await store.begin(A, ONE, 0, 10)
    await store.finish(A, ONE, DONE, 20)
    assert await store.begin(A, OTHER, 19, 100) == Kept(ONE, done=True, answer=DONE)
    assert await store.begin(A, OTHER, 20, 100) is None
    assert await store.begin(A, ONE, 99, 200) == Kept(OTHER)


async def test_what_is_over_is_not_there_whatever_was_begun_before_it(store):
    await store.begin(A, ONE, 0, 100)
    await store.begin(B, ONE, 0, 10)
    await store.finish(B, ONE, DONE, 10)
    assert await store.begin(B, OTHER, 10, 20) is None
    assert await store.begin(B, ONE, 20, 30) is None
    assert await store.begin(A, OTHER, 20, 30) == Kept(ONE)


async def test_what_is_forgotten_may_begin_again(store):
    await store.begin(A, ONE, 0, 10)
    await store.forget(A)
    await store.forget(B)
    assert await store.begin(A, OTHER, 0, 10) is None


async def test_what_took_longer_than_its_time_is_kept_all_the_same(store):
    await store.begin(A, ONE, 0, 10)
    await store.begin(B, ONE, 10, 20)
    await store.finish(A, ONE, DONE, 30)
    assert await store.begin(A, ONE, 20, 40) == Kept(ONE, done=True, answer=DONE)


async def test_an_answer_takes_the_place_of_another(store):
    await store.finish(A, ONE, DONE, 10)
    await store.finish(A, OTHER, Answer(204), 20)
    assert await store.begin(A, ONE, 0, 10) == Kept(OTHER, done=True, answer=Answer(204))


async def test_what_is_over_goes_a_little_at_a_time(store, count):
    for n in range(350):
        await store.begin(b"%032d" % n, ONE, 0, 10)
    for n in range(250):
        await store.finish(b"%032d" % n, ONE, DONE, 10)
    left = []
    for n in range(4):
        await store.begin(bytes([n]) * 32, ONE, 10, 20)
        left.append(count(store))
    assert left[0] > 100
    assert left[-1] == 4
