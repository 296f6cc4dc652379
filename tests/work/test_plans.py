"""The free plan: what it does not have is refused, whatever was sent, and the rest goes on."""

import pytest

from fanfold.work.api import WorkApi
from fanfold.work.plans import price
from tests.contract import published

SEARCH = "Search is only available to premium users."
FIELDS = "Custom Fields are not available for free users or guests."


@pytest.fixture
def free(world, project, holder):
    """The same world, on the free plan."""
    world.api = WorkApi(world.store, clock=lambda: world.now, free=True)
    return world


def test_what_has_to_be_paid_for_is_refused(free, space, holder):
    assert free.call("GET", f"/workspaces/{space}/tasks/search") == (402, SEARCH)
    assert free.call("POST", "/custom_fields", {"name": "x"}) == (402, FIELDS)
    assert free.call("GET", "/goals")[0] == 402
    assert free.call("POST", f"/tasks/{holder}/addDependencies", {"dependencies": []})[0] == 402


def test_the_rest_is_there(free, space, project, holder):
    assert free.call("GET", f"/tasks/{holder}")[0] == 200
    assert free.call("GET", f"/projects/{project}")[0] == 200
    assert free.made("/tasks", {"workspace": space})


@published.needs_description
def test_all_operations_are_refused_that_are_published_to_be(world):
    refused = {route.operation for route in world.api.operations() if price(route)}
    said = {name for name, operation in published.operations().items() if 402 in map(int, operation["responses"])}
    assert said - refused == {"getAttachment"}  # attachments are there for everybody
