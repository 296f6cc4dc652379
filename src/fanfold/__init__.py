"""The public door: everything that other programs may rely on is importable from here."""

from fanfold.errors import (
    Crashed,
    FanfoldError,
    LimitExceeded,
    NoSuchRoute,
    NotBatchable,
    RequestError,
    SetupError,
    TimedOut,
    Unauthenticated,
)
from fanfold.middleware import BatchMiddleware
from fanfold.model import (
    Action,
    Answer,
    Batch,
    Call,
    Caller,
    Endpoint,
    Grant,
    InlineTarget,
    Limiter,
    Refusal,
    Result,
    Target,
)

__all__ = [
    "Action",
    "Answer",
    "Batch",
    "BatchMiddleware",
    "Call",
    "Caller",
    "Crashed",
    "Endpoint",
    "FanfoldError",
    "Grant",
    "InlineTarget",
    "LimitExceeded",
    "Limiter",
    "NoSuchRoute",
    "NotBatchable",
    "Refusal",
    "RequestError",
    "Result",
    "SetupError",
    "Target",
    "TimedOut",
    "Unauthenticated",
]
