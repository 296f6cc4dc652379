"""The generated API description: whole, consistent, and about nothing that is not served."""

import jsonschema_rs
import msgspec
import pytest

from fanfold.work.kinds import KINDS
from fanfold.work.openapi import describe
from fanfold.work.schema import Kind, Route, boolean, choice, integer, items, many, number, obj, one, text

ROUTES = [route for kind in KINDS for route in kind.routes]
DOCUMENT = describe(ROUTES, {kind.name: kind for kind in KINDS}, base="/api/1.0")

SHELF = Kind("shelf", collection="shelves", fields=(text("name"),))
BOOK = Kind(
    "book",
    fields=(
        text("name", required=True, nullable=False, max_length=80),
        integer("pages", low=1),
        number("weight", access="create"),
        choice("state", "lent", "there", access="read"),
        boolean("old"),
        items("words"),
        obj("cover", omitted=True, opt_in=True),
        one("shelf", "shelf"),
        one("about", ""),
        many("readers", "user"),
    ),
)
KINDS_HERE = {"book": BOOK, "shelf": SHELF}


def answer(_):
    raise NotImplementedError


def described(**route):
    wanted = {"method": "GET", "template": "/books/{book_gid}", "operation": "getBook", "kind": "book", **route}
    document = describe([Route(handler=answer, **wanted)], KINDS_HERE, base="/v1", title="Books", version="7")
    (operation,) = document["paths"][wanted["template"]].values()
    return document, operation


def parameter_names(document, operation):
    found = []
    for parameter in operation["parameters"]:
        name = parameter.get("$ref", "").rpartition("/")[2]
        found.append((document["components"]["parameters"][name] if name else parameter)["name"])
    return found


def data_schema(operation):
    return operation["requestBody"]["content"]["application/json"]["schema"]["properties"]["data"]


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    for child in node if isinstance(node, list) else ():
        yield from references(child)


def test_every_reference_leads_somewhere():
    for reference in set(references(DOCUMENT)):
        node = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            assert part in node, reference
            node = node[part]


def test_every_operation_is_described_once_and_the_batch_too():
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert sorted(names) == sorted([*(route.operation for route in ROUTES), "createBatchRequest"])


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_schema_is_a_json_schema(name):
    jsonschema_rs.meta.validate(DOCUMENT["components"]["schemas"][name])


def test_the_description_is_json():
    assert msgspec.json.decode(msgspec.json.encode(DOCUMENT)) == DOCUMENT


@pytest.mark.parametrize("tag", DOCUMENT["tags"], ids=[tag["name"] for tag in DOCUMENT["tags"]])
def test_every_group_says_what_it_is_about(tag):
    assert tag["description"]


def test_every_operation_has_a_summary_and_belongs_to_a_group():
    groups = {tag["name"] for tag in DOCUMENT["tags"]}
    operations = [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert [one["operationId"] for one in operations if not one["summary"]] == []
    assert {tag for one in operations for tag in one["tags"]} == groups


def test_title_version_address_and_token_are_told():
    document, _ = described()
    assert document["info"]["title"] == "Books"
    assert document["info"]["version"] == "7"
    assert document["servers"] == [{"url": "/v1"}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_path_parameters_are_required_and_shaping_is_possible_everywhere():
    document, operation = described()
    assert operation["parameters"][0]["required"] is True
    assert parameter_names(document, operation) == ["book_gid", "opt_fields", "opt_pretty"]


def test_a_paged_list_takes_limit_and_offset_once_and_says_how_it_goes_on():
    query = (text("limit"), text("offset"), one("shelf", "shelf", required=True))
    document, operation = described(template="/books", answers="list", paged=True, query=query)
    assert parameter_names(document, operation) == ["shelf", "limit", "offset", "opt_fields", "opt_pretty"]
    members = operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    assert members["data"] == {"type": "array", "items": {"$ref": "#/components/schemas/BookCompact"}}
    assert "next_page" in members


def test_an_offset_without_a_limit_is_the_shared_parameter_too():
    document, operation = described(template="/books", answers="list", query=(text("offset"),))
    assert parameter_names(document, operation) == ["offset", "opt_fields", "opt_pretty"]


def test_a_query_for_many_is_separated_by_commas():
    _, operation = described(query=(many("readers", "user"),))
    asked = operation["parameters"][1]
    assert (asked["schema"]["type"], asked["style"], asked["explode"]) == ("array", "form", False)


def test_a_body_names_its_fields_and_which_are_required():
    _, operation = described(method="POST", template="/books", takes=tuple(BOOK.fields.values()), status=201)
    data = data_schema(operation)
    assert data["required"] == ["name"]
    assert data["properties"]["name"] == {"type": "string", "maxLength": 80}
    assert data["properties"]["pages"] == {"type": ["integer", "null"], "minimum": 1}
    assert data["properties"]["state"]["enum"] == ["lent", "there", None]
    assert data["properties"]["shelf"]["type"] == ["string", "null"]
    assert data["properties"]["readers"]["items"] == {"type": "string"}
    assert operation["requestBody"]["required"] is True
    assert "201" in operation["responses"]


def test_a_file_is_sent_as_a_form():
    _, operation = described(method="POST", template="/covers", takes=(obj("file"), text("name")))
    (content,) = operation["requestBody"]["content"].items()
    assert content[0] == "multipart/form-data"
    assert content[1]["schema"]["properties"]["file"] == {"type": "string", "format": "binary"}


def test_an_empty_answer_is_described_as_empty():
    _, operation = described(method="DELETE", answers="empty")
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["properties"]["data"] == {"type": "object", "maxProperties": 0}


def test_a_record_is_described_in_full_and_in_short():
    schemas = described()[0]["components"]["schemas"]
    assert set(schemas["BookCompact"]["properties"]) == {"gid", "resource_type", "name"}
    assert set(schemas["Book"]["properties"]) == {"gid", "resource_type", *BOOK.fields}


def test_a_shown_field_says_what_it_may_be():
    shown = described()[0]["components"]["schemas"]["Book"]["properties"]
    assert shown["shelf"] == {"oneOf": [{"$ref": "#/components/schemas/ShelfCompact"}, {"type": "null"}]}
    assert shown["about"]["oneOf"][0] == {"$ref": "#/components/schemas/Named"}
    assert shown["old"] == {"type": "boolean"}
    assert shown["words"]["items"] == {"type": "string"}
    assert shown["state"]["readOnly"] is True
    assert "when the record is made" in shown["weight"]["description"]
    assert "opt_fields" in shown["cover"]["description"]
    assert shown["cover"]["type"] == "object"


def test_what_cannot_be_in_a_batch_says_so():
    assert "batch" in described(batchable=False)[1]["description"]
    assert "description" not in described()[1]


def test_an_answer_of_any_kind_has_a_group_too():
    document, operation = described(kind="", answers="list")
    assert operation["tags"][0] in [tag["name"] for tag in document["tags"]]


def test_what_is_taken_quietly_is_not_described():
    quiet = text("words_of_old", described=False)
    _, made = described(method="POST", template="/books", operation="createBook", takes=(text("name"), quiet))
    assert list(data_schema(made)["properties"]) == ["name"]
    document, listed = described(query=(text("shelf"), quiet))
    assert "shelf" in parameter_names(document, listed)
    assert "words_of_old" not in parameter_names(document, listed)
