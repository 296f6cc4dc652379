"""The public door: everything that other programs may rely on is importable from here."""

from fanfold.client import Client
from fanfold.dialects import AsanaDialect, Dialect
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
from fanfold.idempotency import AnswerStore
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
    "AnswerStore",
    "AsanaDialect",
    "Batch",
    "BatchMiddleware",
    "Call",
    "Caller",
    "Client",
    "Crashed",
    "Dialect",
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
