"""The checker itself: it sees what breaks the contract and lets through what does not."""

from types import SimpleNamespace

import pytest

from fanfold.model import Call, Caller
from fanfold.work import SqliteStore, WorkApi
from fanfold.work.change import born
from tests.contract import published
from tests.contract.checking import _watched_request, check_exchange, check_response, operation_at

SECTION = {"gid": "7", "resource_type": "section", "name": "To do"}


def envelope(**more):
    return {"data": {**SECTION, **more}}


def test_a_right_answer_has_no_faults():
    assert check_response("getSection", 200, envelope(created_at="2026-01-05T09:30:00.000Z")) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, "data"),
        ({"data": {**SECTION, "gid": 7}}, "data.gid"),
        ({"data": {"name": "To do"}}, "gid"),
        (envelope(name=["To do"]), "data.name"),
        (envelope(created_at="yesterday"), "data.created_at"),
        (envelope(project={"gid": None}), "data.project.gid"),
        (envelope(project="12"), "data.project"),
        ([SECTION], "object"),
    ],
)
def test_a_wrong_answer_is_seen(body, fault):
    assert any(fault in found for found in check_response("getSection", 200, body))


def test_an_unpublished_status_is_seen():
    assert check_response("getSection", 201, envelope())


def test_a_relation_may_be_null():
    assert check_response("getSection", 200, envelope(project=None)) == []


@published.needs_description
def test_a_scalar_may_be_null_only_where_that_is_published():
    assert check_response("getSection", 200, envelope(name=None)) != []
    assert check_response("getTask", 200, {"data": {"gid": "1", "due_on": None}}) == []


@published.needs_description
def test_a_field_that_is_not_published_is_seen_unless_the_client_chose_the_fields():
    project = {"gid": "3", "resource_type": "project", "name": "P", "owner": None}
    assert any("owner" in fault for fault in check_response("getSection", 200, envelope(project=project)))
    assert check_response("getSection", 200, envelope(project=project), limited=True) == []


@published.needs_description
def test_of_chosen_fields_those_that_are_there_are_checked():
    assert check_response("getTask", 200, {"data": {"gid": "1", "completed": True}}, limited=True) == []
    assert check_response("getTask", 200, {"data": {"gid": "1", "completed": "true"}}, limited=True) != []


def test_an_operation_is_found_by_method_and_path():
    assert operation_at("get", "/projects/1/sections") == "getSectionsForProject"
    assert operation_at("POST", "/projects/1/sections/insert") == "insertSectionForProject"
    assert operation_at("POST", "/batch") == "createBatchRequest"
    with pytest.raises(LookupError):
        operation_at("GET", "/nowhere")


def test_a_batch_is_checked_result_by_result():
    sent = {"data": {"actions": [{"method": "get", "relative_path": "/sections/7"}] * 3}}
    good, bad = envelope(), {"data": {**SECTION, "gid": 7}}
    refused = {"status_code": 404, "headers": {}, "body": {"errors": [{"message": "section: Unknown object: 7"}]}}
    results = [{"status_code": 200, "headers": {}, "body": body} for body in (good, bad)]
    faults = check_exchange("POST", "http://h/api/1.0/batch?limit=100", sent, 200, {"data": [*results, refused]})
    assert faults
    assert all(fault.startswith("getSection: data.gid: 7 ") for fault in faults)


def test_success_where_no_operation_is_described_is_seen():
    assert check_exchange("GET", "http://h/api/1.0/secrets", None, 200, {"data": []}) != []


def test_what_is_outside_the_api_is_not_looked_at():
    assert check_exchange("GET", "http://h/healthz", None, 200, {"status": "ok"}) == []


def test_every_answer_that_a_test_receives_is_looked_at(contract_faults):
    store = SqliteStore()
    api = WorkApi(store)
    user = born(api.view(0), "user", 0, name=12, email="ada@fanfold.test")
    path = f"/users/{user.gid}"
    endpoint, params = api.resolve("GET", path)
    api.answer(Call("GET", path, (), None, (), Caller("k", str(user.gid)), endpoint, params))
    store.close()
    seen = list(contract_faults)
    contract_faults.clear()
    assert any("getUser: data.name: 12" in fault for fault in seen)


def test_what_the_official_client_receives_is_looked_at(contract_faults):
    def plain(self, method, url, *_):
        return SimpleNamespace(status=200, data=b'{"data":{"gid":7}}')

    url = "http://127.0.0.1:8480/api/1.0/sections/7"
    _watched_request(plain)(None, "GET", url, [("opt_fields", "gid")])
    seen = list(contract_faults)
    contract_faults.clear()
    assert any("getSection: data.gid: 7" in fault for fault in seen)
