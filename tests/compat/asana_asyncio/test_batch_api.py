"""The batch operation of the asana_asyncio surface, on a real server and on one that answers badly."""

import pytest

from fanfold.client import BadAnswer, TransportError
from fanfold.compat import asana_asyncio
from fanfold.compat.asana_asyncio.api.batch_api_api import BatchAPIApi
from fanfold.compat.asana_asyncio.rest import (
    ApiException,
    BadRequestException,
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
)
from tests.compat.conftest import stubbed


def asked(*actions):
    return asana_asyncio.CreateBatchRequestRequest(data={"actions": list(actions)})


ME = {"method": "get", "relative_path": "/users/me"}
NOWHERE = {"method": "get", "relative_path": "/nowhere"}


@pytest.fixture
async def client(server):
    configuration = asana_asyncio.Configuration(host=server.url, access_token=server.token)
    async with asana_asyncio.ApiClient(configuration) as client:
        yield client


async def test_results_are_in_the_order_of_the_actions(client):
    found = await BatchAPIApi(client).create_batch_request(asked(ME, NOWHERE, ME))
    assert isinstance(found, asana_asyncio.CreateBatchRequest200Response)
    assert [result.status_code for result in found.data] == [200, 404, 200]
    assert found.data[0].body["data"]["gid"] == "1001"
    assert found.data[0].headers == {}


async def test_opt_fields_and_opt_pretty_are_sent(client, server):
    server.clear_requests()
    found = await BatchAPIApi(client).create_batch_request_with_http_info(
        asked(ME), opt_pretty=True, opt_fields=["status_code", "headers"]
    )
    assert found.data.to_dict() == {"data": [{"status_code": 200, "headers": {}}]}
    assert b"\n" in found.raw_data.strip()
    (entry,) = server.requested(method="POST")
    assert entry["query"] == {"opt_pretty": "true", "opt_fields": "status_code,headers"}


async def test_all_that_belongs_to_an_answer(client):
    found = await BatchAPIApi(client).create_batch_request_with_http_info(asked(ME))
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json; charset=UTF-8"
    assert found.data.data[0].status_code == 200
    raw = await BatchAPIApi(client).create_batch_request_without_preload_content(asked(ME))
    assert (raw.status, raw.reason, await raw.read()) == (200, "OK", raw.data)
    assert raw.getheader("Content-Type") == raw.getheaders()["content-type"]
    assert raw.getheader("X-Nothing", "none") == "none"


async def test_an_empty_batch_is_a_bad_request(client):
    with pytest.raises(BadRequestException) as caught:
        await BatchAPIApi(client).create_batch_request(asana_asyncio.CreateBatchRequestRequest())
    error = caught.value
    assert (error.status, error.reason) == (400, "Bad Request")
    assert error.data.errors[0].message == "data: Missing input"
    assert "data: Missing input" in error.body
    assert str(error).startswith("(400)\nReason: Bad Request\nHTTP response headers: {")
    assert error.headers["content-type"].startswith("application/json")


async def test_a_wrong_token_is_unauthorized(client):
    client.configuration.access_token = "wrong"
    with pytest.raises(UnauthorizedException, match="Not Authorized"):
        await BatchAPIApi(client).create_batch_request(asked(ME))


async def test_both_ways_of_signing_in_show_the_token_that_is_set_last(client, server):
    settings = client.configuration.auth_settings()
    assert set(settings) == {"personalAccessToken", "oauth2"}
    assert {setting["value"] for setting in settings.values()} == {f"Bearer {server.token}"}
    assert {setting["in"] for setting in settings.values()} == {"header"}
    client.configuration.access_token = None
    assert client.configuration.auth_settings() == {}
    with pytest.raises(UnauthorizedException):
        await BatchAPIApi(client).create_batch_request(asked(ME))
    client.configuration.access_token = server.token
    assert (await BatchAPIApi(client).create_batch_request(asked(ME))).data[0].status_code == 200


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestException),
        (401, UnauthorizedException),
        (403, ForbiddenException),
        (404, NotFoundException),
        (409, asana_asyncio.ConflictException),
        (422, asana_asyncio.UnprocessableEntityException),
        (418, ApiException),
        (500, ServiceException),
        (503, ServiceException),
    ],
)
async def test_exceptions_go_by_status(status, kind):
    with stubbed(lambda *_: (status, {}, b"no json")) as stub:
        async with asana_asyncio.ApiClient(asana_asyncio.Configuration(host=stub.url)) as client:
            with pytest.raises(ApiException) as caught:
                await BatchAPIApi(client).create_batch_request(asked(ME))
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.body, caught.value.data) == (status, "no json", None)


@pytest.mark.parametrize("content", [b"<html>", b'{"data": [{"status_co', b'{"data": 5}', b"{}", b"[]", b""])
async def test_an_answer_that_is_none_is_one_clear_exception(content):
    with stubbed(lambda *_: (200, {}, content)) as stub:
        async with asana_asyncio.ApiClient(asana_asyncio.Configuration(host=stub.url)) as client:
            with pytest.raises(BadAnswer, match="The answer is not that of a batch"):
                await BatchAPIApi(client).create_batch_request(asked(ME))


async def test_headers_of_ones_own_are_sent():
    with stubbed(lambda *_: (200, {}, b'{"data": []}')) as stub:
        configuration = asana_asyncio.Configuration(host=f"{stub.url}/", proxy=None)
        async with asana_asyncio.ApiClient(configuration, "X-Team", "blue", cookie="a=b") as client:
            client.set_default_header("X-More", "1")
            client.user_agent = "mine"
            assert client.default_headers == {"User-Agent": "mine", "X-Team": "blue", "Cookie": "a=b", "X-More": "1"}
            found = await BatchAPIApi(client).create_batch_request(asked(), _headers={"X-Once": "2"})
    assert found.data == []
    assert [path for _, path, _ in stub.asked] == ["/api/batch"]


async def test_nobody_there_is_a_transport_error():
    with stubbed(lambda *_: (200, {}, b"")) as stub:
        url = stub.url
    async with asana_asyncio.ApiClient(asana_asyncio.Configuration(host=url)) as client:
        with pytest.raises(TransportError):
            await BatchAPIApi(client).create_batch_request(asked(ME), _request_timeout=(1, 5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"opt_pretty": "yes"}, "opt_pretty: Must be True or False, not 'yes'"),
        ({"opt_fields": "body"}, "opt_fields: Must be a list of names, not 'body'"),
        (
            {"create_batch_request_request": {}},
            "create_batch_request_request: Must be a CreateBatchRequestRequest, not {}",
        ),
    ],
)
async def test_a_wrong_argument_is_told_in_a_sentence(arguments, message):
    async with asana_asyncio.ApiClient() as client:
        with pytest.raises(asana_asyncio.OpenApiException) as caught:
            await BatchAPIApi(client).create_batch_request(**{"create_batch_request_request": asked(ME), **arguments})
    assert str(caught.value) == message


def test_there_is_a_default_configuration():
    assert asana_asyncio.Configuration().host == "https://app.asana.com/api/1.0"
    asana_asyncio.Configuration.set_default(asana_asyncio.Configuration(host="http://here.test/api"))
    try:
        assert BatchAPIApi().api_client.configuration.host == "http://here.test/api"
    finally:
        asana_asyncio.Configuration.set_default(None)
    assert asana_asyncio.ApiClient().configuration.host == "https://app.asana.com/api/1.0"
