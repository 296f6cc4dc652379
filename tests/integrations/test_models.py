import sys

import pytest

from fanfold.errors import SetupError
from fanfold.integrations.models import Field, Resource, default_schemas, json_schema, read_model, shipped_models

MODELS = shipped_models()
RESOURCES = [(model, name) for model in MODELS.values() for name in model.resources]


@pytest.mark.parametrize(("model", "name"), RESOURCES, ids=[f"{model.name}/{name}" for model, name in RESOURCES])
def test_a_shipped_resource_is_described_and_refers_to_what_there_is(model, name):
    resource = model.resources[name]
    assert resource.description.endswith(".")
    assert resource.fields["id"].read_only

    def check(fields):
        for field in fields.values():
            assert not field.refers or field.refers in model.resources, field
            assert field.type in ("object", "array") or not field.fields
            check(field.fields)

    check(resource.fields)
    check(resource.filters)


def test_models_are_named_like_their_files():
    assert list(MODELS) == ["crm", "ticketing"]


def test_a_resource_becomes_a_json_schema():
    fields = {
        "id": Field(read_only=True, description="Its id"),
        "due": Field(type="date"),
        "state": Field(values=("on", "off"), required=True),
        "owner": Field(type="object", fields={"id": Field(refers="users", required=True)}),
        "tags": Field(type="array", items="string"),
        "mails": Field(type="array", fields={"address": Field()}),
    }
    whole = json_schema(fields)
    assert whole == {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "Its id"},
            "due": {"type": "string", "format": "date"},
            "state": {"type": "string", "enum": ["on", "off"]},
            "owner": {
                "type": "object",
                "properties": {"id": {"type": "string", "x-refers-to": "users"}},
                "required": ["id"],
            },
            "tags": {"type": "array", "items": {"type": "string"}},
            "mails": {"type": "array", "items": {"type": "object", "properties": {"address": {"type": "string"}}}},
        },
        "required": ["state"],
    }
    assert "id" not in json_schema(fields, writable=True)["properties"]


def test_what_a_method_takes_follows_from_the_model():
    resource = Resource(fields={"name": Field(required=True)}, filters={"team": Field(required=True)})
    assert default_schemas(resource, "list")["query_schema"]["required"] == ["team"]
    assert default_schemas(resource, "create")["request_body_schema"]["required"] == ["name"]
    assert "required" not in default_schemas(resource, "update")["request_body_schema"]
    assert default_schemas(resource, "get") == default_schemas(None, "list") == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (b"name: [", "m.yaml: "),
        (b"name: x", "missing required field `resources`"),
        (b"name: x\nresources: {a: {fields: {b: {type: text}}}}", r"m.yaml: Invalid enum value 'text'"),
        (b"name: x\nresources: {a: {fields: {b: {kind: date}}}}", "unknown field `kind`"),
        (b"\xff", "m.yaml: "),
        (b"!!python/object/apply:os.getcwd []", "m.yaml: could not determine a constructor"),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_its_name(text, wrong):
    with pytest.raises(SetupError, match=wrong):
        read_model(text, "m.yaml")


def test_without_the_extra_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(SetupError, match=r"pip install 'fanfold\[server\]'"):
        read_model(b"name: x", "m.yaml")
