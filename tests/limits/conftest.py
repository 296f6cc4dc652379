"""Every store passes the same tests: ``bench`` makes one of each, holding a given profile."""

import pytest

from tests.limits.benches import MemoryBench, RedisBenches
from tests.redis_server import need_redis, redis_server


@pytest.fixture(scope="session")
def shared_redis():
    """One server for all that only count in it."""
    need_redis()
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis_benches(shared_redis):
    benches = RedisBenches(shared_redis)
    yield benches
    benches.close()


@pytest.fixture(scope="session", params=["memory", pytest.param("redis", marks=pytest.mark.services)])
def bench(request):
    return MemoryBench if request.param == "memory" else request.getfixturevalue("redis_benches")


@pytest.fixture
def own_redis():
    """A server that a test may do anything to."""
    need_redis()
    with redis_server() as server:
        yield server
