"""Custom fields: their types and options, the projects that have them, and the values they take there."""

import pytest

# -- the field itself ------------------------------------------------------------------------------------------------


def test_options_have_gids_and_keep_their_order(call, new_field):
    field = new_field(
        "enum", "Priority", enum_options=[{"name": "Low"}, {"name": "High", "color": "red", "enabled": False}]
    )
    _, shown = call("GET", f"/custom_fields/{field}")
    assert [(o["name"], o["color"], o["enabled"]) for o in shown["enum_options"]] == [
        ("Low", "none", True),
        ("High", "red", False),
    ]
    assert len({option["gid"] for option in shown["enum_options"]}) == 2
    assert (shown["type"], shown["resource_subtype"], shown["representation_type"]) == ("enum", "enum", "enum")


def test_the_former_name_of_the_type_still_works(call, space):
    status, shown = call("POST", "/custom_fields", {"workspace": space, "name": "Note", "type": "text"})
    assert (status, shown["resource_subtype"]) == (201, "text")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": None}, "name: Missing input"),
        ({"name": " "}, "name: Missing input"),
        ({"name": "Due Date"}, "name: Tasks have a property"),
        ({"name": "TAKEN"}, "name: There is already"),
        ({"resource_subtype": None}, "resource_subtype: Missing input"),
        ({"resource_subtype": "formula"}, "resource_subtype: Must be one of"),
        ({"resource_subtype": "number", "precision": 7}, "precision: Must be an integer between 0 and 6"),
        ({"resource_subtype": "number", "format": "currency"}, "currency_code: "),
        ({"resource_subtype": "number", "format": "currency", "currency_code": "dollars"}, "currency_code: "),
        ({"enum_options": [{"name": "A"}]}, "enum_options: Only custom fields of type enum"),
        ({"enum_options": {"name": "A"}}, "enum_options: Value is not an array"),
        ({"resource_subtype": "enum", "enum_options": ["A"]}, "enum_options: [0]: Value is not a JSON object"),
        ({"resource_subtype": "enum", "enum_options": [{"color": "red"}]}, "enum_options: [0]: name: Missing input"),
        ({"resource_subtype": "enum", "enum_options": [{"name": "A", "color": []}]}, "enum_options: [0]: color: "),
        ({"resource_subtype": "enum", "enum_options": [{"name": "A"}] * 501}, "enum_options: A custom field must have"),
        ({"resource_subtype": "reference", "input_restrictions": ["user"]}, "input_restrictions: Must be a list of"),
        ({"workspace": "1"}, "workspace: Unknown object: 1"),
    ],
)
def test_what_makes_no_custom_field_is_refused(call, new_field, space, data, message):
    new_field("text", "Taken")
    status, said = call(
        "POST", "/custom_fields", {"workspace": space, "name": "New", "resource_subtype": "text"} | data
    )
    assert status == 400
    assert said.startswith(message)


def test_only_listed_apps_own_custom_fields(call, space):
    data = {"workspace": space, "name": "New", "resource_subtype": "text", "owned_by_app": True}
    assert call("POST", "/custom_fields", data)[0] == 403


def test_a_refused_custom_field_leaves_its_name_free(call, new_field, space):
    options = [{"name": "A"}, {"name": ""}]
    data = {"workspace": space, "name": "New", "resource_subtype": "enum", "enum_options": options}
    assert call("POST", "/custom_fields", data)[0] == 400
    new_field("text", "New")


def test_a_name_may_be_kept_but_not_taken(call, new_field):
    new_field("text", "Taken")
    field = new_field("number", "Mine")
    assert call("PUT", f"/custom_fields/{field}", {"name": "mine", "precision": 2})[1]["precision"] == 2
    assert call("PUT", f"/custom_fields/{field}", {"name": "taken"})[0] == 400
    assert call("PUT", f"/custom_fields/{field}", {"type": "text"}) == (400, "type: Cannot write this property")


def test_a_workspace_lists_its_custom_fields_and_no_stranger_sees_them(world, call, new_field, space):
    field = new_field("enum", "Priority", enum_options=[{"name": "Low"}])
    _, (shown,) = call("GET", f"/workspaces/{space}/custom_fields")
    assert shown["gid"] == field
    assert [option["name"] for option in shown["enum_options"]] == ["Low"]
    assert call("GET", f"/custom_fields/{field}", None, world.eve)[0] == 404


# -- options ---------------------------------------------------------------------------------------------------------


def test_options_are_added_at_the_end_or_where_told(call, world, new_field):
    field = new_field("enum", enum_options=[{"name": "A"}, {"name": "B"}])
    first = world.options(field)["A"]
    path = f"/custom_fields/{field}/enum_options"
    world.made(path, {"name": "Z"})
    status, shown = call("POST", path, {"name": "A+", "insert_after": first, "color": "aqua"})
    assert (status, shown["color"], shown["enabled"]) == (201, "aqua", True)
    assert list(world.options(field)) == ["A", "A+", "B", "Z"]


def test_options_are_moved(world, call, new_field):
    field = new_field("multi_enum", enum_options=[{"name": "A"}, {"name": "B"}, {"name": "C"}])
    gids = world.options(field)
    path = f"/custom_fields/{field}/enum_options/insert"
    assert call("POST", path, {"enum_option": gids["C"], "before_enum_option": gids["A"]})[1]["name"] == "C"
    assert list(world.options(field)) == ["C", "A", "B"]
    call("POST", path, {"enum_option": gids["C"], "after_enum_option": gids["C"]})
    call("POST", path, {"enum_option": gids["A"], "after_enum_option": gids["B"]})
    assert list(world.options(field)) == ["C", "B", "A"]


def test_an_option_moves_within_its_own_field_only(world, call, new_field):
    field, other = (new_field("enum", name, enum_options=[{"name": "A"}, {"name": "B"}]) for name in ("One", "Two"))
    mine, theirs = world.options(field), world.options(other)
    path = f"/custom_fields/{field}/enum_options/insert"
    assert call("POST", path, {"enum_option": theirs["A"], "before_enum_option": mine["A"]})[0] == 400
    assert call("POST", path, {"enum_option": mine["B"], "before_enum_option": theirs["A"]})[0] == 400
    assert call("POST", path, {"enum_option": mine["B"]})[0] == 400
    assert call("POST", path, {"enum_option": field, "before_enum_option": mine["A"]})[0] == 400


def test_a_disabled_option_cannot_be_chosen_any_more_but_is_still_shown(world, call, attached, put):
    field = attached("enum", enum_options=[{"name": "A"}, {"name": "B"}])
    gids = world.options(field)
    put(field, gids["A"])
    _, shown = call("PUT", f"/enum_options/{gids['A']}", {"enabled": False, "name": "Old"})
    assert (shown["name"], shown["enabled"], shown["resource_type"]) == ("Old", False, "enum_option")
    assert put(field, gids["A"]).startswith(f"custom_fields: [{field}]: Not an enabled option")
    assert put("1", None) == "Custom field with ID 1 is not on given object"


def test_a_field_has_at_most_500_options_and_only_enums_have_any(call, new_field):
    full = new_field("enum", "Full", enum_options=[{"name": str(number)} for number in range(500)])
    assert call("POST", f"/custom_fields/{full}/enum_options", {"name": "One more"})[0] == 400
    assert call("POST", f"/custom_fields/{new_field('text')}/enum_options", {"name": "A"})[0] == 400


# -- settings --------------------------------------------------------------------------------------------------------


def settings(call, project):
    return [(item["custom_field"]["name"], item["is_important"]) for item in listed(call, project)]


def listed(call, project):
    return call("GET", f"/projects/{project}/custom_field_settings")[1]


def test_a_project_has_custom_fields_in_an_order(call, project, new_field, attached):
    first = attached("text", "First")
    path = f"/projects/{project}/addCustomFieldSetting"
    data = {"custom_field": new_field("number", "Second"), "is_important": True, "insert_before": first}
    status, shown = call("POST", path, data)
    assert (status, shown["is_important"], shown["parent"]["gid"], shown["project"]["gid"]) == (
        200,
        True,
        project,
        project,
    )
    assert settings(call, project) == [("Second", True), ("First", False)]
    call("POST", path, {"custom_field": new_field("date", "Third"), "insert_after": shown["gid"]})
    assert settings(call, project) == [("Second", True), ("Third", False), ("First", False)]
    _, whole = call("GET", f"/projects/{project}")
    assert [item["custom_field"]["name"] for item in whole["custom_field_settings"]] == ["Second", "Third", "First"]


def test_a_custom_field_can_be_made_for_the_project(call, project):
    described = {"name": "Size", "resource_subtype": "enum", "enum_options": [{"name": "S"}]}
    status, shown = call("POST", f"/projects/{project}/addCustomFieldSetting", {"custom_field": described})
    assert status == 200
    assert [option["name"] for option in shown["custom_field"]["enum_options"]] == ["S"]
    assert call("GET", f"/custom_fields/{shown['custom_field']['gid']}")[1]["is_global_to_workspace"] is False


@pytest.mark.parametrize("value", [None, "x", 5, [], "999", {"gid": 1.5}, {"name": "No type"}])
def test_what_is_no_custom_field_cannot_be_attached(call, project, value):
    assert call("POST", f"/projects/{project}/addCustomFieldSetting", {"custom_field": value})[0] == 400


def test_a_custom_field_is_attached_once_and_removed_once(call, project, attached):
    field = attached("text")
    add, remove = (f"/projects/{project}/{verb}CustomFieldSetting" for verb in ("add", "remove"))
    assert call("POST", add, {"custom_field": field}) == (
        400,
        f"Custom field with ID {field} is already on given object",
    )
    assert call("POST", remove, {"custom_field": field}) == (200, {})
    assert call("POST", remove, {"custom_field": field}) == (
        400,
        f"Custom field with ID {field} is not on given object",
    )
    assert listed(call, project) == []


def test_a_custom_field_of_another_workspace_cannot_be_attached(world, call, project):
    other = world.workspace("Other", world.ada)
    field = world.made("/custom_fields", {"workspace": other, "name": "Far", "resource_subtype": "text"})
    assert call("POST", f"/projects/{project}/addCustomFieldSetting", {"custom_field": field})[0] == 400


def test_a_deleted_custom_field_is_gone_everywhere(world, call, project, attached):
    field = attached("enum", enum_options=[{"name": "A"}])
    option = world.options(field)["A"]
    assert call("DELETE", f"/custom_fields/{field}") == (200, {})
    assert listed(call, project) == []
    assert call("GET", f"/projects/{project}")[1]["custom_fields"] == []
    assert call("PUT", f"/enum_options/{option}", {"name": "B"})[0] == 404


@pytest.mark.parametrize("kind", ["portfolio", "goal"])
def test_parents_that_are_not_there_are_unknown(call, project, kind):
    assert call("GET", f"/{kind}s/{project}/custom_field_settings") == (404, f"{kind}: Unknown object: {project}")
