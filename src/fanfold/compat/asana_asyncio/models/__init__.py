"""What is sent and what comes back, each in the module that the generated client has it in."""

from fanfold.compat.asana_asyncio.models.batch_request import BatchRequest
from fanfold.compat.asana_asyncio.models.batch_request_action import BatchRequestAction
from fanfold.compat.asana_asyncio.models.batch_request_action_options import BatchRequestActionOptions
from fanfold.compat.asana_asyncio.models.batch_response import BatchResponse
from fanfold.compat.asana_asyncio.models.create_batch_request200_response import CreateBatchRequest200Response
from fanfold.compat.asana_asyncio.models.create_batch_request_request import CreateBatchRequestRequest
from fanfold.compat.asana_asyncio.models.error import Error
from fanfold.compat.asana_asyncio.models.error_response import ErrorResponse

__all__ = [
    "BatchRequest",
    "BatchRequestAction",
    "BatchRequestActionOptions",
    "BatchResponse",
    "CreateBatchRequest200Response",
    "CreateBatchRequestRequest",
    "Error",
    "ErrorResponse",
]
