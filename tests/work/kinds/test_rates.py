"""Rates."""

import pytest

from fanfold.work.change import born


@pytest.fixture
def rate(world, project, bob):
    return world.made("/rates", {"parent": project, "resource": bob, "rate": 80})


def test_a_rate_is_made_read_changed_and_deleted(call, ada, bob, project, rate):
    shown = call("GET", f"/rates/{rate}")[1]
    assert (shown["rate"], shown["currency_code"]) == (80, "USD")
    assert [shown[name]["gid"] for name in ("parent", "resource", "created_by")] == [project, bob, ada]
    assert call("PUT", f"/rates/{rate}", {"rate": "99.5"})[1]["rate"] == 99.5
    assert call("PUT", f"/rates/{rate}", {"resource": ada}) == (400, "resource: Cannot write this property")
    assert call("PUT", f"/rates/{rate}", {"currency_code": "EUR"})[1]["currency_code"] == "USD"
    assert call("DELETE", f"/rates/{rate}") == (200, {})
    assert call("GET", f"/rates/{rate}")[0] == 404


@pytest.mark.parametrize("value", [-1, 1e300, "much", None, [], True])
def test_a_rate_is_a_sensible_number(call, project, bob, value):
    status, said = call("POST", "/rates", {"parent": project, "resource": bob, "rate": value})
    assert (status, said.partition(":")[0]) == (400, "rate")


def test_somebody_has_one_rate_on_a_project(call, project, bob, rate):
    said = call("POST", "/rates", {"parent": project, "resource": bob, "rate": 1})
    assert said == (400, f"resource: Has a rate on the parent already: {bob}")


def test_rates_are_listed_by_project_and_person(world, call, ada, bob, space, project, rate):
    other = world.made("/projects", {"name": "Other", "workspace": space})
    designer = str(born(world.system, "placeholder", int(space), name="Designer").gid)
    second = world.made("/rates", {"parent": project, "resource": designer, "rate": 0})
    third = world.made("/rates", {"parent": other, "resource": bob, "rate": 5})
    assert [item["gid"] for item in world.pages("/rates", parent=project, limit=1)] == [rate, second]
    assert [item["gid"] for item in world.pages("/rates", parent=project, resource=designer, limit=1)] == [second]
    assert [item["gid"] for item in world.pages("/rates", resource=bob, limit=1)] == [rate, third]
    assert call("GET", "/rates") == (400, "You should specify one of parent, resource")


def test_somebody_of_another_workspace_knows_no_rates(world, call, eve, project, bob, rate):
    assert call("GET", f"/rates/{rate}", user=eve) == (404, f"rate: Unknown object: {rate}")
    assert call("GET", "/rates", user=eve, parent=project) == (400, f"parent: Unknown object: {project}")
    assert call("PUT", f"/rates/{rate}", {"rate": 1}, user=eve)[0] == 404
    said = call("POST", "/rates", {"parent": project, "resource": eve, "rate": 1})
    assert said == (400, f"resource: Unknown object: {eve}")
