"""The heart: pure planning and structured concurrency. It knows no HTTP and no wire format."""

from fanfold.engine.admission import Admission
from fanfold.engine.engine import Engine
from fanfold.engine.plan import Plan, Step, make_plan

__all__ = ["Admission", "Engine", "Plan", "Step", "make_plan"]
