"""All scenarios, in the order in which they are run."""

from __future__ import annotations

from faults import kills, leaving, memory, overload
from faults.setting import Scenario

SCENARIOS: tuple[Scenario, ...] = (kills.SCENARIO, leaving.SCENARIO, overload.SCENARIO, memory.SCENARIO)
