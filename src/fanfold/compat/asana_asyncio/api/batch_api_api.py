"""The batch endpoint."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from fanfold.client import BadAnswer
from fanfold.compat.asana_asyncio.api_client import ApiClient, Timeout
from fanfold.compat.asana_asyncio.api_response import ApiResponse
from fanfold.compat.asana_asyncio.exceptions import ApiException, ApiTypeError, ApiValueError, OpenApiException
from fanfold.compat.asana_asyncio.models import (
    CreateBatchRequest200Response,
    CreateBatchRequestRequest,
    ErrorResponse,
)
from fanfold.compat.asana_asyncio.rest import RESTResponse

_encode = msgspec.json.Encoder().encode


class BatchAPIApi:
    """The operations of Asana's "Batch API"."""

    def __init__(self, api_client: ApiClient | None = None) -> None:
        self.api_client = ApiClient() if api_client is None else api_client

    async def create_batch_request(
        self,
        create_batch_request_request: CreateBatchRequestRequest,
        opt_pretty: bool | None = None,  # noqa: FBT001 - as the generated client has it
        opt_fields: list[str] | None = None,
        *,
        _request_timeout: Timeout = None,
        _headers: dict[str, str] | None = None,
    ) -> CreateBatchRequest200Response:
        """Submit parallel requests: the results, in the order of the actions.

        ``opt_pretty`` indents the answer; of each result only ``opt_fields`` are answered (``status_code``,
        ``headers``, ``body``). Raises the ``ApiException`` for a batch that was refused whole, and
        ``fanfold.client.BadAnswer`` for an answer that is none. A failing action is no exception.
        """
        answer = await self.create_batch_request_with_http_info(
            create_batch_request_request, opt_pretty, opt_fields, _request_timeout=_request_timeout, _headers=_headers
        )
        return answer.data

    async def create_batch_request_with_http_info(
        self,
        create_batch_request_request: CreateBatchRequestRequest,
        opt_pretty: bool | None = None,  # noqa: FBT001 - as the generated client has it
        opt_fields: list[str] | None = None,
        *,
        _request_timeout: Timeout = None,
        _headers: dict[str, str] | None = None,
    ) -> ApiResponse[CreateBatchRequest200Response]:
        """Likewise, with status and headers."""
        raw = await self.create_batch_request_without_preload_content(
            create_batch_request_request, opt_pretty, opt_fields, _request_timeout=_request_timeout, _headers=_headers
        )
        if not 200 <= raw.status < 300:
            body = raw.data.decode(errors="replace")
            raise ApiException.from_response(raw.status, raw.reason, body, _errors(raw.data), raw.headers)
        return ApiResponse(raw.status, raw.headers, _results(raw), raw.data)

    async def create_batch_request_without_preload_content(
        self,
        create_batch_request_request: CreateBatchRequestRequest,
        opt_pretty: bool | None = None,  # noqa: FBT001 - as the generated client has it
        opt_fields: list[str] | None = None,
        *,
        _request_timeout: Timeout = None,
        _headers: dict[str, str] | None = None,
    ) -> RESTResponse:
        """The answer as it came, whatever its status."""
        asked = create_batch_request_request
        if not isinstance(asked, CreateBatchRequestRequest):
            raise ApiTypeError(f"create_batch_request_request: Must be a CreateBatchRequestRequest, not {asked!r}")
        client = self.api_client
        headers = {
            **client.default_headers,
            "Accept": "application/json",
            "Content-Type": "application/json",
            **{setting["key"]: setting["value"] for setting in client.configuration.auth_settings().values()},
            **(_headers or {}),
        }
        url = f"{client.configuration.host.rstrip('/')}/batch{_query(opt_pretty, opt_fields)}"
        return await client.call_api("POST", url, headers, _encode(asked.to_dict()), _request_timeout)


def _query(opt_pretty: Any, opt_fields: Any) -> str:
    said = []
    if opt_pretty is not None:
        if not isinstance(opt_pretty, bool):
            raise ApiValueError(f"opt_pretty: Must be True or False, not {opt_pretty!r}")
        said.append(f"opt_pretty={str(opt_pretty).lower()}")
    if opt_fields is not None:
        if not isinstance(opt_fields, list) or not all(isinstance(name, str) for name in opt_fields):
            raise ApiValueError(f"opt_fields: Must be a list of names, not {opt_fields!r}")
        said.append(f"opt_fields={quote(','.join(opt_fields), safe=',')}")
    return f"?{'&'.join(said)}" if said else ""


def _results(raw: RESTResponse) -> CreateBatchRequest200Response:
    try:
        results = CreateBatchRequest200Response.from_dict(msgspec.json.decode(raw.data))
    except (msgspec.DecodeError, OpenApiException, RecursionError) as error:
        raise BadAnswer(f"The answer is not that of a batch: {error}") from None
    if results is None or results.data is None:
        raise BadAnswer("The answer is not that of a batch: it has no data")
    return results


def _errors(content: bytes) -> ErrorResponse | None:
    try:
        return ErrorResponse.from_dict(msgspec.json.decode(content))
    except (msgspec.DecodeError, OpenApiException, RecursionError):
        return None


__all__ = ["BatchAPIApi"]
