"""The surface of asana_asyncio, as type checkers see it; ``make check`` looks at it, and nothing here is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from fanfold.compat import asana_asyncio
from fanfold.compat.asana_asyncio import (
    ApiAttributeError,
    ApiClient,
    ApiException,
    ApiKeyError,
    ApiResponse,
    ApiTypeError,
    ApiValueError,
    BadRequestException,
    BatchAPIApi,
    BatchRequest,
    BatchRequestAction,
    BatchRequestActionOptions,
    BatchResponse,
    Configuration,
    ConflictException,
    CreateBatchRequest200Response,
    CreateBatchRequestRequest,
    Error,
    ErrorResponse,
    ForbiddenException,
    NotFoundException,
    OpenApiException,
    ServiceException,
    UnauthorizedException,
    UnprocessableEntityException,
)
from fanfold.compat.asana_asyncio.rest import RESTResponse


def models() -> CreateBatchRequestRequest:
    options = BatchRequestActionOptions(limit=3, offset="e", fields=["name"], expand=["assignee"])
    action = BatchRequestAction(relative_path="/tasks/1", method="get", data={"a": 1}, options=options)
    asked = CreateBatchRequestRequest(data=BatchRequest(actions=[action]))
    assert_type(asked.to_dict(), dict[str, Any])
    assert_type(asked.to_json(), str)
    assert_type(asked.to_str(), str)
    assert_type(CreateBatchRequestRequest.from_dict({}), CreateBatchRequestRequest | None)
    assert_type(BatchRequest.from_json("{}"), BatchRequest | None)
    return asked


async def calls(asked: CreateBatchRequestRequest) -> None:
    configuration = Configuration(host="http://127.0.0.1:8480/api/1.0", access_token="t", timeout=5)
    assert_type(configuration.auth_settings()["oauth2"]["value"], str)
    Configuration.set_default(configuration)
    assert_type(Configuration.get_default(), Configuration)
    async with asana_asyncio.ApiClient(configuration) as client:
        assert_type(client, ApiClient)
        client.user_agent = client.user_agent
        client.set_default_header("X-Team", "blue")
        api = BatchAPIApi(client)
        found = await api.create_batch_request(asked, opt_pretty=True, opt_fields=["body"], _request_timeout=5)
        assert_type(found, CreateBatchRequest200Response)
        for result in found.data or []:
            assert_type(result, BatchResponse)
            assert_type(result.status_code, int | None)
            assert_type(result.body, dict[str, Any] | None)
            assert_type(result.headers, dict[str, Any] | None)
        whole = await api.create_batch_request_with_http_info(asked, _headers={"X-Once": "1"})
        assert_type(whole, ApiResponse[CreateBatchRequest200Response])
        assert_type(whole.data, CreateBatchRequest200Response)
        assert_type(whole.status_code, int)
        assert_type(whole.headers, Mapping[str, str])
        assert_type(whole.raw_data, bytes)
        raw = await api.create_batch_request_without_preload_content(asked, _request_timeout=(1, 5))
        assert_type(raw, RESTResponse)
        assert_type(await raw.read(), bytes)
        await client.call_api("GET", f"{configuration.host}/users/me", raw.getheaders())


def mistakes(error: OpenApiException) -> str | None:
    match error:
        case BadRequestException() | UnauthorizedException() | ForbiddenException() | NotFoundException():
            return error.reason
        case ConflictException() | UnprocessableEntityException() | ServiceException():
            return error.body
        case ApiException():
            assert_type(error.status, int | None)
            assert_type(error.headers, Mapping[str, str] | None)
            return None
        case ApiTypeError() | ApiValueError() | ApiAttributeError() | ApiKeyError():
            return error.message
    return None


def told(response: ErrorResponse) -> list[str | None]:
    return [error.message for error in errors(response)]


def errors(response: ErrorResponse) -> list[Error]:
    return response.errors or []
