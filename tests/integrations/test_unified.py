from types import SimpleNamespace

import pytest

from fanfold.entries import Fetch, Page
from fanfold.errors import ExpressionError, RemoteError, RequestError
from fanfold.integrations import unified
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.models import Field, Model, Resource
from fanfold.integrations.unified import UnifiedMapper
from tests.integrations.stage import Jsonata

MODEL = Model(
    name="crm",
    resources={"contacts": Resource(fields={"id": Field(), "name": Field(), "title": Field()})},
    mappings={"acme": {"contacts": {"*": {"error_mapping": "error.why"}, "list": {"query": {"all": True}}}}},
)
RECORDS = [{"Id": 1, "Name": "Ada"}, {"Id": 2, "Name": "Bo"}]
ANSWER = {"status": 200, "headers": (("X-Total", "2"),), "body": {"records": RECORDS}}
EACH = 'response.records.{"id": $string(Id), "name": Name}'


def declared(**methods):
    return Declaration(name="acme", base_url="https://acme.test", unified={"crm": {"contacts": methods}})


def mapper(**functions):
    return UnifiedMapper(Jsonata(), {"crm": MODEL}, **functions)


def mapped(name="list", **config):
    found = mapper().find(declared(**{name: config}), "crm", "contacts", name)
    assert found is not None
    return found


async def out(mapping, fetch=None, context=None):
    return await mapper().outgoing(mapping, fetch or Fetch(), context or {})


async def back(mapping, value=RECORDS, fetch=None, response=ANSWER, **more):
    return await mapper().incoming(mapping, fetch or Fetch(), value, response, {}, **more)


# -- finding ---------------------------------------------------------------------------------------------------------


def test_what_is_not_mapped_is_not_found():
    declaration = declared(get={})
    found = mapper()
    assert found.find(declaration, "crm", "contacts", "create") is None
    assert found.find(declaration, "crm", "deals", "get") is None
    assert found.find(declaration, "hris", "contacts", "get") is None
    assert found.find(declaration, "crm", "contacts", "*") is None


def test_layers_lie_over_each_other_model_declaration_account():
    declaration = declared(**{"*": {"resource": "people"}, "list": {"query": {"archived": False}}, "get": {}})
    override = {"crm": {"contacts": {"list": {"query": {"archived": True}, "resource": "humans"}, "search": {}}}}
    found = mapper()
    plain, changed = (found.find(declaration, "crm", "contacts", "list", layer) for layer in (None, override))
    assert (plain.proxy_resource, plain.query) == ("people", {"all": True, "archived": False})
    assert (changed.proxy_resource, changed.query) == ("humans", {"all": True, "archived": True})
    assert plain.error_mapping is not None
    assert found.methods(declaration, "crm", "contacts") == ("list", "get")
    assert found.methods(declaration, "crm", "contacts", override) == ("list", "get", "search")
    assert found.resources(declaration) == {"crm/contacts": ("list", "get")}


def test_an_account_can_take_a_method_away():
    override = {"crm": {"contacts": {"list": None}}}
    assert mapper().find(declared(list={}, get={}), "crm", "contacts", "list", override) is None


def test_an_override_for_something_else_changes_nothing():
    declaration = declared(list={})
    found = mapper()
    plain = found.find(declaration, "crm", "contacts", "list")
    assert found.find(declaration, "crm", "contacts", "list", {"crm": {"deals": {"list": {}}}}) is plain
    assert found.find(declaration, "crm", "contacts", "list", {"crm": None}) is plain


def test_a_mapping_is_compiled_once_until_the_declaration_is_another():
    first, second = declared(list={"response_mapping": "1"}), declared(list={"response_mapping": "2"})
    found = mapper()
    kept = found.find(first, "crm", "contacts", "list")
    assert found.find(first, "crm", "contacts", "list") is kept
    assert found.find(second, "crm", "contacts", "list").response_mapping.source == "2"


def test_no_more_mappings_are_kept_than_fit(monkeypatch):
    monkeypatch.setattr(unified, "MAX_COMPILED", 2)
    declaration, found = declared(list={}, get={}, create={}), mapper()
    for _ in range(2):
        for method in ("list", "get", "create"):
            assert found.find(declaration, "crm", "contacts", method).method == method
            assert len(found._compiled) <= 2


def test_a_mapping_that_is_not_right_is_refused_with_all_that_is_wrong():
    override = {"crm": {"contacts": {"list": {"side_load": {}, "query_mapping": "("}}}}
    with pytest.raises(RequestError, match=r"crm/contacts list at acme is not right: side_load: .*; query_mapping: "):
        mapper().find(declared(list={}), "crm", "contacts", "list", override)


# -- outgoing --------------------------------------------------------------------------------------------------------


async def test_without_mappings_everything_goes_on_as_it_came_but_what_is_meant_for_us():
    fetch = Fetch("7", {"a": 1, "truto_ignore_remote_data": True}, {"b": 2}, "next", timeout=3.0)
    resource, method, sent = await out(mapped("get"), fetch)
    assert (resource, method) == ("contacts", "get")
    assert (sent.id, sent.query, sent.body, sent.cursor, sent.timeout) == ("7", {"a": 1}, {"b": 2}, "next", 3.0)
    assert (sent.path, sent.headers) == ("", {})


async def test_an_operation_that_has_the_mapping_will_do():
    assert (await out(SimpleNamespace(mapping=mapped("get", resource="people"))))[0] == "people"
    with pytest.raises(TypeError, match="no mapping"):
        await out(SimpleNamespace())


async def test_a_query_mapping_replaces_the_query_over_the_default_one():
    mapping = mapped(query={"fields": "all", "size": 1}, query_mapping='{"person": query.contact.id, "size": query.no}')
    _, _, sent = await out(mapping, Fetch(query={"contact": {"id": "9"}, "page": 3, "limit": 50}))
    assert sent.query == {"all": True, "fields": "all", "size": 1, "person": "9", "limit": 50}


async def test_a_query_mapping_that_gives_nothing_leaves_the_default_query():
    assert (await out(mapped(query_mapping="query.none"), Fetch(query={"a": 1})))[2].query == {"all": True}


async def test_a_query_mapping_sees_the_account_the_body_and_the_id():
    mapping = mapped("get", query_mapping='{"q": context.space & "/" & body.x & "/" & id, "no": rawQuery.truto_key_by}')
    _, _, sent = await out(mapping, Fetch("7", {"truto_key_by": "id"}, {"x": "b"}), {"space": "s"})
    assert sent.query == {"q": "s/b/7", "no": "id"}


async def test_remote_query_goes_over_what_is_mapped():
    mapping = mapped("get", query_mapping='{"a": 1, "b": 2}')
    _, _, sent = await out(mapping, Fetch(query={"remote_query": {"b": 3, "c": 4}}))
    assert sent.query == {"a": 1, "b": 3, "c": 4}
    assert (await out(mapped("get"), Fetch(query={"remote_query": {"c": 4}, "d": 5})))[2].query == {"d": 5, "c": 4}


async def test_a_body_is_mapped_over_the_default_and_below_what_is_passed_on():
    mapping = mapped(
        "create",
        body={"kind": "person", "extra": {"a": 1}},
        query_mapping='{"mapped": true}',
        request_body_mapping='{"FirstName": body.first_name, "seen": [query.mapped, rawQuery.raw], "gone": null}',
    )
    body = {"first_name": "Ada", "remote_data": {"extra": {"b": 2}, "kind": None}}
    _, _, sent = await out(mapping, Fetch(query={"raw": 1}, body=body))
    assert sent.body == {
        "kind": None,
        "extra": {"a": 1, "b": 2},
        "FirstName": "Ada",
        "seen": [True, 1],
        "gone": None,
    }


async def test_the_resource_may_depend_on_what_is_asked():
    config = {
        "resource": {
            "expression": "query.deal ? 'deals' : query.odd ? 'secrets' : 'leads'",
            "resources": ["deals", "leads"],
        }
    }
    assert (await out(mapped(**config), Fetch(query={"deal": 1})))[0] == "deals"
    assert (await out(mapped(**config)))[0] == "leads"
    with pytest.raises(RequestError, match="it may give deals, leads") as refusal:
        await out(mapped(**config), Fetch(query={"odd": 1}))
    assert refusal.value.status == 422
    fresh = mapped("upsert", method={"expression": "body.fresh ? 'create' : 'update'"})
    assert (await out(fresh, Fetch(body={"fresh": 1})))[1] == "create"
    assert (await out(fresh))[1] == "update"


async def test_steps_before_are_known_by_name_and_may_be_left_out():
    steps = [
        {"type": "transform", "name": "who", "config": {"expression": "context.me"}},
        {"type": "transform", "name": "never", "run_if": "query.no", "config": "$error('no')"},
        {"type": "transform", "name": "both", "config": "before.who & step"},
    ]
    mapping = mapped("get", before=steps, query_mapping='{"both": before.both, "never": $exists(before.never)}')
    assert (await out(mapping, context={"me": "x"}))[2].query == {"both": "xx", "never": False}


async def test_an_expression_that_fails_says_whose_it_is():
    with pytest.raises(ExpressionError, match=r"The query mapping of crm/contacts get failed: .*nope") as refusal:
        await out(mapped("get", query_mapping="$error('nope')"))
    assert refusal.value.status == 422
    with pytest.raises(RequestError, match="did not give an object"):
        await out(mapped("get", query_mapping="[1]"))


# -- incoming --------------------------------------------------------------------------------------------------------


async def test_records_are_mapped_and_keep_what_they_were_made_of():
    assert await back(mapped(response_mapping=EACH)) == [
        {"id": "1", "name": "Ada", "remote_data": RECORDS[0]},
        {"id": "2", "name": "Bo", "remote_data": RECORDS[1]},
    ]


@pytest.mark.parametrize(
    "expression",
    [
        EACH,
        'response.body.records.{"id": $string(Id), "name": Name}',
        'body.records.{"id": $string(Id), "name": Name}',
        'response.statusCode = 200 ? $$.body.records.{"id": $string(Id), "name": Name}',
        'headers.`x-total` = "2" ? $$.response.records.{"id": $string(Id), "name": Name}',
        'response.headers.`x-total` = "2" ? $$.response.records.{"id": $string(Id), "name": Name}',
        '{"result": response.records.{"id": $string(Id), "name": Name}}',
        '$$.response.records.{"id": $string(Id), "name": Name}',
        '($all := $; response.records.{"id": $string(Id), "name": $all.response.records[0].Name = "Ada" ? Name})',
    ],
)
async def test_the_answer_is_seen_by_all_its_names(expression):
    found = await back(mapped(response_mapping=expression), fetch=Fetch(query={"truto_ignore_remote_data": "true"}))
    assert found == [{"id": "1", "name": "Ada"}, {"id": "2", "name": "Bo"}]


async def test_names_of_ours_win_over_members_of_the_body():
    answer = {"status": 201, "headers": {}, "body": {"body": "words", "headers": 1, "statusCode": 2}}
    mapping = mapped("get", response_mapping='{"id": response.statusCode, "words": response.body.body}')
    found = await back(mapping, {"x": 1}, response=answer, fetch=Fetch(query={"truto_ignore_remote_data": True}))
    assert found == {"id": 201, "words": "words"}


async def test_a_mapping_sees_what_was_asked_and_what_was_made_of_it():
    expression = '{"id": rawQuery.a & query.b & id & requestBody.c & context.none}'
    mapping = mapped("get", response_mapping=expression)
    fetch = Fetch("7", {"a": "A", "truto_ignore_remote_data": True})
    assert await back(mapping, {}, fetch, sent=Fetch(query={"b": "B"}, body={"c": "C"})) == {"id": "AB7C"}
    assert await back(mapping, {}, Fetch("7", {"a": "A", "b": "b", "truto_ignore_remote_data": True})) == {"id": "Ab7"}


@pytest.mark.parametrize(("records", "expected"), [([], []), (RECORDS[:1], ["1"]), (RECORDS, ["1", "2"])])
async def test_a_list_stays_a_list_however_long(records, expected):
    found = await back(mapped(response_mapping=EACH), records, response={**ANSWER, "body": {"records": records}})
    assert [record["id"] for record in found] == expected
    assert [record["remote_data"] for record in found] == records


async def test_null_drops_a_record_and_the_others_keep_theirs():
    expression = 'response.records.(Name = "Ada" ? null : {"id": $string(Id)})'
    assert await back(mapped(response_mapping=expression)) == [{"id": "2", "remote_data": RECORDS[1]}]
    only = {**ANSWER, "body": {"records": RECORDS[:1]}}
    assert await back(mapped(response_mapping=expression), RECORDS[:1], response=only) == []


async def test_records_that_cannot_be_told_which_is_which_have_nothing_from_the_api():
    assert await back(mapped(response_mapping='response.records[Id = 2].{"id": $string(Id)}')) == [{"id": "2"}]


async def test_one_record_at_a_time():
    expression = '$exists(response.Name) and body.Id = 2 ? {"id": $string(response.Id), "total": headers.`x-total`}'
    found = await back(mapped(per_record=True, response_mapping=expression))
    assert found == [{"id": "2", "total": "2", "remote_data": RECORDS[1]}]
    alone = mapped("get", per_record=True, response_mapping='{"id": response.Id}')
    assert await back(alone, RECORDS[0]) == {"id": 1, "remote_data": RECORDS[0]}


async def test_a_record_of_which_nothing_is_made_is_not_there():
    for per_record in (True, False):
        with pytest.raises(RequestError, match="crm/contacts: there is no such record") as refusal:
            await back(mapped("get", response_mapping="null", per_record=per_record), {"Id": 1})
        assert refusal.value.status == 404


async def test_what_is_made_of_no_record_is_nothing_but_for_one_that_was_asked_for():
    assert await back(mapped("search", response_mapping="null"), {"Id": 1}) is None


@pytest.mark.parametrize(("things", "ids"), [([], []), ([1], [1]), ([1, 2], [1, 2])])
async def test_a_list_may_be_made_of_one_record_of_the_api(things, ids):
    expression = 'response.parts.{"id": $}'
    found = await back(mapped(response_mapping=expression), {"parts": things}, response={"body": {"parts": things}})
    assert found == [{"id": gid} for gid in ids]


async def test_a_mapping_may_have_its_own_remote_data():
    mapping = mapped("get", response_mapping='{"id": 1, "remote_data": "mine"}')
    assert await back(mapping, {"Id": 1}) == {"id": 1, "remote_data": "mine"}
    assert await back(mapping, {"Id": 1}, Fetch(query={"truto_ignore_remote_data": True})) == {"id": 1}


async def test_without_a_mapping_the_records_are_those_of_the_api():
    assert await back(mapped()) == RECORDS


async def test_deleting_tells_the_id():
    assert await back(mapped("delete", response_mapping="$error('never')"), {}, Fetch("7")) == {"id": "7"}
    assert await back(mapped("delete"), Page({}), Fetch("7")) == Page({"id": "7"})
    assert await back(mapped("delete"), {"id": "8"}) == {"id": "8"}


async def test_raw_records_are_not_touched():
    page = Page(RECORDS, "next")
    for fetch in (Fetch(response_format="raw"), Fetch(query={"truto_response_format": "raw"})):
        assert await back(mapped(response_mapping="$error('never')"), page, fetch) is page


async def test_normalized_records_have_exactly_the_fields_of_the_model():
    mapping = mapped(response_mapping='response.records.{"name": Name, "odd": 1, "id": Id}')
    found = await back(mapping, fetch=Fetch(response_format="normalized"))
    assert [list(record.items()) for record in found] == [
        [("id", 1), ("name", "Ada"), ("title", None)],
        [("id", 2), ("name", "Bo"), ("title", None)],
    ]


@pytest.mark.parametrize("wish", ["name, remote_data", ["name", "remote_data"]])
async def test_fields_can_be_left_out(wish):
    found = await back(mapped(response_mapping=EACH), fetch=Fetch(query={"truto_exclude_fields": wish}))
    assert found == [{"id": "1"}, {"id": "2"}]


async def test_steps_after_work_on_what_was_mapped():
    steps = [
        {"type": "transform", "config": "data[id = '2']"},
        {"type": "transform", "run_if": "step.id = '1'", "config": "null"},
    ]
    found = await back(mapped(response_mapping=EACH, after=steps))
    assert found == [{"id": "2", "name": "Bo", "remote_data": RECORDS[1]}]
    gone = mapped(response_mapping=EACH, after=[{"type": "transform", "config": "data[id = '3']"}])
    assert await back(gone) == []


async def test_a_page_keeps_its_cursor_and_what_it_tells():
    page = Page(RECORDS, "c2", {"result_count": 2})
    found = await back(mapped(response_mapping=EACH, is_partial_expression="$count(data.records) = 2"), page)
    assert [record["id"] for record in found.value] == ["1", "2"]
    assert (found.cursor, found.told) == ("c2", {"result_count": 2, "is_partial_response": True})


async def test_a_page_counts_what_is_left_of_it():
    expression = 'response.records.(Id = 1 ? null : {"id": Id})'
    found = await back(mapped(response_mapping=expression), Page(RECORDS, told={"result_count": 2}))
    assert found.told == {"result_count": 1}


async def test_a_cursor_of_the_mapping_comes_back_to_it_and_not_to_the_paging():
    mapping = mapped(
        query_mapping='{"after": query.next_cursor}',
        response_mapping='{"result": response.records.{"id": Id}, "next_cursor": response.next}',
    )
    answer = {**ANSWER, "body": {"records": RECORDS, "next": {"seq": 3}}}
    page = await back(mapping, Page(RECORDS, "ignored"), response=answer)
    assert page.cursor.startswith("unified.")
    _, _, sent = await out(mapping, Fetch(cursor=page.cursor))
    assert (sent.cursor, sent.query) == ("", {"all": True, "after": {"seq": 3}})
    last = mapped(response_mapping='{"result": [], "next_cursor": null}')
    assert (await back(last, Page(RECORDS, "more"))).cursor == ""


@pytest.mark.parametrize("cursor", ["unified.", "unified.%%%", "unified.bm90IGpzb24=", "unified." + "W" * 9000])
async def test_a_cursor_that_was_never_given_out_is_refused(cursor):
    with pytest.raises(RequestError, match="begin again without it"):
        await out(mapped(), Fetch(cursor=cursor))


# -- refusals --------------------------------------------------------------------------------------------------------


async def refused(mapping, raw, *, status=422, fetch=None, **extra):
    error = RemoteError("No", status=status, extra={"raw_response": raw, **extra}, headers=(("X-Id", "7"),))
    return await mapper().refused(mapping, fetch or Fetch(), error, {})


async def test_an_error_mapping_gives_the_message_and_more():
    said = await refused(mapped(error_mapping="error.why"), {"why": "too old"})
    assert (said.message, said.status, said.headers) == ("too old", 422, (("X-Id", "7"),))
    expression = '{"message": error.why, "status": 409, "code": headers.`x-id`, "raw_response": 1}'
    said = await refused(mapped(error_mapping=expression), {"why": "twice"})
    assert (said.message, said.status, said.extra["code"]) == ("twice", 409, "7")
    assert said.extra["raw_response"] == {"why": "twice"}


@pytest.mark.parametrize(
    "expression",
    [
        "$error('x')",
        "null",
        "{}",
        '{"message": 1}',
        '{"status": 200}',
        '{"status": 409.5}',
        '{"status": "409"}',
        "[1]",
        "''",
    ],
)
async def test_an_error_mapping_that_gives_nothing_sensible_changes_nothing(expression):
    said = await refused(mapped(error_mapping=expression), {"why": "too old"})
    assert (said.message, said.status) == ("No", 422)


async def test_an_error_says_what_may_have_been_missing():
    schema = {
        "type": "object",
        "properties": {"email": {"type": "string"}, "company": {"required": True}, "list_id": {}},
        "required": ["email", "list_id"],
    }
    mapping = mapped("create", request_body_schema=schema, query_schema={"tenant": {"required": True}})
    fetch = Fetch(body={"company_id": "1", "list": {"id": "2"}})
    said = await refused(mapping, None, status=429, fetch=fetch, truto_error_insight={"forbidden_error": {}})
    insight = said.extra["truto_error_insight"]
    assert {name: told.get("value") for name, told in insight.items()} == {
        "missing_required_query_parameters": ["tenant"],
        "missing_required_body_fields": ["email"],
        "rate_limit_error": True,
        "remote_error": "No",
        "forbidden_error": None,
    }
