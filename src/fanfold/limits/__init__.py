"""How much is allowed: policies (``Window``, ``Concurrency``, ``Profile``) over a store with one atomic verb."""

from fanfold.limits.concurrency import Concurrency, MemoryGrant
from fanfold.limits.memory import MemoryLimiter, NoLimiter
from fanfold.limits.profiles import Profile, profile
from fanfold.limits.standing import StandingLimiter
from fanfold.limits.waiting import Waiting
from fanfold.limits.window import Window

__all__ = [
    "Concurrency",
    "MemoryGrant",
    "MemoryLimiter",
    "NoLimiter",
    "Profile",
    "StandingLimiter",
    "Waiting",
    "Window",
    "profile",
]
