"""Portfolios: what they hold, who sees them, and what becomes of all that when they go."""

import pytest

from fanfold.work.people import service_account


@pytest.fixture
def portfolio(world, space):
    return world.made("/portfolios", {"name": "Bets", "workspace": space})


@pytest.fixture
def new_portfolio(world, space):
    def new_portfolio(name="More", user=None, **values):
        return world.made("/portfolios", {"name": name, "workspace": space, **values}, user)

    return new_portfolio


@pytest.fixture
def items(call, portfolio):
    """What the portfolio holds, in order."""

    def items():
        return [item["gid"] for item in call("GET", f"/portfolios/{portfolio}/items")[1]]

    return items


@pytest.fixture
def add(call, portfolio):
    def add(item, into=None, **more):
        return call("POST", f"/portfolios/{into or portfolio}/addItem", {"item": item, **more})

    return add


def test_a_portfolio_is_made_read_changed_and_deleted(call, ada, space, portfolio):
    shown = call("GET", f"/portfolios/{portfolio}")[1]
    assert (shown["name"], shown["workspace"]["gid"], shown["created_at"]) == (
        "Bets",
        space,
        "2026-01-05T09:30:00.000Z",
    )
    assert (shown["owner"]["gid"], shown["created_by"]["gid"]) == (ada, ada)
    assert [member["gid"] for member in shown["members"]] == [ada]
    assert (shown["public"], shown["privacy_setting"], shown["default_access_level"]) == (
        False,
        "members_only",
        "viewer",
    )
    assert (shown["custom_fields"], shown["custom_field_settings"], shown["project_templates"]) == ([], [], [])
    assert shown["current_status_update"] is None
    assert "archived" not in shown
    assert shown["permalink_url"].endswith(portfolio)
    changes = {"name": "Wagers", "color": "dark-red", "archived": True, "default_access_level": "editor"}
    changed = call("PUT", f"/portfolios/{portfolio}", changes, opt_fields="name,color,archived,default_access_level")
    assert changed == (200, {"gid": portfolio, **changes})
    assert call("DELETE", f"/portfolios/{portfolio}") == (200, {})
    assert call("GET", f"/portfolios/{portfolio}") == (404, f"portfolio: Unknown object: {portfolio}")


def test_a_portfolio_needs_a_workspace_and_keeps_it(call, org, portfolio):
    assert call("POST", "/portfolios", {"name": "x"}) == (400, "workspace: Missing input")
    said = call("PUT", f"/portfolios/{portfolio}", {"workspace": org})
    assert said == (400, "workspace: Cannot write this property")


@pytest.mark.parametrize("dates", [{"start_on": "2026-02-01"}, {"start_on": "2026-02-01", "due_on": "2026-02-01"}])
def test_a_portfolio_starts_before_it_is_due(call, portfolio, dates):
    said = call("PUT", f"/portfolios/{portfolio}", dates)
    assert said == (400, "start_on: A start date needs a due date that is later")
    assert call("PUT", f"/portfolios/{portfolio}", {**dates, "due_on": "2026-03-01"})[1]["start_on"] == "2026-02-01"


def test_what_is_only_read_cannot_be_set(call, bob, space, portfolio):
    values = {"owner": bob, "created_by": bob, "members": [bob], "privacy_setting": "public_to_domain"}
    before = call("GET", f"/portfolios/{portfolio}")[1]
    assert call("PUT", f"/portfolios/{portfolio}", values) == (200, before)


@pytest.mark.parametrize(
    "values",
    [
        *({"color": "mauve"}, {"color": None}, {"name": None}, {"default_access_level": "commenter"}),
        *({"due_on": "soon"}, {"archived": "perhaps"}, {"custom_fields": {"1": "x"}}),
    ],
)
def test_values_are_of_the_right_kind(call, portfolio, values):
    status, said = call("PUT", f"/portfolios/{portfolio}", values)
    assert status == 400
    assert said.startswith(f"{next(iter(values))}: ") or "Custom field with ID" in said


def test_people_list_the_portfolios_that_they_own(world, bob, eve, space, portfolio, new_portfolio):
    call = world.call
    second = new_portfolio(public=True)
    new_portfolio(user=bob, public=True)
    assert [shown["gid"] for shown in world.pages("/portfolios", workspace=space, limit=1)] == [portfolio, second]
    assert call("GET", "/portfolios", workspace=space, owner="me")[1] == call("GET", "/portfolios", workspace=space)[1]
    assert call("GET", "/portfolios", workspace=space, owner=bob)[0] == 403
    assert call("GET", "/portfolios") == (400, "workspace: Missing input")
    assert call("GET", "/portfolios", workspace=space, user=eve)[0] == 400


def test_a_service_account_lists_those_of_everybody(world, call, bob, space, portfolio, new_portfolio):
    account = str(service_account(world.system, int(space), "Exporter"))
    other = new_portfolio(user=bob)
    assert [shown["gid"] for shown in call("GET", "/portfolios", user=account, workspace=space)[1]] == [
        portfolio,
        other,
    ]
    found = call("GET", "/portfolios", user=account, workspace=space, owner=bob)[1]
    assert [shown["gid"] for shown in found] == [other]


def test_only_members_see_a_portfolio_that_is_not_public(call, bob, eve, portfolio, new_portfolio):
    assert call("GET", f"/portfolios/{portfolio}", user=bob)[0] == 404
    public = new_portfolio(public=True)
    assert call("GET", f"/portfolios/{public}", user=bob)[1]["privacy_setting"] == "public_to_domain"
    assert call("GET", f"/portfolios/{public}", user=eve)[0] == 404
    assert call("PUT", f"/portfolios/{public}", {"public": False})[1]["public"] is False
    assert call("GET", f"/portfolios/{public}", user=bob)[0] == 404


def test_members_come_and_go(call, ada, bob, eve, portfolio):
    path = f"/portfolios/{portfolio}"
    for _ in range(2):
        shown = call("POST", f"{path}/addMembers", {"members": [bob]})[1]
        assert [member["gid"] for member in shown["members"]] == [ada, bob]
    assert call("GET", path, user=bob)[0] == 200
    assert [
        member["gid"] for member in call("POST", f"{path}/removeMembers", {"members": "bob@fanfold.test"})[1]["members"]
    ] == [ada]
    assert call("GET", path, user=bob)[0] == 404
    assert call("POST", f"{path}/addMembers", {}) == (400, "members: Missing input")
    assert call("POST", f"{path}/addMembers", {"members": [eve]}) == (400, f"members: [0]: Unknown object: {eve}")


def test_items_stand_where_they_are_put(world, space, project, new_portfolio, add, items):
    inner = new_portfolio()
    third, fourth = (world.made("/projects", {"name": name, "workspace": space}) for name in ("Third", "Fourth"))
    assert add(project) == (200, {})
    add(inner)
    add(third, insert_before=project)
    add(fourth, insert_after=project)
    assert items() == [third, project, fourth, inner]
    add(project)
    assert items() == [third, project, fourth, inner]
    add(project, insert_after=inner)
    add(inner, insert_after=None)
    assert items() == [inner, third, fourth, project]


def test_items_are_shown_as_what_they_are_page_by_page(world, call, portfolio, project, new_portfolio, add, items):
    inner = new_portfolio(name="Inner")
    add(inner)
    add(project)
    path = f"/portfolios/{portfolio}/items"
    assert world.pages(path, limit=1) == [
        {"gid": inner, "resource_type": "portfolio", "name": "Inner"},
        {"gid": project, "resource_type": "project", "name": "Launch"},
    ]
    assert call("GET", path, opt_fields="default_view,default_access_level")[1] == [
        {"gid": inner, "default_access_level": "viewer"},
        {"gid": project, "default_view": "list", "default_access_level": "editor"},
    ]


def test_items_that_do_not_fit_are_refused(world, bob, space, project, new_portfolio, add):
    task = world.made("/tasks", {"workspace": space})
    other = world.workspace("Other", world.ada)
    foreign = world.made("/projects", {"workspace": other})
    hidden = world.made("/projects", {"workspace": space, "privacy_setting": "private"}, bob)
    assert add(None) == (400, "item: Missing input")
    assert add(task) == (400, "item: Not a valid GID type: task")
    assert add(foreign) == (400, f"item: Not in the same workspace: {foreign}")
    assert add(hidden) == (400, f"item: Unknown object: {hidden}")
    assert add(project, insert_before=task)[1] == f"insert_before: Not in the same list: {task}"
    add(project)
    both = add(new_portfolio(), insert_before=project, insert_after=project)
    assert both == (400, "You may only provide one of insert_before or insert_after!")


def test_a_portfolio_is_never_inside_of_itself(portfolio, new_portfolio, add):
    middle, inner = new_portfolio(), new_portfolio()
    add(middle)
    add(inner, into=middle)
    for item, into in ((portfolio, portfolio), (portfolio, inner), (middle, inner)):
        assert add(item, into=into) == (400, f"item: A portfolio cannot be inside of itself: {item}")


def test_an_item_is_taken_out_again(call, portfolio, project, new_portfolio, add, items):
    inner = new_portfolio()
    add(inner)
    add(project)
    for item in (inner, project, project):
        assert call("POST", f"/portfolios/{portfolio}/removeItem", {"item": item}) == (200, {})
    assert items() == []
    assert call("GET", f"/projects/{project}/project_portfolio_settings") == (200, [])


def test_items_that_are_deleted_leave_and_outlive_their_portfolio(call, portfolio, project, new_portfolio, add, items):
    inner = new_portfolio()
    add(inner)
    add(project)
    call("DELETE", f"/portfolios/{inner}")
    assert items() == [project]
    call("DELETE", f"/portfolios/{portfolio}")
    assert call("GET", f"/projects/{project}")[0] == 200
    assert call("GET", f"/projects/{project}/project_portfolio_settings") == (200, [])


def test_private_items_are_not_shown_to_everybody(world, call, bob, space, portfolio, add, items):
    hidden = world.made("/projects", {"workspace": space, "privacy_setting": "private"})
    add(hidden)
    call("POST", f"/portfolios/{portfolio}/addMembers", {"members": [bob]})
    assert items() == [hidden]
    assert call("GET", f"/portfolios/{portfolio}/items", user=bob) == (200, [])


def test_a_portfolio_has_custom_fields(world, call, portfolio, new_field):
    number = new_field("number", "Budget", precision=1)
    path = f"/portfolios/{portfolio}"
    call("POST", f"{path}/addCustomFieldSetting", {"custom_field": number})
    (setting,) = call("GET", f"{path}/custom_field_settings")[1]
    assert (setting["parent"]["gid"], setting["custom_field"]["gid"]) == (portfolio, number)
    shown = call("PUT", path, {"custom_fields": {number: 2.5}})[1]
    assert [(field["gid"], field["number_value"]) for field in shown["custom_fields"]] == [(number, 2.5)]
    assert [shown["gid"] for shown in shown["custom_field_settings"]] == [setting["gid"]]
    assert call("POST", f"{path}/removeCustomFieldSetting", {"custom_field": number}) == (200, {})
    assert call("GET", path)[1]["custom_fields"] == []


def test_portfolios_are_found_by_typing(call, space, portfolio):
    found = call("GET", f"/workspaces/{space}/typeahead", resource_type="portfolio", query="be")[1]
    assert [shown["gid"] for shown in found] == [portfolio]


def test_a_team_lets_its_people_in(world, call, ada, bob, org):
    team = world.made("/teams", {"name": "Plot", "organization": org})
    gid = world.made("/portfolios", {"workspace": org})
    assert call("GET", f"/portfolios/{gid}", user=bob)[0] == 404
    world.made("/memberships", {"parent": gid, "member": team})
    assert call("GET", f"/portfolios/{gid}", user=bob)[0] == 404
    call("POST", f"/teams/{team}/addUser", {"user": bob})
    assert [member["gid"] for member in call("GET", f"/portfolios/{gid}", user=bob)[1]["members"]] == [ada]


def test_the_latest_status_update_is_shown(world, call, portfolio):
    update = {"parent": portfolio, "text": "Fine", "status_type": "on_track", "title": "Week 1"}
    gid = world.made("/status_updates", update)
    assert call("GET", f"/portfolios/{portfolio}")[1]["current_status_update"]["gid"] == gid
    call("DELETE", f"/portfolios/{portfolio}")
    assert call("GET", f"/status_updates/{gid}")[0] == 404


def test_items_have_the_custom_fields_of_their_portfolio(
    world, call, portfolio, project, new_portfolio, add, new_field
):
    number = new_field("number", "Budget", precision=1)
    call("POST", f"/portfolios/{portfolio}/addCustomFieldSetting", {"custom_field": number})
    for path in (f"/projects/{project}", f"/portfolios/{new_portfolio()}"):
        refused = call("PUT", path, {"custom_fields": {number: 1}})
        assert refused == (400, f"Custom field with ID {number} is not on given object")
        add(path.rpartition("/")[2])
        shown = call("PUT", path, {"custom_fields": {number: 1.5}})[1]
        assert [(field["gid"], field["number_value"]) for field in shown["custom_fields"]] == [(number, 1.5)]
        call("POST", f"/portfolios/{portfolio}/removeItem", {"item": path.rpartition("/")[2]})
        assert call("GET", path)[1]["custom_fields"] == []


def test_items_show_the_values_that_their_portfolio_asks_for(world, call, space, portfolio, project, add, new_field):
    field = new_field("text", "Why")
    call("POST", f"/portfolios/{portfolio}/addCustomFieldSetting", {"custom_field": field})
    own = new_field("text", "How")
    call("POST", f"/projects/{project}/addCustomFieldSetting", {"custom_field": own})
    other = world.made("/projects", {"workspace": space})
    for item in (project, other):
        add(item)
        call("PUT", f"/projects/{item}", {"custom_fields": {field: item}})
    shown = call("GET", f"/portfolios/{portfolio}/items", opt_fields="custom_fields.display_value")[1]
    values = [[(field["gid"], field["display_value"]) for field in item["custom_fields"]] for item in shown]
    assert values == [[(own, None), (field, project)], [(field, other)]]


def test_projects_are_found_by_their_portfolio(call, space, portfolio, project, add):
    path = f"/workspaces/{space}/projects/search"
    assert call("GET", path, **{"portfolios.any": portfolio}) == (200, [])
    add(project)
    assert [shown["gid"] for shown in call("GET", path, **{"portfolios.any": portfolio})[1]] == [project]
