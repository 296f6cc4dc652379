"""The platform's own limits."""

import pytest

from fanfold.errors import LimitExceeded, SetupError
from fanfold.limits import MemoryLimiter
from fanfold.model import Caller
from fanfold.server.connect.limits import PlatformLimits

ADA = Caller("token:1", "7")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


async def test_an_account_has_a_window_of_its_own():
    clock = Clock()
    limits = PlatformLimits("account=2", lambda profile, _: MemoryLimiter(profile, clock))
    for account in ("a", "a", "b"):
        await limits.take_from_account(account, ADA)
    with pytest.raises(LimitExceeded) as refused:
        await limits.take_from_account("a", ADA)
    assert refused.value.retry_after == 10
    await limits.take_from_account("b", ADA)
    clock.now = 10.0
    await limits.take_from_account("a", ADA)


async def test_an_account_is_not_charged_for_what_its_token_has_no_room_for():
    limits = PlatformLimits("token=1,account=1")
    (limiter,) = limits.admission.limiters
    await limiter.take(ADA.key, {"requests": 1})
    with pytest.raises(LimitExceeded):
        await limits.take_from_account("a", ADA)
    await limits.take_from_account("a", Caller("token:2", "7"))


async def test_without_limits_nothing_is_counted():
    limits = PlatformLimits("off")
    assert limits.admission.limiters == ()
    await limits.take_from_account("a", ADA)


def test_the_published_numbers_have_a_name():
    (limiter,) = PlatformLimits("truto").admission.limiters
    assert limiter is not None


@pytest.mark.parametrize("text", ["", "on", "token", "token=0", "token=-1", "token=1,token=2", "requests=5", "token=²"])
def test_what_is_no_limit_is_refused_with_what_to_write(text):
    with pytest.raises(SetupError, match="token=500,account=50"):
        PlatformLimits(text)
