"""Drafts of declarations: every operation of a description once, and right as they are."""

import copy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import SetupError
from fanfold.integrations.documents import read_file
from fanfold.integrations.drafting.draft import draft
from fanfold.integrations.reading import declaration_from, read_declaration
from fanfold.integrations.writing import as_yaml
from tests.integrations.descriptions import LIST, SMALL, answer, query

ASANA = Path(__file__).parents[4] / "shared" / "reference" / "asana-openapi.yaml"


def described(**changes):
    return {**copy.deepcopy(SMALL), **changes}


def with_list(parameters=(), schema=LIST, **more):
    operation = {"operationId": "all", "parameters": list(parameters), **answer(schema, **more)}
    return described(paths={"/things": {"get": operation}})


def listed(document):
    return draft(document).value["resources"]["things"]["list"]


def test_a_small_description_becomes_a_declaration(evaluator):
    found = declaration_from(draft(SMALL).value, evaluator)
    assert found.name == "small-fine-api"
    assert found.base_url == "https://{{site}}.small.example/v1"
    assert found.description == "All there is."
    assert {
        (resource, name): (method.method, method.path)
        for resource, methods in found.resources.items()
        for name, method in methods.items()
    } == {
        ("things", "list"): ("get", "/things"),
        ("things", "create"): ("post", "/things"),
        ("things", "get"): ("get", "/things/{{id}}"),
        ("things", "update"): ("patch", "/things/{{id}}"),
        ("things", "replaceThing"): ("put", "/things/{{query.thing-id|id}}"),
        ("things", "delete"): ("delete", "/things/{{id}}"),
        ("things", "archiveThing"): ("post", "/things/{{query.thing-id|id}}/archive"),
        ("things-parts", "list"): ("get", "/things/{{query.thing-id|id}}/parts"),
        ("things-parts", "get"): ("get", "/things/{{query.thing_id}}/parts/{{id}}"),
        ("me", "get"): ("get", "/me"),
        ("search", "create"): ("post", "/search"),
        ("form", "create"): ("post", "/form"),
    }
    assert found.resources["things"]["list"].operation == "listThings"
    assert found.resources["form"]["create"].body_format == "form"
    assert found.resources["me"]["get"].response_path == "data"


def test_what_accounts_need_for_the_base_url_is_asked_of_them():
    names = [field["name"] for field in draft(SMALL).value["credentials"]["config"]["fields"]]
    assert names == ["api_key", "site"]


def test_parameters_of_the_query_are_described():
    found = draft(SMALL).value["resources"]["things"]["list"]["query_schema"]
    assert found["properties"]["per_page"] == {"type": "integer", "maximum": 100}
    assert set(found["properties"]) == {"page", "per_page", "q"}


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (LIST, None),
        ({"properties": {"data": LIST}}, "data"),
        ({"properties": {"things": LIST, "errors": LIST}}, "things"),
        ({"properties": {"my-things": LIST, "total": {"type": "integer"}}}, "`my-things`"),
        ({"properties": {"data": {"type": "object", "properties": {"items": LIST}}}}, "data.items"),
        ({"allOf": [{"properties": {"results": LIST}}, {"properties": {"next": {"type": "string"}}}]}, "results"),
        ({"properties": {"data": {"type": ["array", "null"]}}}, "data"),
    ],
)
def test_where_the_records_are_is_guessed_from_the_schema(schema, path):
    assert listed(with_list(schema=schema)).get("response_path") == path


def test_a_record_with_lists_in_it_is_no_list():
    found = draft(described(paths={"/things": {"get": answer({"$ref": "#/components/schemas/Thing"})}}))
    assert list(found.value["resources"]["things"]) == ["get"]


@pytest.mark.parametrize(
    ("document", "pagination"),
    [
        (with_list(query("page", "limit")), {"format": "page", "config": {"page_key": "page", "limit_key": "limit"}}),
        (
            with_list(query("page", type="integer", minimum=0)),
            {"format": "page", "config": {"page_key": "page", "first_page": 0}},
        ),
        (
            with_list(query("offset", "count")),
            {"format": "offset", "config": {"offset_key": "offset", "limit_key": "count"}},
        ),
        (
            with_list(
                query("after"),
                {"properties": {"data": LIST, "paging": {"properties": {"cursors": {"properties": {"after": {}}}}}}},
            ),
            {"format": "cursor", "config": {"cursor_path": "paging.cursors.after", "cursor_key": "after"}},
        ),
        (
            with_list(
                query("pageToken", "maxResults"), {"properties": {"items": LIST, "nextPageToken": {"type": "string"}}}
            ),
            {
                "format": "cursor",
                "config": {"cursor_path": "nextPageToken", "cursor_key": "pageToken", "limit_key": "maxResults"},
            },
        ),
        (
            with_list(query("offset"), {"properties": {"data": LIST, "next_page": {"properties": {"offset": {}}}}}),
            {"format": "cursor", "config": {"cursor_path": "next_page.offset", "cursor_key": "offset"}},
        ),
        (
            with_list((), {"properties": {"value": LIST, "@odata.nextLink": {"type": "string"}}}),
            {"format": "cursor", "config": {"cursor_path": "`@odata.nextLink`", "is_link": True}},
        ),
        (
            with_list((), {"properties": {"data": LIST, "links": {"properties": {"next": {"type": "string"}}}}}),
            {"format": "cursor", "config": {"cursor_path": "links.next", "is_link": True}},
        ),
        (with_list((), headers={"Link": {}}), {"format": "link_header"}),
        (with_list(query("q")), None),
    ],
)
def test_how_lists_go_on_is_guessed_from_names(document, pagination, evaluator):
    found = draft(document)
    assert found.value.get("pagination") == pagination
    declaration_from(found.value, evaluator)


def test_a_list_that_goes_on_otherwise_than_most_says_so():
    found = draft(SMALL).value
    assert found["pagination"]["format"] == "page"
    assert found["resources"]["things-parts"]["list"]["pagination"] == {
        "format": "cursor",
        "config": {"cursor_path": "meta.next_cursor", "cursor_key": "cursor"},
    }


@pytest.mark.parametrize(
    ("schemes", "credentials", "authorization"),
    [
        (
            {"a": {"type": "http", "scheme": "bearer"}},
            "api_key",
            {"format": "bearer", "config": {"token": "{{credentials.api_key}}"}},
        ),
        (
            {"a": {"type": "http", "scheme": "basic"}},
            "api_key",
            {
                "format": "basic",
                "config": {"username": "{{credentials.username}}", "password": "{{credentials.password}}"},
            },
        ),
        (
            {"a": {"type": "apiKey", "in": "query", "name": "key"}},
            "api_key",
            {"format": "query", "config": {"name": "key", "value": "{{credentials.api_key}}"}},
        ),
        (
            {"a": {"type": "apiKey", "in": "cookie", "name": "sid"}},
            "api_key",
            {"format": "header", "config": {"header_name": "Cookie", "header_value": "sid={{credentials.api_key}}"}},
        ),
        (
            {
                "a": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": "https://x.example/t", "scopes": {"r": ""}}},
                }
            },
            "oauth2_client_credentials",
            {"format": "bearer", "config": {"token": "{{oauth.token.access_token}}"}},
        ),
        ({}, "none", {"format": "none"}),
        (
            {"a": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "https://x.example/a"}}}},
            "none",
            {"format": "none"},
        ),
    ],
)
def test_security_schemes_become_credentials_and_authorization(schemes, credentials, authorization, evaluator):
    found = draft(described(security=[], components={"securitySchemes": schemes})).value
    assert found["credentials"]["format"] == credentials
    assert found["authorization"] == authorization
    assert declaration_from(found, evaluator).authorization.format == authorization["format"]


def test_a_token_or_oauth_is_a_choice_of_the_account(evaluator):
    flows = {
        "authorizationCode": {
            "tokenUrl": "https://x.example/t",
            "authorizationUrl": "https://x.example/a",
            "scopes": {},
        }
    }
    schemes = {"token": {"type": "http", "scheme": "bearer"}, "oauth": {"type": "oauth2", "flows": flows}}
    found = declaration_from(draft(described(security=[], components={"securitySchemes": schemes})).value, evaluator)
    assert list(found.credentials_choices) == ["api_key", "oauth2"]
    assert found.authorization.config == {"token": "{{oauth.token.access_token|credentials.api_key}}"}


def test_limits_are_told_by_the_headers_of_a_429(evaluator):
    limited = {"429": {"headers": {"Retry-After": {}, "X-RateLimit-Reset": {}}}}
    found = draft(described(paths={"/things": {"get": {"responses": limited}}})).value
    assert found["rate_limit"] == {
        "is_rate_limited": "status = 429",
        "retry_after_header_expression": "$number(headers.`retry-after`)",
        "rate_limit_header_expression": "$number(headers.`x-ratelimit-reset`)",
    }
    declaration_from(found, evaluator)


SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "Old"},
    "host": "old.example",
    "basePath": "/v2",
    "schemes": ["http", "https"],
    "securityDefinitions": {"o": {"type": "oauth2", "flow": "accessCode", "tokenUrl": "https://old.example/token"}},
    "consumes": ["application/xml"],
    "paths": {
        "/pets": {
            "get": {
                "parameters": [{"name": "page", "in": "query", "type": "integer"}],
                "responses": {"200": {"schema": {"type": "array"}}},
            },
            "post": {"operationId": "add"},
        }
    },
}


def test_the_older_version_is_read_as_well(evaluator):
    found = declaration_from(draft(SWAGGER).value, evaluator)
    assert found.base_url == "https://old.example/v2"
    assert found.credentials.format == "oauth2"
    assert found.pagination.config == {"page_key": "page"}
    assert found.resources["pets"]["create"].body_format == "xml"


@pytest.mark.parametrize("servers", [[], [{"url": "/api"}], [{"url": "ftp://x"}], "x", [{}]])
def test_a_base_url_that_is_not_told_is_to_be_put_there(servers, evaluator):
    found = draft(described(servers=servers))
    assert found.value["base_url"].startswith("https://api.example.com")
    assert any("put it there" in note for note in found.notes)
    declaration_from(found.value, evaluator)


def test_a_name_may_be_given():
    assert draft(SMALL, name="mine").value["name"] == "mine"


@pytest.mark.parametrize(
    "document", [None, [], {}, {"openapi": "4.0"}, {"openapi": "3.0.0"}, {"swagger": 2.0, "paths": []}]
)
def test_what_is_no_description_is_one_sentence(document):
    with pytest.raises(SetupError, match=r"^This .*\.$"):
        draft(document)


def test_operations_whose_names_would_be_the_same_are_told_apart(evaluator):
    paths = {f"/things{end}": {"get": {"operationId": "get"}} for end in ("", "/", "/{a}", "/{b}", "//")}
    found = declaration_from(draft(described(paths=paths)).value, evaluator)
    assert sum(map(len, found.resources.values())) == len(paths)


def test_references_that_go_round_in_a_circle_end(evaluator):
    loop = {"Thing": {"$ref": "#/components/schemas/Thing"}, "All": {"allOf": [{"$ref": "#/components/schemas/All"}]}}
    paths = {
        "/a": {"get": answer({"$ref": "#/components/schemas/Thing"})},
        "/b": {"get": answer({"$ref": "#/components/schemas/All"})},
    }
    found = declaration_from(draft(described(components={"schemas": loop}, paths=paths)).value, evaluator)
    assert set(found.resources) == {"a", "b"}


NAMES = [
    "get",
    "post",
    "parameters",
    "responses",
    "200",
    "content",
    "application/json",
    "schema",
    "type",
    "properties",
    "allOf",
    "$ref",
    "name",
    "in",
    "security",
    "items",
    "headers",
    "url",
    "data",
    "next",
    "flows",
    "/a/{b}",
    "/a\\{",
]

odd = st.recursive(
    st.none()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from(["array", "object", "#/paths", "query", "/a/{b}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=25,
)


@given(odd, odd, odd, odd, odd)
def test_whatever_a_description_holds_its_draft_is_right(paths, components, servers, security, info):
    paths = paths if isinstance(paths, dict) and paths else {"/a": paths}
    document = {
        "openapi": "3.0.0",
        "paths": paths,
        "components": components,
        "servers": servers,
        "security": security,
        "info": info,
    }
    declaration_from(draft(document).value, None)


@pytest.fixture(scope="module")
def asana():
    if not ASANA.exists():
        pytest.skip(f"needs the published description at {ASANA.name}, which is not here")
    return read_file(ASANA, limit=16 * 1024 * 1024).value


def test_asanas_description_becomes_a_declaration_with_all_operations(asana, evaluator):
    drafted = draft(asana)
    found = declaration_from(drafted.value, evaluator)
    operations = [
        told["operationId"]
        for item in asana["paths"].values()
        for verb, told in item.items()
        if verb in ("get", "post", "put", "delete")
    ]
    declared = [method.operation for methods in found.resources.values() for method in methods.values()]
    assert sorted(declared) == sorted(operations)
    assert {"list", "get", "create", "update", "delete"} <= set(found.resources["tasks"])
    assert found.pagination.config == {
        "cursor_path": "next_page.offset",
        "cursor_key": "offset",
        "limit_key": "limit",
        "max_limit": 100,
    }


def test_asanas_draft_is_the_same_in_yaml(asana, evaluator):
    drafted = draft(asana)
    written = as_yaml(drafted.value, drafted.notes)
    assert read_declaration(written.encode(), "asana.yaml", evaluator) == declaration_from(drafted.value, evaluator)
    assert as_yaml(draft(asana).value, drafted.notes) == written
    assert max(map(len, written.splitlines())) < 200
