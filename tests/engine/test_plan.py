"""Planning: what is called, what is already settled, and what it all costs."""

import logging

import pytest

from fanfold.engine import make_plan
from fanfold.errors import Crashed, NoSuchRoute, NotBatchable, RequestError
from fanfold.model import Action, Batch, Caller
from fanfold.targets import EchoTarget
from fanfold.targets.echo import EchoEndpoint

CALLER = Caller("key", "user")


def plan_of(*actions, single=False, target=None):
    return make_plan(Batch(actions, single=single, timeout=3.0, deadline=9.0), CALLER, target or EchoTarget())


def test_an_action_becomes_a_call_with_its_route_resolved():
    action = Action("POST", "/tasks/7", (("limit", "3"),), {"data": {}}, (("accept", "*/*"),))
    call = plan_of(action).steps[0].call
    assert (call.method, call.path, call.query, call.body, call.headers) == (
        "POST",
        "/tasks/7",
        (("limit", "3"),),
        {"data": {}},
        (("accept", "*/*"),),
    )
    assert call.caller is CALLER
    assert call.params == ("tasks", "7")
    assert call.endpoint.write


def test_a_route_that_is_already_known_is_not_looked_up_again():
    endpoint = EchoEndpoint()
    call = plan_of(Action("GET", "/nowhere", endpoint=endpoint, params=("7",))).steps[0].call
    assert call.endpoint is endpoint
    assert call.params == ("7",)


def test_an_unknown_path_settles_its_own_step_only():
    unknown, known = plan_of(Action("GET", "/nowhere"), Action("GET", "/tasks")).steps
    assert isinstance(unknown.error, NoSuchRoute)
    assert unknown.call is None
    assert known.call is not None
    assert known.error is None


def test_an_action_that_is_already_refused_is_not_looked_at():
    refused = RequestError("no")
    step = plan_of(Action("GET", "/tasks", error=refused)).steps[0]
    assert step.error is refused
    assert step.call is None


def test_an_endpoint_that_is_not_for_batches_is_refused_in_a_batch():
    assert isinstance(plan_of(Action("GET", "/alone")).steps[0].error, NotBatchable)


def test_an_endpoint_that_is_not_for_batches_is_called_by_a_single_request():
    assert plan_of(Action("GET", "/alone"), single=True).steps[0].call is not None


def test_a_router_that_crashes_settles_its_own_step_only(caplog):
    class Broken(EchoTarget):
        def resolve(self, method, path):
            if path == "/broken":
                raise ZeroDivisionError
            return super().resolve(method, path)

    with caplog.at_level(logging.ERROR, "fanfold"):
        broken, whole = plan_of(Action("GET", "/broken"), Action("GET", "/tasks"), target=Broken()).steps
    assert isinstance(broken.error, Crashed)
    assert whole.call is not None
    assert "ZeroDivisionError" in caplog.text


def test_a_refusal_does_not_keep_the_frames_it_was_raised_in():
    assert plan_of(Action("GET", "/nowhere")).steps[0].error.__traceback__ is None


def test_the_times_of_the_batch_are_those_of_the_plan():
    plan = plan_of(Action("GET", "/tasks"))
    assert (plan.timeout, plan.deadline) == (3.0, 9.0)


@pytest.mark.parametrize(
    ("actions", "costs"),
    [
        ([Action("GET", "/a")], {"requests": 1, "reads": 1}),
        ([Action("POST", "/a"), Action("DELETE", "/a")], {"requests": 2, "writes": 2}),
        ([Action("GET", "/a"), Action("PUT", "/a")], {"requests": 2, "reads": 1, "writes": 1}),
        ([Action("GET", "/search"), Action("GET", "/search")], {"requests": 2, "reads": 2, "searches": 2}),
        ([Action("GET", "/nowhere"), Action("GET", "/alone")], {"requests": 2}),
        ([Action("GET", "/a", error=RequestError()), Action("POST", "/a")], {"requests": 2, "writes": 1}),
    ],
)
def test_every_action_is_a_request_and_every_call_takes_a_slot(actions, costs):
    assert plan_of(*actions).costs == costs
