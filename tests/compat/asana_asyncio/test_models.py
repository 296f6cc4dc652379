"""The models: made of keywords or dictionaries, checked when they are set, written as they are sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.compat.asana_asyncio import (
    ApiValueError,
    BatchRequest,
    BatchRequestAction,
    BatchRequestActionOptions,
    BatchResponse,
    CreateBatchRequest200Response,
    CreateBatchRequestRequest,
    Error,
    ErrorResponse,
)

BATCH = {
    "data": {
        "actions": [
            {"relative_path": "/tasks/1", "method": "get", "options": {"limit": 3, "fields": ["name"], "offset": "e"}},
            {"relative_path": "/tasks", "method": "post", "data": {"name": "x"}},
        ]
    }
}


def test_models_and_dictionaries_say_the_same():
    options = BatchRequestActionOptions(limit=3, fields=["name"], offset="e")
    first = BatchRequestAction(relative_path="/tasks/1", method="get", options=options)
    second = BatchRequestAction(relative_path="/tasks", method="post", data={"name": "x"})
    made = CreateBatchRequestRequest(data=BatchRequest(actions=[first, second]))
    assert made == CreateBatchRequestRequest(**BATCH) == CreateBatchRequestRequest.from_dict(BATCH)
    assert made.to_dict() == BATCH


def test_json_comes_back_as_it_went():
    made = CreateBatchRequestRequest(**BATCH)
    assert CreateBatchRequestRequest.from_json(made.to_json()) == made
    assert "/tasks/1" in made.to_str()


def test_what_is_not_said_is_not_sent():
    assert CreateBatchRequestRequest().to_dict() == {}
    assert BatchRequest(actions=[]).to_dict() == {"actions": []}


def test_members_that_nobody_knows_are_left_out():
    made = BatchResponse.from_dict({"status_code": 200, "headers": {}, "body": {"data": {}}, "ms": 5})
    assert made.to_dict() == {"status_code": 200, "headers": {}, "body": {"data": {}}}


def test_results_and_errors_are_models():
    results = CreateBatchRequest200Response.from_dict({"data": [{"status_code": 404, "body": {"errors": []}}]})
    assert results.data == [BatchResponse(status_code=404, body={"errors": []})]
    errors = ErrorResponse.from_dict({"errors": [{"message": "no", "help": "h", "phrase": "p"}]})
    assert errors.errors == [Error(message="no", help="h", phrase="p")]


def test_nothing_stays_nothing():
    assert BatchRequest.from_dict(None) is None
    assert BatchRequest.from_json("null") is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: BatchRequestAction(relative_path="/a", method="fetch"),
            "method: Must be one of get, post, put, delete, patch, head, not 'fetch'",
        ),
        (lambda: BatchRequestAction(relative_path=5, method="get"), "relative_path: Expected `str`, got `int`"),
        (lambda: BatchRequestAction(relative_path=None, method="get"), "relative_path: Missing input"),
        (lambda: BatchRequestActionOptions(limit="3"), "limit: Expected `int | null`, got `str`"),
        (lambda: BatchRequestActionOptions(fields="name"), "fields: Expected `array | null`, got `str`"),
        (
            lambda: CreateBatchRequestRequest(data={"actions": [{"method": "get"}]}),
            "data.actions[0]: Object missing required field `relative_path`",
        ),
        (
            lambda: CreateBatchRequestRequest(data={"actions": [{"method": "go", "relative_path": "/a"}]}),
            "data.actions[0]: method: Must be one of get, post, put, delete, patch, head, not 'go'",
        ),
        (lambda: BatchRequest.from_dict([]), "BatchRequest: Must be an object, not []"),
        (lambda: BatchRequest.from_json("{"), "BatchRequest: Input data was truncated"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(make, message):
    with pytest.raises(ApiValueError) as caught:
        make()
    assert str(caught.value) == message


def test_a_mistake_is_told_when_it_is_made_later():
    action = BatchRequestAction(relative_path="/a", method="get")
    action.method = "put"
    with pytest.raises(ApiValueError, match="method: Must be one of"):
        action.method = "go"
    with pytest.raises(ApiValueError, match="data: Expected"):
        action.data = 5
    assert action.to_dict() == {"relative_path": "/a", "method": "put"}


@given(
    st.lists(
        st.fixed_dictionaries(
            {"relative_path": st.text(), "method": st.sampled_from(["get", "post", "put", "delete"])},
            optional={"data": st.dictionaries(st.text(), st.integers(-(2**63), 2**63) | st.text() | st.booleans())},
        )
    )
)
def test_everything_that_is_said_is_sent(actions):
    made = CreateBatchRequestRequest.from_dict({"data": {"actions": actions}})
    assert made.to_dict() == {"data": {"actions": actions}}
