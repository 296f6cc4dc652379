"""All scenarios, in the order in which they are run."""

from __future__ import annotations

from faults import (
    busy,
    cut_off,
    disk,
    hostile,
    jobs,
    kills,
    leaving,
    limiter_model,
    memory,
    overload,
    points,
    postgres,
    receivers,
    redis_outages,
    rolling_restarts,
    slow,
)
from faults.setting import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    kills.SCENARIO,
    points.SCENARIO,
    jobs.SCENARIO,
    receivers.SCENARIO,
    disk.SCENARIO,
    busy.SCENARIO,
    leaving.SCENARIO,
    slow.SCENARIO,
    hostile.SCENARIO,
    overload.SCENARIO,
    memory.SCENARIO,
    rolling_restarts.SCENARIO,
    postgres.SCENARIO,
    cut_off.SCENARIO,
    redis_outages.SCENARIO,
    limiter_model.SCENARIO,
)
"""The order in which they are run."""
