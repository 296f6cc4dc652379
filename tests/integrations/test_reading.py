"""Declarations as they are read: right ones in every notation, and every mistake of wrong ones with its place."""

import copy
import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, to_builtins

from fanfold.errors import RequestError
from fanfold.integrations.checking import checked
from fanfold.integrations.conforming import Findings
from fanfold.integrations.declaration import Declaration, Pagination
from fanfold.integrations.places import DocumentError
from fanfold.integrations.reading import DeclarationError, declaration_from, read_declaration, read_declaration_file

ACME = """\
name: acme
label: Acme
base_url: https://{{subdomain}}.acme.example/v1
headers: {Accept: application/json, X-Drop: null}
query_array_format: comma
credentials:
  format: api_key
  config:
    fields:
      - {name: api_key, label: Key, type: password}
      - {name: site, required: false}
authorization:
  format: header
  config: {header_name: X-Key, header_value: "{{credentials.api_key}}"}
pagination:
  format: page
  config: {page_param: page, limit_param: per_page}
rate_limit:
  is_rate_limited: status = 429
  retry_after_header_expression: $number(headers.`retry-after`)
error_expression: status >= 400 or $exists(data.error)
manners: {concurrency: 4, timeout: 10, hosts: [files.acme.example]}
resources:
  contacts:
    list:
      path: /contacts
      query: {since: "2022-06-28", deleted: false}
      response_path: data.items
    get: {path: "/contacts/{{id}}", response_path: data}
    create: {path: /contacts, method: post, body: {data: "{{body:any}}"}}
    merge: {path: "/contacts/{{id}}/merge", method: post, pagination: null}
actions:
  validation:
    steps: [{type: request, config: {}}]
unified:
  crm:
    contacts:
      list: {resource: contacts, response_mapping: "{'id': id}"}
"""

TOML = """\
name = "acme"
base_url = "https://acme.example"
[pagination]
format = "cursor"
[pagination.config]
cursor_path = "next"
cursor_key = "cursor"
[resources.contacts.list]
path = "/contacts"
response_path = "data.items"
"""


def complaints(text, evaluator, source="acme.yaml"):
    with pytest.raises(DeclarationError) as raised:
        read_declaration(text.encode(), source, evaluator)
    return list(raised.value.complaints)


def with_line(number, line):
    lines = ACME.splitlines()
    lines[number - 1] = line
    return "\n".join(lines)


def test_a_declaration_in_yaml_is_read(evaluator):
    found = read_declaration(ACME.encode(), "acme.yaml", evaluator)
    assert isinstance(found, Declaration)
    assert found.headers == {"Accept": "application/json", "X-Drop": None}
    assert found.resources["contacts"]["list"].query == {"since": "2022-06-28", "deleted": False}
    assert found.resources["contacts"]["list"].pagination is UNSET
    assert found.resources["contacts"]["merge"].pagination is None
    assert found.manners.hosts == ("files.acme.example",)


def test_the_guides_spelling_of_pagination_becomes_the_descriptions(evaluator):
    found = read_declaration(ACME.encode(), "acme.yaml", evaluator)
    assert found.pagination == Pagination(format="page", config={"page_key": "page", "limit_key": "per_page"})


def test_the_same_in_toml_and_json(evaluator):
    in_toml = read_declaration(TOML.encode(), "acme.toml", evaluator)
    in_json = read_declaration(json.dumps(to_builtins(in_toml)).encode(), "acme.json", evaluator)
    assert in_toml == in_json
    assert in_toml.resources["contacts"]["list"].path == "/contacts"


def test_a_declaration_is_named_after_its_file_unless_it_says_otherwise(evaluator):
    assert read_declaration(b"base_url: https://x.example", "dir/acme.yaml", evaluator).name == "acme"
    assert read_declaration(b"{name: a, base_url: https://x.example}", "acme.yaml", evaluator).name == "a"


def test_what_was_read_is_read_again_from_what_it_is_written_as(evaluator):
    found = read_declaration(ACME.encode(), "acme.yaml", evaluator)
    assert declaration_from(to_builtins(found), evaluator) == found


@pytest.mark.parametrize("source", ["fanfold://work", "fanfold://demo/v1", "http://127.0.0.1:8000/api"])
def test_base_urls_may_be_inside_and_on_this_machine(source, evaluator):
    assert declaration_from({"name": "a", "base_url": source}, evaluator).base_url == source


def test_several_credentials_are_kept_by_format_and_the_first_is_the_one(evaluator):
    written = {
        "name": "a",
        "base_url": "https://x.example",
        "credentials": {
            "oauth2": {"config": {"auth": {"tokenHost": "https://x.example"}}},
            "api_key": {"config": {"fields": [{"name": "key"}]}},
        },
        "headers": {"X-Key": "{{credentials.key}}"},
    }
    found = declaration_from(written, evaluator)
    assert found.credentials.format == "oauth2"
    assert found.credentials_for("api_key").config == {"fields": [{"name": "key"}]}
    assert found.credentials_for("") == found.credentials
    assert declaration_from(to_builtins(found), evaluator) == found


@pytest.mark.parametrize(
    ("number", "line", "complaint"),
    [
        (1, "name: a b", "acme.yaml:1: name: expected text that fits"),
        (1, "nmae: acme", "acme.yaml:1: nmae: there is no such field. Did you mean name?"),
        (2, "label: 5", "acme.yaml:2: label: expected text, not 5."),
        (3, "base_url: acme.example", "acme.yaml:3: base_url: expected a URL that begins with https://"),
        (3, "base_url: ftp://acme.example", "acme.yaml:3: base_url: expected a URL that begins with https://"),
        (3, 'base_url: "{{scheme}}://acme.example"', "acme.yaml:3: base_url: its beginning cannot be filled in"),
        (3, 'base_url: "{{url}}"', "acme.yaml:3: base_url: its beginning cannot be filled in"),
        (3, "base_url: https://u:p@acme.example", "acme.yaml:3: base_url: credentials do not belong here"),
        (3, "base_url: https://acme.example?a=1", "acme.yaml:3: base_url: a query or fragment"),
        (3, "base_url: https:///v1", "acme.yaml:3: base_url: there is no host"),
        (3, "base_url: https://acme.example:x", "acme.yaml:3: base_url: expected a URL"),
        (3, 'base_url: "https://acme.example/a b"', "acme.yaml:3: base_url: there is a space"),
        (3, 'base_url: "https://acme.example\\\\@x"', "acme.yaml:3: base_url: there is a space, a backslash"),
        (3, "base_url: fanfold:work", "acme.yaml:3: base_url: expected fanfold://NAME"),
        (3, "base_url: 'https://{{x:foo}}.example'", "acme.yaml:3: base_url: Unsupported type: foo"),
        (4, "headers: {Bad Name: x}", "acme.yaml:4: headers.Bad Name: 'Bad Name' is not the name of a header."),
        (4, "headers: {Host: x}", "acme.yaml:4: headers.Host: Host is set by the connection itself."),
        (4, 'headers: {X: "a\\r\\nY: b"}', "acme.yaml:4: headers.X: there is a control character in it."),
        (4, "headers: {X: 5}", "acme.yaml:4: headers.X: expected text, not 5."),
        (4, 'headers: {X: "{{credentials.api_kee}}"}', "acme.yaml:4: headers.X: the credentials have no field api_kee"),
        (5, "query_array_format: csv", "acme.yaml:5: query_array_format: expected one of brackets, comma, indices"),
        (7, "  format: oauth", "acme.yaml:7: credentials.format: expected one of api_key"),
        (7, "  format: oauth2", "acme.yaml:8: credentials.config.auth: OAuth 2 needs tokenHost"),
        (10, "      - {label: x}", "acme.yaml:10: credentials.config.fields[0].name: is missing"),
        (
            10,
            "      - {name: api_key, type: passwd}",
            "acme.yaml:10: credentials.config.fields[0].type: expected one of",
        ),
        (13, "  format: digest", "acme.yaml:13: authorization.format: expected one of"),
        (14, "  config: {header_name: X-Key}", "acme.yaml:14: authorization.config: expected header_name and header"),
        (14, "  config: {expression: '['}", "acme.yaml:14: authorization.config.expression: no expression"),
        (14, "  config: {token: x}", "acme.yaml:14: authorization.config.token: there is no such field"),
        (16, "  format: pages", "acme.yaml:16: pagination.format: expected one of cursor, dynamic, link_header"),
        (16, "  format: cursor", "acme.yaml:17: pagination.config.cursor_path: is missing"),
        (16, "  format: offset", "acme.yaml:17: pagination.config.offset_key: is missing"),
        (16, "  format: range", "acme.yaml:17: pagination.config.range_unit: is missing"),
        (16, "  format: dynamic", "acme.yaml:17: pagination.config: expected get_pagination_values_expression, or"),
        (17, "  config: {page_parm: page}", "acme.yaml:17: pagination.config.page_parm: there is no such field"),
        (17, "  config: {page_param: 5}", "acme.yaml:17: pagination.config.page_param: expected text, not 5."),
        (17, "  config: {page_param: a, page_key: b}", "acme.yaml:17: pagination.config.page_param: is page_key"),
        (17, "  config: {limit_param: a}", "acme.yaml:17: pagination.config.page_key: is missing"),
        (19, "  is_rate_limited: status = ", "acme.yaml:19: rate_limit.is_rate_limited: no expression that can be"),
        (21, "error_expression: (", "acme.yaml:21: error_expression: no expression that can be worked out"),
        (22, "manners: {concurrency: 0}", "acme.yaml:22: manners.concurrency: expected at least 1, not 0."),
        (22, "manners: {timeout: 0}", "acme.yaml:22: manners.timeout: expected more than 0, not 0."),
        (22, "manners: {attempts: 1.5}", "acme.yaml:22: manners.attempts: expected a whole number, not 1.5."),
        (22, "manners: {timeout: true}", "acme.yaml:22: manners.timeout: expected a number, not true."),
        (22, "manners: {hosts: ['https://x']}", "acme.yaml:22: manners.hosts[0]: expected the name of a host"),
        (24, "  con/tacts:", "acme.yaml:24: resources.con/tacts: the name of a resource has letters"),
        (25, "    li st:", "acme.yaml:25: resources.contacts.li st: the name of a method has letters"),
        (
            26,
            "      path: contacts",
            "acme.yaml:26: resources.contacts.list.path: expected a path that begins with one /",
        ),
        (
            26,
            "      path: //evil.example",
            "acme.yaml:26: resources.contacts.list.path: expected a path that begins with",
        ),
        (26, "      path: /contacts?x=1", "acme.yaml:26: resources.contacts.list.path: a query or fragment"),
        (26, "      path: /a/../b", "acme.yaml:26: resources.contacts.list.path: there is a . or .."),
        (
            26,
            "      paht: /contacts",
            "acme.yaml:26: resources.contacts.list.paht: there is no such field. Did you mean path?",
        ),
        (26, "      method: get", "acme.yaml:25: resources.contacts.list.path: is missing; it has to be there."),
        (27, "      query: [a]", "acme.yaml:27: resources.contacts.list.query: expected an object, not a list."),
        (
            27,
            '      query: {a: ["{{b:foo}}"]}',
            "acme.yaml:27: resources.contacts.list.query.a[0]: Unsupported type: foo",
        ),
        (28, "      response_path: data..", "acme.yaml:28: resources.contacts.list.response_path: no expression"),
        (30, "    create: {path: /c, method: POST}", "acme.yaml:30: resources.contacts.create.method: expected one of"),
        (
            31,
            "    merge: {path: /m, pagination: off}",
            "acme.yaml:31: resources.contacts.merge.pagination: expected an",
        ),
        (34, "    steps: [{type: reqest}]", "acme.yaml:34: actions.validation.steps[0].type: expected one of"),
        (
            38,
            "      list: {response_mapping: '{'}",
            "acme.yaml:38: unified.crm.contacts.list.response_mapping: ",
        ),
    ],
)
def test_every_mistake_is_told_with_its_line_and_field(number, line, complaint, evaluator):
    assert any(told.startswith(complaint) for told in complaints(with_line(number, line), evaluator))


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(evaluator):
    text = (
        ACME.replace("label: Acme", "label: 5")
        .replace("path: /contacts\n", "path: contacts\n")
        .replace("timeout: 10", "timeout: x")
    )
    assert [told.split(": ")[0] for told in complaints(text, evaluator)] == [
        "acme.yaml:2",
        "acme.yaml:22",
        "acme.yaml:26",
    ]


@pytest.mark.parametrize("text", ["", "[]", "5", "null", "text"])
def test_what_is_no_object_is_refused(text, evaluator):
    assert "expected an object" in complaints(text, evaluator)[0]


def test_what_is_no_yaml_is_refused_before_all_else(evaluator):
    with pytest.raises(DocumentError, match="twice"):
        read_declaration(b"a: 1\na: 2", "acme.yaml", evaluator)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"headers": {"Authorization": "Bearer abc"}}, "headers.Authorization"),
        ({"headers": {"X-Api-Key": "abc"}}, "headers.X-Api-Key"),
        ({"query": {"access_token": "abc"}}, "query.access_token"),
        ({"authorization": {"config": {"token": "abc"}}}, "authorization.config.token"),
        (
            {"authorization": {"format": "basic", "config": {"username": "u", "password": "p"}}},
            "authorization.config.password",
        ),
        ({"base_url": "http://acme.example"}, "base_url"),
        ({"resources": {"a.b": {}}}, "resources.a.b"),
        (
            {
                "pagination": {
                    "format": "cursor",
                    "config": {"cursor_path": "n", "cursor_key": "c", "use_content_hash": True},
                }
            },
            "pagination.config.use_content_hash",
        ),
    ],
)
def test_what_is_seldom_meant_is_doubted_and_allowed(change, place, evaluator, tmp_path):
    file = tmp_path / "acme.json"
    file.write_text(json.dumps({"name": "acme", "base_url": "https://acme.example", **change}))
    (doubt,) = read_declaration_file(file, evaluator).doubts
    assert f": {place}: " in doubt


@pytest.mark.parametrize("value", ["Bearer {{credentials.api_key}}", ""])
def test_a_placeholder_is_no_secret(value, evaluator, tmp_path):
    file = tmp_path / "acme.json"
    file.write_text(json.dumps({"base_url": "https://acme.example", "headers": {"Authorization": value}}))
    assert read_declaration_file(file, evaluator).doubts == ()


def test_a_request_is_told_all_failures_with_pointers(evaluator):
    with pytest.raises(RequestError) as raised:
        declaration_from({"name": "a", "base_url": "x", "resources": {"a/b": {"get": {}}}}, evaluator)
    assert raised.value.status == 400
    failures = raised.value.extra["details"]["failures"]
    assert {failure["path"] for failure in failures} == {"/base_url", "/resources/a~1b", "/resources/a~1b/get/path"}
    assert all(failure["message"] for failure in failures)


def test_a_request_needs_a_name(evaluator):
    with pytest.raises(RequestError) as raised:
        declaration_from({"base_url": "https://x.example"}, evaluator)
    assert raised.value.extra["details"]["failures"][0]["path"] == "/name"


def test_a_request_that_is_nested_too_deeply_is_refused(evaluator):
    deep = "x"
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(RequestError) as raised:
        declaration_from({"name": "a", "base_url": "https://x.example", "query": {"a": deep}}, evaluator)
    assert "levels" in raised.value.extra["details"]["failures"][0]["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {f"field_{number}": 1 for number in range(50_000)},
        {"x" * 500_000: 1, "y" * 500_000: 2},
        {"resources": {"r": {f"m{number}": {"path": "x", "method": 5} for number in range(20_000)}}},
        {"resources": {"r": {f"m{number}": {"path": "/x"} for number in range(5001)}}},
        {"headers": {f"bad name {number}": "x" for number in range(20_000)}},
    ],
    ids=["unknown", "long", "methods", "many methods", "headers"],
)
def test_very_many_mistakes_are_told_in_part_and_cost_little(wrong, evaluator):
    began = process_time()
    with pytest.raises(RequestError) as raised:
        declaration_from({"name": "a", "base_url": "https://x.example", **wrong}, evaluator)
    assert process_time() - began < 3
    assert 1 <= len(raised.value.extra["details"]["failures"]) <= 101


def test_what_was_given_is_left_as_it_was(evaluator):
    given_value = {
        "name": "a",
        "base_url": "https://x",
        "pagination": {"format": "page", "config": {"page_param": "p"}},
    }
    before = copy.deepcopy(given_value)
    declaration_from(given_value, evaluator)
    assert given_value == before


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["{{a", "{{a:b}}", "get", "page"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*Declaration.__struct_fields__, "config", "format", "list", "path", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(Declaration.__struct_fields__), json_values, max_size=6))
def test_any_object_is_a_declaration_or_told_its_failures(value):
    findings = Findings()
    found = checked({"name": "a", "base_url": "https://x.example", **value}, None, findings)
    assert isinstance(found, Declaration) is not bool(findings.mistakes)
