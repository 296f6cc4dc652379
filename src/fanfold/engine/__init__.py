"""The heart: pure planning and structured concurrency. It knows no HTTP and no wire format."""

from fanfold.engine.admission import Admission
from fanfold.engine.engine import Engine
from fanfold.engine.means import Gone, Watch
from fanfold.engine.order import has_failed
from fanfold.engine.plan import Plan, Step, make_plan

__all__ = ["Admission", "Engine", "Gone", "Plan", "Step", "Watch", "has_failed", "make_plan"]
