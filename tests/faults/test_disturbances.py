"""Each disturbance is begun and lifted, is the same again with the same seed, and leaves what it left."""

import random

import pytest

from faults import disturbances
from faults.proxy import PLAIN
from tests.faults.test_proxy import SAID, between, said


@pytest.mark.parametrize("name", disturbances.NAMES)
async def test_what_was_disturbed_is_as_before_for_whoever_comes_after_it(name):
    async with between() as proxy:
        assert await disturbances.begin(name, proxy, random.Random(1))
        if name != disturbances.REFUSED:
            assert PLAIN not in proxy.rules.values() or len(set(map(id, proxy.rules.values()))) == 2
        else:
            with pytest.raises(ConnectionRefusedError):
                await said(proxy)
        await disturbances.lift(proxy)
        assert await said(proxy) == SAID


async def test_the_same_seed_disturbs_the_same_way():
    async with between() as proxy:
        found = []
        for _ in range(2):
            await disturbances.begin("drip", proxy, random.Random(3))
            found.append(dict(proxy.rules))
        assert found[0] == found[1]
