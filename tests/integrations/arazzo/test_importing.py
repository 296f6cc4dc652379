"""Workflows as plans: what each part becomes, and a note for everything that has no counterpart."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import SetupError
from fanfold.integrations.arazzo.importing import import_workflow
from fanfold.integrations.declaration import Declaration, Method
from fanfold.integrations.drafting.draft import draft
from fanfold.integrations.plan_files import plan_yaml, read_plan
from fanfold.integrations.reading import declaration_from
from tests.integrations.descriptions import SMALL

SHOP = Declaration(
    name="shop",
    base_url="https://shop.example",
    resources={
        "orders": {
            "list": Method(path="/orders", response_path="data", operation="listOrders"),
            "get": Method(path="/orders/{{id}}", response_path="data", operation="getOrder"),
            "create": Method(path="/orders", method="post", response_path="data", operation="createOrder"),
            "delete": Method(path="/orders/{{id}}", method="delete", operation="deleteOrder"),
        },
        "customers": {"get": Method(path="/customers/{{id}}", operation="getCustomer")},
        "lines": {"get": Method(path="/orders/{{query.order}}/lines/{{id}}", operation="getLine")},
        "all": {"list": Method(path="/all", response_path="page.`my items`", operation="listAll")},
    },
)


def workflow(*steps, **more):
    return {"arazzo": "1.1.0", "workflows": [{"workflowId": "one", "steps": list(steps), **more}]}


def step(name, operation, **more):
    return {"stepId": name, "operationId": operation, **more}


def given_in(place, name, value):
    return {"name": name, "in": place, "value": value}


def plan(*steps, **more):
    return import_workflow(workflow(*steps, **more), SHOP)


def entry(found, name):
    return next(each for each in found.body["resources"] if each["name"] == name)


GET = step("order", "getOrder", outputs={"customer": "$response.body#/data/customer_id", "all": "$response.body#/data"})


def test_a_step_becomes_an_entry():
    found = plan(
        step("find", "listOrders", parameters=[given_in("query", "state", "open"), given_in("query", "limit", 10)]),
    )
    assert found.body == {
        "resources": [
            {
                "name": "find",
                "resource": "orders",
                "method": "list",
                "query": {"state": "open", "limit": 10},
                "on_error": "stop",
                "persist": True,
            }
        ]
    }
    assert found.notes == ()


def test_inputs_become_args_with_their_defaults():
    inputs = {"required": ["id"], "properties": {"id": {"type": "string"}, "size": {"default": 5}}}
    found = plan(
        step(
            "a",
            "getOrder",
            parameters=[
                given_in("path", "order_id", "$inputs.id"),
                given_in("query", "size", "$inputs.size"),
                given_in("query", "text", "size {$inputs.size} of {$inputs.id}"),
                given_in("query", "deep", "$inputs.filter#/a~1b/0"),
            ],
        ),
        inputs=inputs,
    )
    assert found.body["args"] == {"size": 5}
    assert entry(found, "a")["id"] == "{{args.id}}"
    assert entry(found, "a")["query"] == {
        "size": "{{args.size:any}}",
        "text": "size {{args.size}} of {{args.id}}",
        "deep": "{{args.filter.a/b.0:any}}",
    }
    assert found.notes == ("args: id has to be given.",)


def test_parameters_of_the_path_go_where_the_declared_path_takes_them_from():
    found = plan(step("a", "getLine", parameters=[given_in("path", "order", "o1"), given_in("path", "line", 5)]))
    assert (entry(found, "a")["query"], entry(found, "a")["id"]) == ({"order": "o1"}, "5")


def test_what_another_step_gave_is_read_from_its_record():
    found = plan(
        GET,
        step("who", "getCustomer", parameters=[given_in("path", "id", "$steps.order.outputs.customer")]),
    )
    assert entry(found, "who")["id"] == "{{resources.orders.customer_id}}"
    assert entry(found, "who")["depends_on"] == "order"


def test_a_pointer_into_an_output_goes_on_in_the_record():
    found = plan(GET, step("who", "getCustomer", parameters=[given_in("query", "x", "$steps.order.outputs.all#/a/0")]))
    assert entry(found, "who")["query"] == {"x": "{{resources.orders.a.0:any}}"}


def test_an_element_of_a_list_is_read_from_all_that_was_found():
    found = plan(
        step("find", "listOrders", outputs={"first": "$response.body#/data/0/id", "all": "$response.body#/data"}),
        step("one", "getCustomer", parameters=[given_in("path", "id", "$steps.find.outputs.first")]),
        step("two", "createOrder", requestBody={"payload": {"orders": "$steps.find.outputs.all"}}),
    )
    assert [each["name"] for each in found.body["resources"]] == ["find", "find-all", "one", "two"]
    assert entry(found, "find-all") == {"name": "find-all", "type": "spool", "depends_on": "find"}
    assert entry(found, "one")["id"] == "{{resources.find-all.0.id}}"
    assert entry(found, "one")["depends_on"] == "find-all"
    assert entry(found, "two")["body"] == {"orders": "{{resources.find-all:any}}"}


def test_two_steps_of_one_resource_are_told_apart_by_what_gathers_their_records():
    found = plan(
        GET,
        step("other", "getOrder", parameters=[given_in("path", "id", "$steps.order.outputs.customer")]),
    )
    assert entry(found, "other")["id"] == "{{resources.order-all.0.customer_id}}"


def test_a_response_path_with_odd_names_is_followed():
    found = plan(
        step("find", "listAll", outputs={"first": "$response.body#/page/my items/0/id"}),
        step("one", "getCustomer", parameters=[given_in("path", "id", "$steps.find.outputs.first")]),
    )
    assert entry(found, "one")["id"] == "{{resources.find-all.0.id}}"


def test_reads_run_at_once_and_writes_keep_their_place():
    found = plan(
        step("a", "listOrders"),
        step("b", "getCustomer"),
        step("c", "createOrder"),
        step("d", "getOrder"),
        step("e", "deleteOrder"),
    )
    assert {each["name"]: each.get("depends_on") for each in found.body["resources"]} == {
        "a": None,
        "b": None,
        "c": ["a", "b"],
        "d": "c",
        "e": ["c", "d"],
    }


def test_what_a_step_depends_on_comes_before():
    found = plan(
        step("a", "listOrders"), step("b", "getCustomer", dependsOn=["a"]), step("c", "getLine", dependsOn=["$steps.b"])
    )
    assert [each.get("depends_on") for each in found.body["resources"]] == [None, "a", "b"]


def test_an_expression_in_braces_with_nothing_around_keeps_its_type():
    found = plan(
        step("a", "createOrder", requestBody={"payload": '{"who": "{$inputs.who}", "text": "for {$inputs.who}"}'})
    )
    assert entry(found, "a")["body"] == {"who": "{{args.who:any}}", "text": "for {{args.who}}"}


def test_outputs_that_lead_nowhere_are_left_out_and_noted():
    found = plan(GET, outputs={"a": "$steps.order.outputs.none", "b": "$steps.order.outputs.customer"})
    assert entry(found, "outputs")["config"] == {"expression": '{"b": resources.`order-all`[0].customer_id}'}
    assert found.notes == ("the output $steps.order.outputs.none has no counterpart, and is left out.",)
    assert [each["name"] for each in plan(GET, outputs={"a": "$url"}).body["resources"]] == ["order"]


def test_a_body_that_is_one_expression_is_an_expression():
    found = plan(step("a", "createOrder", requestBody={"payload": "$inputs.the-order"}))
    assert entry(found, "a")["body"] == "args.`the-order`"


def test_a_body_in_text_is_read_as_json_and_replaced_in():
    request = {
        "payload": '{"a": {"b": 1}, "c": [1]}',
        "replacements": [{"target": "/a/b", "value": "$inputs.x"}, {"target": "/c/0", "value": 2}],
    }
    assert entry(plan(step("a", "createOrder", requestBody=request)), "a")["body"] == {
        "a": {"b": "{{args.x:any}}"},
        "c": [2],
    }


def test_trying_again_is_carried_over():
    actions = [
        {
            "name": "again",
            "type": "retry",
            "retryAfter": 2,
            "retryLimit": 3,
            "criteria": [{"condition": "$statusCode == 503 || $statusCode == 429"}],
        },
        {"name": "over", "type": "end"},
    ]
    found = plan(
        step("a", "listOrders", onFailure=actions, timeout=1500, successCriteria=[{"condition": "$statusCode == 200"}])
    )
    assert entry(found, "a")["retry"] == {"attempts": 4, "pause": 2, "statuses": [503, 429]}
    assert entry(found, "a")["timeout"] == 1.5
    assert found.notes == ()


def test_components_are_used_where_they_are_referred_to():
    document = workflow(
        step(
            "a",
            "listOrders",
            parameters=[{"reference": "$components.parameters.page", "value": 2}],
            onFailure=[{"reference": "$components.failureActions.again"}],
        ),
        parameters=[{"reference": "$components.parameters.lang"}],
    )
    document["components"] = {
        "parameters": {"page": given_in("query", "page", 1), "lang": given_in("query", "lang", "en")},
        "failureActions": {"again": {"type": "retry"}},
    }
    found = import_workflow(document, SHOP)
    assert entry(found, "a")["query"] == {"lang": "en", "page": 2}
    assert entry(found, "a")["retry"] == {"attempts": 2, "pause": 0}


def test_outputs_of_the_workflow_become_a_transform():
    found = plan(GET, outputs={"who": "$steps.order.outputs.customer", "text": "x", "in": "$inputs.a"})
    assert entry(found, "outputs") == {
        "name": "outputs",
        "type": "transform",
        "depends_on": ["order-all"],
        "config": {"expression": '{"who": resources.`order-all`[0].customer_id, "text": "x", "in": args.a}'},
        "persist": True,
    }
    assert "persist" not in entry(found, "order")


@pytest.mark.parametrize(
    "path", ["{$sourceDescriptions.shop.url}#/paths/~1orders~1{order_id}/get", "#/paths/~1orders~1{x}/GET"]
)
def test_an_operation_is_found_by_its_path(path):
    assert entry(plan({"stepId": "a", "operationPath": path}), "a")["method"] == "get"


def test_an_operation_is_found_by_a_path_alone_where_there_is_one_only():
    assert entry(plan({"stepId": "a", "operationPath": "#/paths/~1customers~1{id}"}), "a")["resource"] == "customers"
    with pytest.raises(SetupError):
        plan({"stepId": "a", "operationPath": "#/paths/~1orders~1{id}"})


@pytest.mark.parametrize("named", ["GetOrder", "$sourceDescriptions.shop.getorder"])
def test_an_operation_is_found_whatever_its_case(named):
    assert entry(plan(step("a", named)), "a")["method"] == "get"


def test_an_operation_is_found_by_the_name_of_its_source_too():
    assert entry(plan(step("a", "$sourceDescriptions.shop.getOrder")), "a")["method"] == "get"


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"parameters": [given_in("header", "X-A", "1")]}, "a: the parameter X-A is left out: it is in the header."),
        (
            {"parameters": [given_in("path", "a", "1"), given_in("path", "b", "2")]},
            "a: the parameter b is left out: there is",
        ),
        ({"parameters": [given_in("query", "q", "$url")]}, "a: $url has no counterpart"),
        (
            {"parameters": [given_in("query", "q", "$steps.none.outputs.x")]},
            "a: $steps.none.outputs.x has no counterpart",
        ),
        ({"parameters": [given_in("query", "q", "$steps.a.outputs.x")]}, "a: $steps.a.outputs.x has no counterpart"),
        ({"onSuccess": [{"type": "goto", "stepId": "x"}]}, "a: what follows success is left out: goto."),
        ({"onFailure": [{"type": "goto", "stepId": "x"}]}, "a: what follows failure is left out: goto."),
        ({"onFailure": [{"type": "retry", "retryLimit": 50}]}, "a: it is tried 10 times, not 51."),
        (
            {"onFailure": [{"type": "retry", "criteria": [{"condition": "$.x", "type": "jsonpath"}]}]},
            "a: a criterion for",
        ),
        (
            {"successCriteria": [{"condition": "$response.body#/ok == true"}]},
            "a: an answer counts as an error by its status",
        ),
        ({"dependsOn": ["none"]}, "a: depends on none, which is not in the plan."),
        ({"requestBody": {"payload": "<xml/>"}}, "a: its body is left out"),
        (
            {"requestBody": {"payload": {}, "replacements": [{"target": "/a/b", "value": 1}]}},
            "a: a replacement in the body",
        ),
    ],
)
def test_what_has_no_counterpart_is_noted(more, note):
    found = plan(step("a", "createOrder", **more))
    assert any(each.startswith(note) for each in found.notes), found.notes


@pytest.mark.parametrize(
    "output",
    [
        "$response.header.Location",
        "$statusCode",
        "$response.body#/next",
        "$response.body#/data/x",
        "$steps.order.outputs.x",
    ],
)
def test_outputs_that_are_not_in_records_are_noted(output):
    found = plan(
        step("order", "listOrders", outputs={"x": output}),
        step("who", "getCustomer", parameters=[given_in("query", "q", "$steps.order.outputs.x")]),
    )
    assert found.notes == ("who: $steps.order.outputs.x has no counterpart, and is left as it is.",)


def test_steps_that_no_declared_method_answers_are_noted():
    found = plan(step("a", "getOrder"), step("b", "other"), {"stepId": "c", "workflowId": "two"})
    assert [each["name"] for each in found.body["resources"]] == ["a"]
    assert found.notes == (
        "b: asks other, which is left out: no declared method was drafted from it.",
        "c: asks two, which is left out: another workflow.",
    )


@pytest.mark.parametrize(
    ("document", "workflow_id", "words"),
    [
        ({}, "", "no Arazzo description"),
        ({"arazzo": "2.0.0"}, "", "no Arazzo description"),
        ({"arazzo": "1.0.1"}, "", "has no workflow"),
        (workflow(GET), "ones", "no workflow 'ones'. Did you mean one?"),
        (workflow(step("a", "none")), "", "None of the steps"),
        (workflow(), "", "None of the steps"),
    ],
)
def test_what_cannot_be_a_plan_is_one_sentence(document, workflow_id, words):
    with pytest.raises(SetupError) as raised:
        import_workflow(document, SHOP, workflow_id)
    assert words in raised.value.message


def test_a_workflow_is_chosen_by_its_name():
    document = workflow(GET)
    document["workflows"].append({"workflowId": "two", "steps": [step("b", "getCustomer")]})
    assert import_workflow(document, SHOP, "two").body["resources"][0]["name"] == "b"


def test_a_plan_from_a_drafted_declaration_is_right(evaluator):
    declaration = declaration_from(draft(SMALL).value, evaluator)
    document = workflow(
        step("find", "listThings", outputs={"first": "$response.body#/items/0/id"}),
        step("parts", "listParts", parameters=[given_in("path", "thing-id", "$steps.find.outputs.first")]),
        step("away", "deleteThing", parameters=[given_in("path", "thing-id", "$steps.find.outputs.first")]),
        outputs={"id": "$steps.find.outputs.first"},
    )
    found = import_workflow(document, declaration)
    assert found.notes == ()
    assert read_plan(plan_yaml(found.body).encode(), "plan.yaml", evaluator).body == found.body


NAMES = [
    "stepId",
    "operationId",
    "operationPath",
    "parameters",
    "name",
    "in",
    "value",
    "requestBody",
    "payload",
    "outputs",
    "x",
    "onFailure",
    "type",
    "criteria",
    "condition",
    "replacements",
    "target",
    "dependsOn",
    "reference",
    "retryAfter",
]
WORDS = [
    "$inputs.a",
    "$steps.a.outputs.x",
    "$response.body#/0",
    "path",
    "query",
    "retry",
    "listOrders",
    "getOrder",
    "a",
    "$url",
]


def test_a_parameter_whose_name_is_no_text_is_left_out():
    found = plan(step("order", "getOrder", parameters=[{"name": ["id"], "in": {}}, given_in("path", "id", "o1")]))
    assert entry(found, "order")["id"] == "o1"
    assert any(each.endswith("the parameter ? is left out: it is in the step.") for each in found.notes), found.notes


odd = st.recursive(
    st.none() | st.integers() | st.text(max_size=4) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)


@given(st.lists(odd, max_size=4), odd, odd)
def test_whatever_a_workflow_holds_its_plan_is_right_or_refused(steps, outputs, inputs):
    sound = [
        {**each, "stepId": f"s{number}", "operationId": "getOrder"}
        for number, each in enumerate(steps)
        if isinstance(each, dict)
    ]
    document = workflow(GET, *sound, *steps, outputs=outputs, inputs=inputs)
    before = copy.deepcopy(document)
    found = import_workflow(document, SHOP)
    assert document == before
    assert read_plan(plan_yaml(found.body).encode(), "plan.yaml").entries
