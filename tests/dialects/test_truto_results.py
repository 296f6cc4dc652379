"""The answer to a batch request: what stands where in ``result`` and in ``errors``."""

import pytest
from msgspec import json

from fanfold.dialects.truto_results import count_by_key, encode_results, outcome_of
from fanfold.entries import Entry, Mishap, Outcome
from fanfold.errors import FailedDependency, RemoteError, RequestError, TimedOut
from fanfold.model import Action, Answer, Result


def request(resource="users", **members):
    return Entry(index=0, resource=resource, method="list", **members)


def transform(name="t", **members):
    return Entry(index=0, kind="transform", name=name, **members)


def spool(name="s", **members):
    return Entry(index=0, kind="spool", name=name, **members)


def encoded(*pairs):
    """The answer for pairs of an entry and its outcome."""
    entries = [entry for entry, _ in pairs]
    results = [Result(Action("list", "/x"), outcome=outcome) for _, outcome in pairs]
    return json.decode(encode_results(entries, results))


def test_records_stand_under_the_resource_as_it_was_written():
    answer = encoded((request("crm/contacts"), Outcome([{"id": 1}])), (request(persist=True), Outcome([2])))
    assert answer == {
        "result": {"crm/contacts": [{"id": 1}], "users": [2]},
        "errors": {"crm/contacts": [], "users": []},
    }


def test_what_is_not_to_persist_has_errors_only():
    mishap = Mishap(RequestError("No."))
    answer = encoded(
        (request(), Outcome([1], mishaps=(mishap,))), (transform(), Outcome("x", bare=True)), (spool(), Outcome([1]))
    )
    assert answer["result"] == {}
    assert sorted(answer["errors"]) == ["t", "users"]
    assert len(answer["errors"]["users"]) == 1


def test_included_entries_without_anything_are_empty_arrays():
    answer = encoded(
        (request("crm/contacts"), Outcome()),
        (transform(persist=True), Outcome(None, bare=True)),
        (spool(persist=True), Outcome([])),
    )
    assert answer["result"] == {"crm/contacts": [], "t": [], "s": []}


def test_entries_of_one_resource_are_merged_in_the_order_of_the_recipe():
    first, second, third = [1], [2, 3], [4]
    answer = encoded(
        (request("crm/a", name="x"), Outcome(first)),
        (request("crm/b"), Outcome([9])),
        (request("crm/a", name="y"), Outcome(second)),
        (request("crm/a"), Outcome(third, mishaps=(Mishap(RequestError("No.")),))),
    )
    assert answer["result"] == {"crm/a": [1, 2, 3, 4], "crm/b": [9]}
    assert list(answer["result"]) == ["crm/a", "crm/b"]
    assert [element["name"] for element in answer["errors"]["crm/a"]] == ["crm/a"]
    assert (first, second, third) == ([1], [2, 3], [4])


@pytest.mark.parametrize("value", ["text", 0, False, {"a": 1}, [1, 2], ""])
def test_a_bare_value_is_shown_as_it_is(value):
    assert encoded((transform(persist=True), Outcome(value, bare=True)))["result"] == {"t": value}


def test_an_error_tells_where_it_comes_from():
    mishap = Mishap(RequestError("Gone.", status=404), index=2, element=("u_17",), parent="p1", page=3)
    assert encoded((request(name="user-detail"), Outcome([], mishaps=(mishap,))))["errors"]["users"] == [
        {
            "statusCode": 404,
            "error": "Not Found",
            "message": "Gone.",
            "resource": "users",
            "name": "user-detail",
            "index": 2,
            "loop_element": "u_17",
            "parent_id": "p1",
            "page": 3,
        }
    ]


def test_an_element_of_a_loop_may_be_nothing():
    (element,) = encoded((request(), Outcome(mishaps=(Mishap(RequestError("No."), element=(None,)),))))["errors"][
        "users"
    ]
    assert element["loop_element"] is None


def test_an_error_of_a_transform_names_no_resource():
    mishap = Mishap(FailedDependency("Skipped."), details={"skipped": True, "parent": "users", "parent_index": 0})
    (element,) = encoded((transform(), Outcome(mishaps=(mishap,))))["errors"]["t"]
    assert element == {
        "statusCode": 424,
        "error": "Failed Dependency",
        "message": "Skipped.",
        "details": {"skipped": True, "parent": "users", "parent_index": 0},
        "name": "t",
        "index": 0,
    }


def test_errors_of_a_spool_stand_under_its_name_where_there_are_any():
    assert encoded((spool(), Outcome(mishaps=(Mishap(FailedDependency()),))))["errors"]["s"][0]["statusCode"] == 424
    assert encoded((spool(), Outcome([1])))["errors"] == {}


def test_an_error_of_an_api_keeps_what_it_said_and_details_are_joined():
    error = RemoteError(
        "", status=500, extra={"truto_is_remote_error": True, "raw_response": "x", "details": {"a": 1}, "name": "no"}
    )
    mishap = Mishap(error, details={"b": 2})
    (element,) = encoded((request(), Outcome(mishaps=(mishap,))))["errors"]["users"]
    assert element["truto_is_remote_error"] is True
    assert element["raw_response"] == "x"
    assert element["details"] == {"a": 1, "b": 2}
    assert element["name"] == "users"
    assert error.extra["details"] == {"a": 1}


def test_an_entry_that_never_came_to_a_run_has_its_error():
    assert outcome_of(Result(Action("list", "/x"), error=TimedOut())).mishaps[0].error.status == 504
    assert outcome_of(Result(Action("list", "/x"), Answer(200))) == Outcome()


@pytest.mark.parametrize("bad", ["\ud800", {("a", "b"): 1}, object()])
def test_what_cannot_be_written_costs_its_own_record_only(bad):
    answer = encoded((request("crm/a"), Outcome([1, bad, 3])), (request("crm/b"), Outcome([4])))
    assert answer["result"] == {"crm/a": [1, 3], "crm/b": [4]}
    (element,) = answer["errors"]["crm/a"]
    assert (element["statusCode"], element["details"]) == (422, {"records": 1})
    assert answer["errors"]["crm/b"] == []


def test_what_is_nested_too_deep_costs_its_own_record_only():
    deep = []
    deep.append(deep)
    assert encoded((transform(persist=True), Outcome(deep, bare=True)))["result"] == {"t": []}


def test_an_error_that_cannot_be_written_is_still_one():
    mishap = Mishap(RemoteError("No.", status=500, extra={"raw_response": "\ud800"}), index=4)
    (element,) = encoded((request(), Outcome(mishaps=(mishap,))))["errors"]["users"]
    assert (element["statusCode"], element["index"]) == (500, 4)


def test_records_are_counted_by_the_keys_that_they_stand_under():
    entries = [request("crm/a"), request(), request("crm/a"), transform(persist=True)]
    outcomes = [Outcome(records=2), Outcome(records=9), Outcome(records=3), Outcome(records=1)]
    assert count_by_key(entries, outcomes) == {"crm/a": 5, "t": 1}
