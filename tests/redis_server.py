"""A Redis of a test's own, where there is one to start."""

import os

import pytest

from faults.redis_server import BINARY, redis_server

__all__ = ["need_redis", "redis_server"]


def need_redis():
    """Skip where there is none to start, unless there has to be."""
    if BINARY is None:
        reason = "needs redis-server or valkey-server"
        if os.environ.get("FANFOLD_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
