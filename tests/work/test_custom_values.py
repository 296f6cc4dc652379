"""The values of custom fields: every type as written, shown, told in words, and refused."""

import pytest

from fanfold.work.change import born, touching
from tests.databases import queries

EUROS = {"format": "currency", "currency_code": "EUR"}


@pytest.mark.parametrize(
    ("kind", "written", "name", "shown", "told"),
    [
        ({"kind": "text"}, "Hello", "text_value", "Hello", "Hello"),
        ({"kind": "text"}, "", "text_value", None, None),
        ({"kind": "number"}, 5.4, "number_value", 5, "5"),
        ({"kind": "number", "precision": 2}, "5.239", "number_value", 5.24, "5.24"),
        ({"kind": "number", "precision": 1, "format": "percentage"}, 0.2514, "number_value", 0.251, "25.1%"),
        (
            {"kind": "number", "precision": 2, "format": "currency", "currency_code": "EUR"},
            3,
            "number_value",
            3,
            "€3.00",
        ),
        ({"kind": "number", "format": "currency", "currency_code": "CHF"}, 3, "number_value", 3, "CHF 3"),
        ({"kind": "number", "format": "custom", "custom_label": "km"}, 3, "number_value", 3, "3 km"),
        ({"kind": "number", "format": "duration"}, 90, "number_value", 90, "1h 30m"),
        ({"kind": "date"}, "2026-02-03", "date_value", {"date": "2026-02-03"}, "2026-02-03"),
        ({"kind": "date"}, {"date": "2026-02-03"}, "date_value", {"date": "2026-02-03"}, "2026-02-03"),
        (
            {"kind": "date"},
            {"date_time": "2026-02-03T10:00:00+02:00"},
            "date_value",
            {"date": "2026-02-03", "date_time": "2026-02-03T08:00:00.000Z"},
            "2026-02-03T08:00:00.000Z",
        ),
        ({"kind": "people"}, [], "people_value", [], None),
        ({"kind": "multi_enum"}, [], "multi_enum_values", [], None),
    ],
)
def test_a_value_is_shown_as_its_type_and_in_words(attached, put, kind, written, name, shown, told):
    field = attached(**kind)
    found = put(field, written)
    assert (found[name], found["display_value"]) == (shown, told)
    cleared = put(field, None)
    assert (cleared[name] or None, cleared["display_value"]) == (None, None)


def test_options_are_chosen_by_gid_and_shown_by_name(world, call, attached, put):
    options = [{"name": "A"}, {"name": "B", "color": "red"}]
    one, several = attached("enum", enum_options=options), attached("multi_enum", enum_options=options)
    gids, others = world.options(one), world.options(several)
    shown = put(one, gids["B"])
    assert (shown["enum_value"]["gid"], shown["enum_value"]["color"], shown["display_value"]) == (gids["B"], "red", "B")
    shown = put(several, [others["B"], others["A"], others["B"]])
    assert ([option["name"] for option in shown["multi_enum_values"]], shown["display_value"]) == (["B", "A"], "B, A")


def test_people_are_named_as_everywhere_and_shown_compact(attached, put, ada, bob):
    field = attached("people")
    shown = put(field, ["me", "bob@fanfold.test", ada])
    assert [user["gid"] for user in shown["people_value"]] == [ada, bob]
    assert shown["display_value"] == "Ada Lovelace, Bob Hope"
    assert [user["gid"] for user in put(field, bob)["people_value"]] == [bob]


def test_references_point_to_what_the_field_allows(world, attached, put, project, ada):
    field = attached("reference", input_restrictions=["project"])
    shown = put(field, [project])
    assert [item["gid"] for item in shown["reference_value"]] == [project]
    assert shown["display_value"] == "Launch"
    assert put(field, [ada]) == f"custom_fields: [{field}]: Not a valid GID type: user"
    assert put(field, ["4711"]).startswith(f"custom_fields: [{field}]: Unknown object")


def test_what_a_value_refers_to_is_hidden_from_who_may_not_see_it(world, call, attached, put, holder, bob, space):
    secret = world.made("/projects", {"name": "Secret", "workspace": space, "privacy_setting": "private"})
    put(attached("reference"), [secret])
    (shown,) = call("GET", f"/tasks/{holder}", None, bob)[1]["custom_fields"]
    assert (shown["reference_value"], shown["display_value"]) == ([], None)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", ["a"]),
        ("text", {"a": 1}),
        ("text", True),
        ("number", "many"),
        ("number", True),
        ("number", [1]),
        ("enum", "4711"),
        ("enum", ["1"]),
        ("enum", {"gid": {}}),
        ("multi_enum", 5),
        ("multi_enum", ["4711"]),
        ("multi_enum", [[]]),
        ("date", "soon"),
        ("date", 20260101),
        ("date", {"date": 5}),
        ("date", {"date_time": "2026-13-01T00:00:00Z"}),
        ("people", ["nobody@fanfold.test"]),
        ("people", [{"gid": None}]),
        ("people", 5),
        ("people", ["1"] * 1001),
        ("reference", [""]),
        ("reference", {"gid": "1"}),
    ],
)
def test_a_value_of_another_type_is_refused_by_the_field_s_gid(attached, put, kind, value):
    field = attached(kind)
    assert put(field, value).startswith(f"custom_fields: [{field}]: ")


@pytest.mark.parametrize("value", ["text", "[1]", "{", 5, ["a"], True])
def test_values_come_as_an_object(call, holder, value):
    status, message = call("PUT", f"/tasks/{holder}", {"custom_fields": value})
    assert (status, message.partition(":")[0]) == (400, "custom_fields")
    assert message.startswith("custom_fields: Value is not a JSON object: ")


def test_too_many_values_at_once_are_refused(call, holder):
    values = {str(number): 1 for number in range(1, 1002)}
    assert call("PUT", f"/tasks/{holder}", {"custom_fields": values})[0] == 400


def test_values_not_given_stay(call, attached, put, holder):
    one, two = attached("text", "One"), attached("text", "Two")
    put(one, "1")
    put(two, "2")
    put(two, None)
    call("PUT", f"/tasks/{holder}", {"custom_fields": None, "name": "Renamed"})
    _, shown = call("GET", f"/tasks/{holder}")
    assert [(field["name"], field["text_value"]) for field in shown["custom_fields"]] == [("One", "1"), ("Two", None)]


def test_opt_fields_reach_into_custom_fields(world, call, attached, put, holder):
    field = attached("enum", "Priority", enum_options=[{"name": "A"}])
    option = world.options(field)["A"]
    put(field, option)
    fields = "custom_fields.name,custom_fields.enum_value.name,custom_fields.enum_options.name,custom_fields.precision"
    assert call("GET", f"/tasks/{holder}", opt_fields=fields) == (
        200,
        {
            "gid": holder,
            "custom_fields": [
                {
                    "gid": field,
                    "name": "Priority",
                    "enum_value": {"gid": option, "name": "A"},
                    "enum_options": [{"gid": option, "name": "A"}],
                }
            ],
        },
    )


def test_a_new_task_has_values_for_the_fields_of_its_projects_only(world, call, attached, new_field, project, space):
    field, foreign = attached("text", "Ours"), new_field("text", "Theirs")
    task = world.made("/tasks", {"name": "A", "projects": [project], "custom_fields": {field: "x"}})
    (shown,) = call("GET", f"/tasks/{task}")[1]["custom_fields"]
    assert (shown["text_value"], shown["format"], shown["resource_subtype"]) == ("x", "none", "text")
    refused = (400, f"Custom field with ID {foreign} is not on given object")
    assert call("POST", "/tasks", {"name": "B", "projects": [project], "custom_fields": {foreign: "x"}}) == refused
    loose = {"name": "C", "workspace": space, "custom_fields": {field: "x"}}
    assert call("POST", "/tasks", loose) == (400, f"Custom field with ID {field} is not on given object")


def test_a_task_that_leaves_the_project_shows_its_custom_fields_no_longer(call, attached, put, holder, project):
    put(attached("text"), "x")
    call("POST", f"/tasks/{holder}/removeProject", {"project": project})
    assert call("GET", f"/tasks/{holder}")[1]["custom_fields"] == []


def test_a_project_has_values_of_its_own(call, attached, project, bob):
    text, people = attached("text"), attached("people")
    _, shown = call("PUT", f"/projects/{project}", {"custom_fields": {text: "x", people: [bob]}})
    assert [item["display_value"] for item in shown["custom_fields"]] == ["x", "Bob Hope"]
    _, shown = call("GET", f"/projects/{project}", opt_fields="custom_fields.people_value.name")
    assert shown["custom_fields"][1] == {"gid": people, "people_value": [{"gid": bob, "name": "Bob Hope"}]}


def test_a_list_costs_as_many_queries_with_many_tasks_as_with_one(world, attached, project, bob):
    people, choice = attached("people"), attached("enum", enum_options=[{"name": "A"}])
    values = {people: [bob], choice: world.options(choice)["A"]}

    def cost():
        with queries(world.store) as asked:
            _, listed = world.call("GET", f"/projects/{project}/tasks", opt_fields="custom_fields")
        assert all(item["display_value"] for task in listed for item in task["custom_fields"])
        return len(asked)

    counts = []
    for number in range(3):
        world.made("/tasks", {"name": str(number), "projects": [project], "custom_fields": values})
        counts.append(cost())
    assert counts[1] == counts[2]


def test_a_formula_is_shown_and_never_set(world, call, space, project, put, holder):
    values = {"name": "Cost", "resource_subtype": "number", "workspace": space, "is_formula_field": True}
    field = str(born(world.system, "custom_field", int(space), **values).gid)
    assert call("POST", f"/projects/{project}/addCustomFieldSetting", {"custom_field": field})[0] == 200
    shown = call("GET", f"/custom_fields/{field}")[1]
    assert (shown["is_formula_field"], shown["representation_type"], shown["type"]) == (True, "formula", "number")
    assert put(field, 5) == f"custom_fields: [{field}]: Cannot write this property"
    task = touching(world.system, world.store.record(int(holder)))
    task.after["custom_fields"] = {field: 12}
    task.write()
    (value,) = call("GET", f"/tasks/{holder}")[1]["custom_fields"]
    assert (value["number_value"], value["is_formula_field"]) == (12, True)
    made = world.made("/custom_fields", {"name": "Other", "resource_subtype": "number", "workspace": space})
    assert call("PUT", f"/custom_fields/{made}", {"is_formula_field": True})[1]["is_formula_field"] is False
