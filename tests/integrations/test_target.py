"""Calls to declared resources, against a real API on loopback."""

import asyncio

import msgspec
import pytest
from msgspec.structs import replace

from fanfold.entries import Fetch, Page
from fanfold.errors import NoSuchRoute, RemoteError, RequestError, TimedOut
from fanfold.integrations.declaration import Declaration
from fanfold.model import Answer
from tests.integrations.apis import Said, come_to

CONTACTS = {
    "contacts": {
        "list": {
            "path": "/cursor/contacts",
            "response_path": "data.items",
            "pagination": {
                "format": "cursor",
                "config": {"cursor_path": "paging.next", "cursor_key": "after", "limit_key": "limit"},
            },
        },
        "get": {"path": "/contacts/{{id}}", "response_path": "data"},
        "create": {"path": "/contacts", "method": "post", "response_path": "data"},
        "update": {"path": "/contacts/{{id}}", "method": "patch", "response_path": "data"},
        "delete": {"path": "/contacts/{{id}}", "method": "delete"},
        "search": {"path": "/echo/search"},
    }
}
CURSOR = CONTACTS["contacts"]["list"]["pagination"]


async def test_a_list_is_followed_page_by_page_to_its_end(asking, api):
    asked = asking(CONTACTS)
    pages = await asked.all("contacts", query={"limit": 10})
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [one for page in pages for one in page] == api.records
    assert asked.evaluator.evaluated == []


async def test_single_records_are_read_and_written(asking, api):
    asked = asking(CONTACTS)
    assert (await asked.value("get", "contacts", id="c_3"))["name"] == "Contact 3"
    assert await asked.value("create", "contacts", body={"name": "New"}) == {"id": "c_new", "name": "New"}
    assert (await asked.value("update", "contacts", id="c_1", body={"name": "Ada"}))["name"] == "Ada"
    assert await asked.value("delete", "contacts", id="c_1") == {"id": "c_1"}
    assert api.paths() == ["GET /contacts/c_3", "POST /contacts", "PATCH /contacts/c_1", "DELETE /contacts/c_1"]


async def test_a_list_of_one_bare_object_is_a_list_and_of_nothing_an_empty_one(asking, api):
    api.says = {"one": [Said(body={"data": {"id": 1}})], "none": [Said(body={})]}
    paths = {name: {"list": {"path": f"/say/{name}", "response_path": "data"}} for name in api.says}
    asked = asking(paths)
    assert await asked.value("list", "one") == [{"id": 1}]
    assert await asked.value("list", "none") == []


async def test_empty_pages_in_the_middle_are_passed_over(asking, api):
    def page(items, onward):
        return Said(body={"items": items, "next": onward})

    api.says["gaps"] = [page([1], "a"), page([], "b"), page([], "c"), page([2], None)]
    resources = {"gaps": {"list": {"path": "/say/gaps", "response_path": "items", "pagination": CURSOR}}}
    resources["gaps"]["list"]["pagination"] = {"format": "cursor", "config": {"cursor_path": "next"}}
    assert await asking(resources).all("gaps") == [[1], [2]]


async def test_empty_pages_without_end_are_given_up(asking, api):
    api.says["void"] = [Said(body={"next": f"at-{number}"}) for number in range(200)]
    paging = {"format": "cursor", "config": {"cursor_path": "next"}}
    resources = {"void": {"list": {"path": "/say/void", "response_path": "nothing", "pagination": paging}}}
    with pytest.raises(RemoteError, match="empty pages") as failed:
        await asking(resources).page("list", "void")
    assert failed.value.status == 502
    assert len(api.seen) == 100


async def test_a_cursor_that_leads_back_to_itself_ends_with_an_error(asking, api):
    api.says["loop"] = [Said(body={"items": [1], "next": "same"})]
    resources = {
        "loop": {
            "list": {
                "path": "/say/loop",
                "response_path": "items",
                "pagination": {"format": "cursor", "config": {"cursor_path": "next"}},
            }
        }
    }
    asked = asking(resources)
    first = await asked.page("list", "loop")
    with pytest.raises(RemoteError, match="just asked for") as failed:
        await asked.page("list", "loop", cursor=first.cursor)
    assert failed.value.status == 502


# -- what there is not, and what may not be ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/acc/nothing", "acme has no resource 'nothing'; there are: contacts"),
        ("/acc/crm/contacts", "acme has no unified resources"),
        ("/who/contacts", "There is no such integrated account"),
        ("/", "There is no such integrated account"),
    ],
)
async def test_what_is_not_declared_is_a_404_that_says_what_is(asking, path, words):
    with pytest.raises(NoSuchRoute) as failed:
        asking(CONTACTS).resolve("list", path)
    assert (failed.value.status, words in failed.value.message) == (404, True)


async def test_nothing_is_found_before_an_account_was_looked_up(asking):
    with pytest.raises(NoSuchRoute, match="There is no such integrated account"):
        asking(CONTACTS).target.resolve("list", "/acc/contacts")


async def test_methods_are_told_apart_by_case(asking):
    with pytest.raises(NoSuchRoute, match="there are: create, delete, get, list, search, update"):
        asking(CONTACTS).resolve("List", "/acc/contacts")


async def test_an_account_of_somebody_else_is_like_none(asking, api):
    asked = asking(CONTACTS)
    for user in ("bob", ""):
        with pytest.raises(NoSuchRoute, match="There is no such integrated account"):
            await asked.answer("list", "contacts", user=user)
    assert api.seen == []


async def test_lists_gets_and_whatever_is_read_by_its_verb_do_not_write(asking):
    asked = asking(CONTACTS)
    told = {name: asked.resolve(name, "/acc/contacts")[0].write for name in CONTACTS["contacts"]}
    assert told == {"list": False, "get": False, "search": False, "create": True, "update": True, "delete": True}


async def test_a_sandbox_is_read_and_not_written(asking, api):
    asked = asking(CONTACTS, account={"is_sandbox": True})
    assert await asked.value("list", "contacts")
    for method in ("create", "update", "delete"):
        with pytest.raises(RequestError, match="sandbox") as failed:
            await asked.answer(method, "contacts", id="c_1", body={})
        assert failed.value.status == 405
    assert len(api.seen) == 1


async def test_a_blocked_account_is_not_asked_for(asking, api):
    with pytest.raises(RequestError, match="blocked") as failed:
        await asking(CONTACTS, account={"is_blocked": True}).answer("list", "contacts")
    assert (failed.value.status, api.seen) == (503, [])


# -- answers of all kinds ------------------------------------------------------------------------------------------


async def test_what_is_no_text_comes_as_bytes_with_its_type(asking):
    answer = await asking({"files": {"download": {"path": "/file/1"}}}).answer("download", "files")
    assert answer.body == b"\x89PNG\r\n"
    assert dict(answer.headers)["content-type"] == "image/png"
    assert "a.png" in dict(answer.headers)["content-disposition"]


async def test_limits_are_told_by_the_same_names_whatever_the_api_calls_them(asking, api):
    api.says["it"] = [
        Said(
            body={},
            headers={"X-RateLimit-Limit": "50", "X-Rate-Limit-Remaining": "7", "X-RateLimit-Reset": "1800001009"},
        )
    ]
    answer = await asking({"it": {"get": {"path": "/say/it"}}}).answer("get", "it")
    assert dict(answer.headers) == {"ratelimit-limit": "50", "ratelimit-remaining": "7", "ratelimit-reset": "9"}


async def test_a_refusal_is_told_with_what_the_api_said(asking, api):
    with pytest.raises(RemoteError) as failed:
        await asking(CONTACTS).page("get", "contacts", id="c_99")
    error = failed.value
    assert (error.status, error.message) == (404, "no contact c_99")
    assert error.extra == {
        "truto_is_remote_error": True,
        "raw_response": {"error": {"message": "no contact c_99"}},
    }


async def test_a_success_may_be_an_error_if_an_expression_says_so(asking, api):
    api.says["it"] = [Said(body={"ok": False, "why": "channel_not_found"})]
    plain = {"it": {"get": {"path": "/say/it"}}}
    with pytest.raises(RemoteError) as failed:
        await asking(plain, error_expression="$not(data.ok) ? data.why").page("get", "it")
    assert (failed.value.status, failed.value.message) == (400, "channel_not_found")
    own = {"it": {"get": {"path": "/say/it", "error_expression": "status >= 500"}}}
    assert await asking(own, error_expression="true").value("get", "it") == {"ok": False, "why": "channel_not_found"}


async def test_an_answer_that_is_not_what_it_says_is_an_error(asking, api):
    api.says["it"] = [Said(body=b"<html>")]
    with pytest.raises(RemoteError, match="is no JSON") as failed:
        await asking({"it": {"get": {"path": "/say/it"}}}).page("get", "it")
    assert failed.value.status == 502
    lenient = {"it": {"get": {"path": "/say/it", "throw_error_on_parse_error": False}}}
    assert await asking(lenient).value("get", "it") == "<html>"


async def test_what_is_too_large_is_an_error(asking, api):
    api.says["it"] = [Said(body=b'"' + b"x" * 5000 + b'"')]
    with pytest.raises(RequestError, match="too large") as failed:
        await asking({"it": {"get": {"path": "/say/it"}}}, manners={"max_response": 4096}).page("get", "it")
    assert failed.value.status == 502


async def test_what_takes_too_long_is_a_504(asking, api):
    with pytest.raises(TimedOut, match=r"acme took longer than 0\.05 seconds"):
        await asking({"it": {"get": {"path": "/hang"}}}).page("get", "it", timeout=0.05)


async def test_fields_may_be_left_out_and_options_are_not_passed_on(asking, api):
    page = await asking(CONTACTS).page(
        "list", "contacts", query={"truto_exclude_fields": "name,company_id", "truto_response_format": "raw", "x": "1"}
    )
    assert page.value[0] == {"id": "c_0"}
    assert api.seen[0].query == {"x": "1"}


async def test_dry_runs_are_told_the_url_and_no_credentials(asking):
    resources = {"it": {"get": {"path": "/echo/{{id}}", "query": {"key": "{{credentials.api_key}}"}}}}
    asked = asking(
        resources,
        {"api_key": "canary-of-the-account"},
        credentials={"format": "api_key"},
        authorization={"format": "query", "config": {"name": "apikey"}},
    )

    def told(**fetch):
        return asked.target.describe(asked.account, asked.call("get", "it", msgspec.convert(fetch, type=Fetch)))

    told_url = told(id="a b", query={"q": "x"})
    assert told_url["method"] == "GET"
    assert told_url["url"].endswith("/echo/a%20b?key=[redacted]&q=x")
    assert told() == {}


# -- in this process -----------------------------------------------------------------------------------------------


class Within:
    """An API in this process that notes what it is asked."""

    def __init__(self):
        self.asked = []

    async def ask(self, request, account, caller):
        self.asked.append((request.method, request.url, request.body, account.id, caller.user))
        status = 404 if "nothing" in request.url else 200
        return Answer(status, b'{"data": [{"gid": "1"}]}', (("content-type", "application/json"),))


async def test_an_api_in_this_process_is_asked_without_a_network(asking):
    within = Within()
    resources = {"tasks": {"list": {"path": "/tasks", "response_path": "data"}, "get": {"path": "/nothing"}}}
    asked = asking(resources, base_url="fanfold://work", inside={"work": within})
    assert await asked.value("list", "tasks", query={"project": "7"}) == [{"gid": "1"}]
    assert within.asked == [("GET", "fanfold://work/tasks?project=7", None, "acc", "ada")]
    with pytest.raises(RemoteError):
        await asked.value("get", "tasks")


async def test_an_api_in_this_process_is_waited_for_where_it_says_so(asking):
    class Busy(Within):
        async def ask(self, request, account, caller):
            answer = await super().ask(request, account, caller)
            if len(self.asked) % 3:
                return Answer(429, b"{}", (("content-type", "application/json"), ("retry-after", "2")))
            return answer

    within = Busy()
    resources = {"tasks": {"list": {"path": "/tasks", "response_path": "data"}}}
    asked = asking(resources, base_url="fanfold://work", inside={"work": within})
    assert await asked.value("list", "tasks") == [{"gid": "1"}]
    assert len(within.asked) == 3
    assert sum(asked.clock.slept) >= 4


async def test_an_api_that_is_not_in_this_process_is_said_to_be_missing(asking):
    with pytest.raises(RequestError, match="no API 'other' in this process"):
        await asking({"it": {"get": {"path": "/x"}}}, base_url="fanfold://other").page("get", "it")


# -- unified resources ---------------------------------------------------------------------------------------------


class Upper:
    """A mapper that asks ``contacts`` for ``crm/contacts``, in upper case, and drops every second one."""

    def __init__(self):
        self.responses = []

    def find(self, declaration, model, resource, method):
        return self if (model, resource) == ("crm", "contacts") and method != "merge" else None

    def methods(self, declaration, model, resource):
        return ("list", "get", "create") if resource == "contacts" else ()

    async def outgoing(self, operation, fetch, context):
        return "contacts", operation.method, fetch

    async def incoming(self, operation, fetch, value, response, context, *, sent=None):
        self.responses.append(response["status"])
        records = [{"NAME": one["name"].upper()} for one in value.value if int(one["id"][2:]) >= 10]
        return Page(records, value.cursor, value.told)

    async def refused(self, operation, fetch, error, context):
        return RemoteError(f"unified: {error.message}", status=error.status)


async def test_unified_resources_are_asked_for_through_their_mapping(asking):
    mapper = Upper()
    asked = asking(CONTACTS, models=mapper)
    pages = await asked.all("crm/contacts", query={"limit": 10})
    assert [len(page) for page in pages] == [10, 5]
    assert pages[0][0] == {"NAME": "CONTACT 10"}
    assert mapper.responses == [200, 200, 200]


async def test_a_refusal_of_a_unified_resource_is_told_by_its_mapping(asking):
    with pytest.raises(RemoteError, match="unified: no contact c_99"):
        await asking(CONTACTS, models=Upper()).page("get", "crm/contacts", id="c_99")


async def test_unified_resources_that_there_are_not_are_404s(asking):
    asked = asking(CONTACTS, models=Upper())
    with pytest.raises(NoSuchRoute, match="no method 'merge'; there are: create, get, list"):
        asked.resolve("merge", "/acc/crm/contacts")
    with pytest.raises(NoSuchRoute, match="no unified resource 'crm/deals'"):
        asked.resolve("list", "/acc/crm/deals")


async def test_a_unified_write_is_refused_in_a_sandbox(asking, api):
    asked = asking(CONTACTS, models=Upper(), account={"is_sandbox": True})
    with pytest.raises(RequestError, match="sandbox"):
        await asked.page("create", "crm/contacts", body={})
    assert api.seen == []


# -- for the life of the process -----------------------------------------------------------------------------------


async def test_connections_are_used_again_and_a_changed_declaration_is_taken_up(asking, api):
    asked = asking(CONTACTS)
    await asked.value("list", "contacts")
    resolved, _ = asked.resolve("list", "/acc/contacts")
    changed = {**CONTACTS, "more": {"list": {"path": "/cursor/more", "response_path": "data.items"}}}
    api.held = asyncio.Event()
    under_way = asyncio.create_task(asked.value("list", "contacts"))
    await come_to(lambda: api.under_way)
    told = {"name": "acme", "base_url": api.url, "credentials": {"format": "none"}, "resources": changed}
    asked.declarations["acme"] = msgspec.convert({**told, "manners": {"concurrency": 3}}, Declaration)
    more = asyncio.create_task(asked.value("list", "more"))
    await come_to(lambda: api.under_way >= 2)
    api.held.set()
    assert len(await under_way) == len(await more) == 10
    assert asked.resolve("list", "/acc/contacts")[0].declaration is not resolved.declaration


async def test_of_many_integrations_those_are_kept_ready_that_were_asked_last(asking, api, monkeypatch):
    monkeypatch.setattr("fanfold.integrations.target.MAX_REMEMBERED", 3)
    asked = asking(CONTACTS)
    for number in range(8):
        name = f"acme{number}"
        asked.declarations[name] = replace(asked.declarations["acme"], name=name)
        asked.accounts.save(replace(asked.account, id=name, integration=name))
        for account in ("acc", name):
            page = (await asked.answer("get", "contacts", account=account, id="c_1")).page
            assert page.value["name"] == "Contact 1"
    assert list(asked.target._senders) == ["acme6", "acme", "acme7"]
    assert len(asked.target._compiled) <= 3
