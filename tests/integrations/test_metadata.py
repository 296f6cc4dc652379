import pytest

from fanfold.errors import RequestError
from fanfold.integrations.declaration import Declaration, Method
from fanfold.integrations.metadata import complaints_about, describe_method, describe_model
from fanfold.integrations.unified import UnifiedMapper
from tests.integrations.stage import Jsonata, read_declaration

MAPPER = UnifiedMapper(Jsonata())


def declared(crm):
    return Declaration(
        name="acme",
        base_url="https://acme.test",
        resources={"people": {"list": Method(path="/people"), "get": Method(path="/people/{{id}}")}},
        unified={"crm": crm},
    )


def test_a_model_is_described_as_far_as_an_integration_has_it():
    told = describe_model(MAPPER, "crm", read_declaration("demo"))
    assert (told["model"], told["label"], told["integration"]) == ("crm", "CRM", "demo")
    contacts, companies = told["resources"]
    assert (contacts["name"], contacts["description"]) == ("contacts", "A person.")
    assert list(contacts["methods"]) == ["list", "get", "create", "update", "delete"]
    assert list(companies["methods"]) == ["list", "get"]
    assert describe_model(MAPPER, "crm", read_declaration("work"))["resources"] == []


def test_a_method_is_described():
    config = {
        "resource": "people",
        "query": {"all": True},
        "description": "All of them",
        "documentation_link": "https://x",
    }
    told = describe_method(MAPPER, declared({"contacts": {"list": config}}), ("crm", "contacts", "list"))
    assert told.pop("schema")["properties"]["email_addresses"]["type"] == "array"
    assert told.pop("query_schema")["properties"].keys() == {"company_id", "email"}
    assert told == {
        "method": "list",
        "description": "All of them",
        "documentation_link": "https://x",
        "resource": "people",
        "response_mapping": None,
        "query_mapping": None,
        "request_body_mapping": None,
        "request_body_schema": {},
        "default_query": {"all": True},
        "default_body": None,
    }


def test_an_account_may_have_mappings_of_its_own():
    override = {"crm": {"contacts": {"list": {"response_mapping": "1"}}}}
    told = describe_method(MAPPER, read_declaration("demo"), ("crm", "contacts", "list"), override)
    assert told["response_mapping"] == "1"


@pytest.mark.parametrize(
    ("title", "message"),
    [
        (("hris", "x", "list"), "There is no model 'hris'; there are crm, ticketing"),
        (("crm", "deals", "list"), "demo has no crm/deals list: it has no such resource"),
        (("crm", "companies", "create"), "demo has no crm/companies create: there are list, get"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(title, message):
    with pytest.raises(RequestError) as refusal:
        describe_method(MAPPER, read_declaration("demo"), title)
    assert (refusal.value.status, refusal.value.message) == (404, message)


def test_a_model_that_nobody_knows_is_described_by_its_mappings_alone():
    declaration = Declaration(name="acme", base_url="https://acme.test", unified={"garden": {"beds": {"list": {}}}})
    assert MAPPER.resources(declaration) == {"garden/beds": ("list",)}
    assert complaints_about(MAPPER, declaration, Jsonata()) == [
        ("unified.garden.beds.list.resource", "the integration has no resource 'beds'")
    ]


@pytest.mark.parametrize(
    ("crm", "complaints"),
    [
        ({"contacts": {"list": {"resource": "people"}}}, []),
        ({"contacts": {"*": {"resource": "people"}, "list": {}, "get": {}}}, []),
        (
            {"friends": {"list": {"resource": "people"}}},
            [("unified.crm.friends", "crm has no such resource; it has contacts, companies")],
        ),
        (
            {"contacts": {"list": {"resource": "persons", "side_load": {}}}},
            [
                (
                    "unified.crm.contacts.list.side_load",
                    "further calls for each record are not made here: let an entry of the batch depend on this one",
                )
            ],
        ),
        (
            {"contacts": {"list": {"resource": "persons"}, "create": {"resource": "people"}}},
            [
                ("unified.crm.contacts.list.resource", "the integration has no resource 'persons'"),
                ("unified.crm.contacts.create.method", "people has no method 'create'; it has list, get"),
            ],
        ),
        (
            {
                "contacts": {
                    "get": {
                        "resource": {"expression": "'people'", "resources": ["people", "firms"]},
                        "method": {"expression": "'get'", "methods": ["get", "find"]},
                    }
                }
            },
            [
                ("unified.crm.contacts.get.method", "people has no method 'find'; it has list, get"),
                ("unified.crm.contacts.get.resource", "the integration has no resource 'firms'"),
            ],
        ),
    ],
)
def test_mappings_have_to_lead_to_what_is_declared(crm, complaints):
    assert complaints_about(MAPPER, declared(crm), Jsonata()) == complaints
