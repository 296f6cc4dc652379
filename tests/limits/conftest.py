"""Every store passes the same tests: ``bench`` makes one of each, holding a given profile."""

import pytest

from tests.limits.benches import MemoryBench


@pytest.fixture(scope="session", params=[MemoryBench], ids=["memory"])
def bench(request):
    return request.param
