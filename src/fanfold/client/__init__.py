"""The async client: calls that are awaited together travel in batches, and are answered each for itself."""

from fanfold.client.client import ASANA, Client
from fanfold.client.errors import (
    ApiError,
    BadAnswer,
    BadRequest,
    CallTimeout,
    ClientClosed,
    ClientError,
    DependencyFailed,
    Forbidden,
    JobFailed,
    NotAuthorized,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerError,
    TransportError,
    Travelled,
    Unsupported,
)
from fanfold.client.jobs import Job, JobState
from fanfold.client.limits import PROFILES, Limit
from fanfold.client.offers import Offer
from fanfold.client.ordered import PartlyCreated, Patience
from fanfold.client.replies import Reply
from fanfold.client.request import File, Request
from fanfold.client.requests import delete, get, post, put
from fanfold.client.retrying import Retries
from fanfold.client.transport import AiohttpTransport, Sink, Transport, Wire

__all__ = [
    "ASANA",
    "PROFILES",
    "AiohttpTransport",
    "ApiError",
    "BadAnswer",
    "BadRequest",
    "CallTimeout",
    "Client",
    "ClientClosed",
    "ClientError",
    "DependencyFailed",
    "File",
    "Forbidden",
    "Job",
    "JobFailed",
    "JobState",
    "Limit",
    "NotAuthorized",
    "NotFound",
    "Offer",
    "PartlyCreated",
    "Patience",
    "PaymentRequired",
    "RateLimited",
    "Reply",
    "Request",
    "Retries",
    "ServerError",
    "Sink",
    "Transport",
    "TransportError",
    "Travelled",
    "Unsupported",
    "Wire",
    "delete",
    "get",
    "post",
    "put",
]
