"""Goal relationships: what supports goals, in which order, and what may not."""

import pytest


@pytest.fixture
def make(world, space):
    """Makes a goal."""

    def make(name="Goal"):
        return world.made("/goals", {"name": name, "workspace": space})

    return make


@pytest.fixture
def support(world):
    """Has a goal supported by something; the gid of the relationship."""

    def support(goal, resource, **values):
        return world.made(f"/goals/{goal}/addSupportingRelationship", {"supporting_resource": resource, **values})

    return support


def gids(shown):
    return [item["gid"] for item in shown]


def test_a_goal_is_supported_by_goals_and_work(call, make, support, project, holder):
    goal, below = make("Above"), make("Below")
    path = f"/goals/{goal}/addSupportingRelationship"
    status, shown = call("POST", path, {"supporting_resource": below, "contribution_weight": 0.5})
    assert (status, shown["resource_subtype"], shown["contribution_weight"]) == (200, "subgoal", 0.5)
    assert shown["supporting_resource"] == {"gid": below, "resource_type": "goal", "name": "Below"}
    assert (shown["supported_goal"]["gid"], shown["supported_goal"]["name"]) == (goal, "Above")
    assert call("GET", f"/goal_relationships/{shown['gid']}")[1] == shown
    for resource in (project, holder):
        work = call("POST", path, {"supporting_resource": resource})[1]
        assert (work["resource_subtype"], work["contribution_weight"]) == ("supporting_work", 0)
    opened = call("GET", f"/goal_relationships/{work['gid']}", opt_fields="supporting_resource.completed")[1]
    assert opened["supporting_resource"] == {"gid": holder, "completed": False}


def test_relationships_are_listed_by_goal_and_subtype(world, call, make, support, project):
    goal = make()
    made = [support(goal, resource) for resource in (make(), project, make())]
    listed = call("GET", "/goal_relationships", supported_goal=goal)[1]
    assert gids(listed) == made
    assert set(listed[0]) == {"gid", "resource_type", "resource_subtype", "supporting_resource", "contribution_weight"}
    assert gids(world.pages("/goal_relationships", supported_goal=goal, limit=1)) == made
    only = call("GET", "/goal_relationships", supported_goal=goal, resource_subtype="supporting_work")[1]
    assert gids(only) == [made[1]]
    assert call("GET", "/goal_relationships", supported_goal=goal, resource_subtype="x")[0] == 400
    assert call("GET", "/goal_relationships") == (400, "supported_goal: Missing input")
    assert call("GET", "/goal_relationships", supported_goal=project)[0] == 400


def test_subgoals_have_places(call, make, support):
    goal, first, second, third, fourth = make(), make(), make(), make(), make()
    last = support(goal, first)
    support(goal, second, insert_before=first)
    support(goal, third, insert_after=second)
    listed = call("GET", "/goal_relationships", supported_goal=goal)[1]
    assert [item["supporting_resource"]["gid"] for item in listed] == [second, third, first]
    assert listed[2]["gid"] == last
    path = f"/goals/{goal}/addSupportingRelationship"
    data = {"supporting_resource": fourth}
    assert call("POST", path, data | {"insert_before": first, "insert_after": second})[0] == 400
    assert call("POST", path, data | {"insert_before": goal}) == (
        400,
        f"insert_before: Not in the same list: {goal}",
    )


def test_only_the_weight_of_a_relationship_changes(call, make, support, project):
    goal = make()
    gid = support(goal, make())
    data = {"contribution_weight": 1, "supported_goal": project, "supporting_resource": project}
    shown = call("PUT", f"/goal_relationships/{gid}", data | {"resource_subtype": "supporting_work"})[1]
    assert (shown["contribution_weight"], shown["supported_goal"]["gid"]) == (1, goal)
    assert (shown["resource_subtype"], shown["supporting_resource"]["resource_type"]) == ("subgoal", "goal")


@pytest.mark.parametrize("weight", [-0.1, 1.1, "much", None, True, [1]])
def test_a_weight_is_between_0_and_1(call, make, support, weight):
    gid = support(make(), make())
    assert call("PUT", f"/goal_relationships/{gid}", {"contribution_weight": weight})[0] == 400


def test_no_goal_supports_itself(call, make, support):
    first, second, third = make(), make(), make()
    support(first, second)
    support(second, third)
    for goal, resource in ((first, first), (second, first), (third, first)):
        said = call("POST", f"/goals/{goal}/addSupportingRelationship", {"supporting_resource": resource})
        assert said == (400, f"supporting_resource: A goal cannot support itself: {resource}")
    support(first, third)


def test_nothing_supports_a_goal_twice(call, make, support, project):
    goal = make()
    support(goal, project)
    said = call("POST", f"/goals/{goal}/addSupportingRelationship", {"supporting_resource": project})
    assert said == (400, f"supporting_resource: Supports the goal already: {project}")


def test_only_goals_and_work_of_the_workspace_support_a_goal(world, call, make, ada, org, space):
    goal = make()
    path = f"/goals/{goal}/addSupportingRelationship"
    tag = world.made("/tags", {"workspace": space, "name": "t"})
    foreign = world.made("/goals", {"workspace": org})
    assert call("POST", path, {"supporting_resource": tag}) == (400, "supporting_resource: Not a valid GID type: tag")
    assert call("POST", path, {"supporting_resource": foreign}) == (
        400,
        f"supporting_resource: Not in the same workspace: {foreign}",
    )
    assert call("POST", path, {}) == (400, "supporting_resource: Missing input")
    assert call("POST", path, {"supporting_resource": "1"}) == (400, "supporting_resource: Unknown object: 1")


def test_support_is_taken_away(call, make, support):
    goal, below = make(), make()
    gid = support(goal, below)
    path = f"/goals/{goal}/removeSupportingRelationship"
    assert call("POST", path, {"supporting_resource": below}) == (200, {})
    assert call("GET", f"/goal_relationships/{gid}")[0] == 404
    assert call("GET", "/goal_relationships", supported_goal=goal) == (200, [])
    assert call("POST", path, {"supporting_resource": below}) == (
        400,
        f"supporting_resource: Does not support the goal: {below}",
    )


def test_a_goal_knows_its_parents(call, make, support):
    first, second, below = make("First"), make("Second"), make()
    support(first, below)
    support(second, below)
    assert [item["name"] for item in call("GET", f"/goals/{below}/parentGoals")[1]] == ["First", "Second"]
    assert call("GET", f"/goals/{first}/parentGoals") == (200, [])


def test_support_ends_with_either_side(world, call, make, support, project, holder):
    goal, below = make(), make()
    made = [support(goal, resource) for resource in (below, project, holder)]
    for path, gid in zip((f"/goals/{below}", f"/projects/{project}", f"/tasks/{holder}"), made, strict=True):
        call("DELETE", path)
        assert call("GET", f"/goal_relationships/{gid}")[0] == 404
    assert call("GET", "/goal_relationships", supported_goal=goal) == (200, [])
    last = support(goal, make())
    call("DELETE", f"/goals/{goal}")
    assert world.store.record(int(last)) is None


def test_others_do_not_see_relationships(call, make, support, eve):
    goal, below = make(), make()
    gid = support(goal, below)
    for method in ("GET", "PUT"):
        assert call(method, f"/goal_relationships/{gid}", {}, user=eve)[0] == 404
    assert call("GET", "/goal_relationships", supported_goal=goal, user=eve)[0] == 400
    for verb in ("add", "remove"):
        path = f"/goals/{goal}/{verb}SupportingRelationship"
        assert call("POST", path, {"supporting_resource": below}, user=eve)[0] == 404


def test_private_work_is_not_shown_to_others(call, make, support, project, bob):
    goal = make()
    gid = support(goal, project)
    call("PUT", f"/projects/{project}", {"privacy_setting": "private"})
    assert call("GET", f"/goal_relationships/{gid}")[1]["supporting_resource"]["gid"] == project
    assert call("GET", f"/goal_relationships/{gid}", user=bob)[1]["supporting_resource"] is None
