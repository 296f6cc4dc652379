"""All scenarios, in the order in which they are run."""

from __future__ import annotations

from faults import (
    busy,
    clocks,
    cut_off,
    disk,
    full,
    hostile,
    jobs,
    kills,
    leaving,
    limiter_model,
    loop_lag,
    memory,
    overload,
    points,
    postgres,
    receivers,
    redis_outages,
    rolling_restarts,
    slow,
    upstreams,
)
from faults.setting import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    kills.SCENARIO,
    points.SCENARIO,
    jobs.SCENARIO,
    receivers.SCENARIO,
    disk.SCENARIO,
    full.SCENARIO,
    busy.SCENARIO,
    leaving.SCENARIO,
    slow.SCENARIO,
    upstreams.SCENARIO,
    clocks.SCENARIO,
    hostile.SCENARIO,
    loop_lag.SCENARIO,
    overload.SCENARIO,
    memory.SCENARIO,
    rolling_restarts.SCENARIO,
    postgres.SCENARIO,
    cut_off.SCENARIO,
    redis_outages.SCENARIO,
    limiter_model.SCENARIO,
)
"""The order in which they are run."""
