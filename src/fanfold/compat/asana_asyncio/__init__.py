"""The surface of the generated client ``asana_asyncio``, as far as it is about batches, in plain classes.

A program that uses it needs only other imports: ``from fanfold.compat import asana_asyncio``.
"""

from fanfold.compat.asana_asyncio.api import BatchAPIApi
from fanfold.compat.asana_asyncio.api_client import ApiClient
from fanfold.compat.asana_asyncio.api_response import ApiResponse
from fanfold.compat.asana_asyncio.configuration import Configuration
from fanfold.compat.asana_asyncio.exceptions import (
    ApiAttributeError,
    ApiException,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    BadRequestException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    OpenApiException,
    ServiceException,
    UnauthorizedException,
    UnprocessableEntityException,
)
from fanfold.compat.asana_asyncio.models import (
    BatchRequest,
    BatchRequestAction,
    BatchRequestActionOptions,
    BatchResponse,
    CreateBatchRequest200Response,
    CreateBatchRequestRequest,
    Error,
    ErrorResponse,
)

__all__ = [
    "ApiAttributeError",
    "ApiClient",
    "ApiException",
    "ApiKeyError",
    "ApiResponse",
    "ApiTypeError",
    "ApiValueError",
    "BadRequestException",
    "BatchAPIApi",
    "BatchRequest",
    "BatchRequestAction",
    "BatchRequestActionOptions",
    "BatchResponse",
    "Configuration",
    "ConflictException",
    "CreateBatchRequest200Response",
    "CreateBatchRequestRequest",
    "Error",
    "ErrorResponse",
    "ForbiddenException",
    "NotFoundException",
    "OpenApiException",
    "ServiceException",
    "UnauthorizedException",
    "UnprocessableEntityException",
]
