"""How calls say who they are from."""

import base64

import pytest

from fanfold.errors import ExpressionError, RequestError
from fanfold.expressions.jsonata import JsonataEvaluator
from fanfold.integrations.authorization import authorizer_of
from fanfold.integrations.declaration import Authorization, Credentials
from fanfold.integrations.pagination.strategy import Draft

EVALUATOR = JsonataEvaluator()
KNOWN = {"api_key": "key", "user": "ada", "password": "pä", "oauth": {"token": {"access_token": "token"}}}


async def signed(told=None, credentials="api_key", known=KNOWN, **draft):
    config = Authorization(**told) if told is not None else None
    authorizer = authorizer_of(config, Credentials(format=credentials), EVALUATOR)
    made = Draft("GET", "https://x.example/a", draft.get("query", {}), {})
    shown = await authorizer.sign(made, {**known, "credentials": known, "context": known})
    return made.headers, made.signature, shown


@pytest.mark.parametrize(
    ("told", "credentials", "headers"),
    [
        (None, "api_key", {"authorization": "Bearer key"}),
        (None, "oauth2", {"authorization": "Bearer token"}),
        (None, "oauth2_client_credentials", {"authorization": "Bearer token"}),
        (None, "none", {}),
        ({"format": "none"}, "api_key", {}),
        ({"format": "bearer", "config": {"token": "{{user}}"}}, "oauth2", {"authorization": "Bearer ada"}),
        (
            {"format": "header", "config": {"header_name": "X_Key", "header_value": "t={{credentials.api_key}}"}},
            "api_key",
            {"x-key": "t=key"},
        ),
        (
            {
                "format": "header",
                "config": {"expression": '{"X-A": context.user & requestOptions.query.q, "X-B": null}'},
            },
            "api_key",
            {"x-a": "adaz"},
        ),
    ],
)
async def test_the_usual_and_the_declared_ways(told, credentials, headers):
    assert (await signed(told, credentials, query={"q": "z"}))[0] == headers


async def test_basic_is_as_the_standard_says():
    told = {"format": "basic", "config": {"username": "{{user}}", "password": "{{password}}"}}
    headers, _, shown = await signed(told)
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode() == "ada:pä"
    assert headers["authorization"].removeprefix("Basic ") in shown
    with pytest.raises(RequestError, match="colon"):
        await signed(told, known={**KNOWN, "user": "a:b"})
    assert (await signed({"format": "basic", "config": {"username": "{{user}}"}}))[0][
        "authorization"
    ] == "Basic YWRhOg=="


async def test_a_parameter_of_the_query_is_set_apart():
    told = {"format": "query", "config": {"name": "apikey", "value": "{{credentials.api_key}}"}}
    assert await signed(told) == ({}, {"apikey": "key"}, ("key",))
    with pytest.raises(RequestError, match="name"):
        await signed({"format": "query", "config": {}})


@pytest.mark.parametrize("credentials", ["api_key", "oauth2"])
async def test_what_the_account_lacks_is_named(credentials):
    with pytest.raises(RequestError, match="lacks credentials"):
        await signed(None, credentials, known={})


async def test_a_credential_that_would_end_its_header_is_refused_without_being_shown():
    with pytest.raises(RequestError) as failed:
        await signed(known={"api_key": "canary\r\nX: y"})
    assert "canary" not in failed.value.message


async def test_an_expression_has_to_give_headers():
    with pytest.raises(RequestError, match="object of headers"):
        await signed({"format": "header", "config": {"expression": "1"}})
    with pytest.raises(RequestError, match="cannot be set"):
        await signed({"format": "header", "config": {"expression": '{"Host": "evil"}'}})
    with pytest.raises(ExpressionError):
        await signed({"format": "header", "config": {"expression": "("}})


def test_what_depends_on_the_call_is_worked_out_for_each():
    def lasting(config):
        return authorizer_of(Authorization(**config), Credentials(), EVALUATOR).lasting

    assert lasting({"format": "bearer"})
    assert not lasting({"format": "bearer", "config": {"token": "{{query.token}}"}})
    assert not lasting({"format": "header", "config": {"expression": "{}"}})
