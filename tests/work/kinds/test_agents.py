"""Agents."""

import pytest

from fanfold.work.change import born


@pytest.fixture
def agent(world, org):
    return str(born(world.system, "agent", int(org), name="Triage", description="Sorts what comes in").gid)


def test_an_agent_is_shown(call, org, agent):
    shown = call("GET", f"/agents/{agent}")[1]
    assert (shown["name"], shown["resource_subtype"], shown["workspace"]["gid"]) == ("Triage", "asana_teammate", org)
    assert (shown["description"], shown["behavior_guidance"], shown["photo"]) == ("Sorts what comes in", None, None)


def test_the_agents_of_a_workspace_are_listed(world, call, org, agent):
    second = str(born(world.system, "agent", int(org), name="Second").gid)
    listed = world.pages(f"/workspaces/{org}/agents", limit=1)
    assert [item["gid"] for item in listed] == [agent, second]
    assert sorted(listed[0]) == ["gid", "name", "resource_subtype", "resource_type"]


def test_somebody_of_another_workspace_knows_no_agents(call, eve, org, agent):
    assert call("GET", f"/agents/{agent}", user=eve) == (404, f"agent: Unknown object: {agent}")
    assert call("GET", f"/workspaces/{org}/agents", user=eve)[0] == 404
