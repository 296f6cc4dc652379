"""All scenarios, in the order in which they are run."""

from __future__ import annotations

from faults import hostile, kills, leaving, memory, overload, points
from faults.setting import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    kills.SCENARIO,
    points.SCENARIO,
    leaving.SCENARIO,
    hostile.SCENARIO,
    overload.SCENARIO,
    memory.SCENARIO,
)
"""The order in which they are run."""
