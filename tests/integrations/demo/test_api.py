import asyncio
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from fanfold.integrations.demo import DemoApi
from fanfold.integrations.demo.blocks import PAGES
from fanfold.integrations.demo.contacts import MAX_ACCOUNTS, MAX_CHANGED

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def api():
    return DemoApi(lambda: NOON)


def ask(api, method, target, body=None, account="acc"):
    """Status and decoded body."""
    sent = body if isinstance(body, bytes) else b"" if body is None else json.encode(body)
    answer = api.answer(method, f"fanfold://demo{target}", sent, account)
    return answer.status, json.decode(answer.body)


def whole(api, target, size=100):
    """What a list holds, page after page, and how many pages that were."""
    found, cursor, pages = [], "", 0
    mark = "&" if "?" in target else "?"
    while True:
        status, page = ask(api, "GET", f"{target}{mark}page_size={size}{cursor}")
        assert status == 200, page
        assert page["object"] == "list"
        assert page["has_more"] == (page["next_cursor"] is not None)
        found, pages = found + page["results"], pages + 1
        if not page["has_more"]:
            return found, pages
        cursor = f"&start_cursor={page['next_cursor']}"


def tree(api, parent):
    """All blocks below a page or block, each before those below it."""
    found = []
    for block in whole(api, f"/blocks/{parent}/children")[0]:
        found.append(block)
        if block["has_children"]:
            found += tree(api, block["id"])
    return found


# -- pages and blocks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_as_many_blocks_as_its_name_says(api, name):
    blocks = tree(api, name)
    assert len(blocks) == int(name.removeprefix("page-"))
    assert len({block["id"] for block in blocks}) == len(blocks)
    ids = {block["id"]: block for block in blocks}
    for block in blocks:
        assert ask(api, "GET", f"/blocks/{block['id']}") == (200, block)
        parent = block["parent"]
        if parent["type"] == "page_id":
            assert parent["page_id"] == name
        else:
            assert ids[parent["block_id"]]["has_children"]
        content = block[block["type"]]
        number = block["id"].rpartition("-")[2]
        assert content["rich_text"][0]["plain_text"] == f"Block {number} of {name}"


def test_blocks_of_long_pages_are_nested_and_of_several_types(api):
    blocks = tree(api, "page-5000")
    depths = {"page-5000": 0}
    for block in blocks:
        parent = block["parent"]
        depths[block["id"]] = depths[parent.get("page_id") or parent["block_id"]] + 1
    assert Counter(depths[block["id"]] for block in blocks) == {1: 4600, 2: 250, 3: 150}
    assert {block["type"] for block in blocks} == {"paragraph", "bulleted_list_item", "to_do", "quote"}
    assert sum(block["has_children"] for block in blocks) == 100


def test_small_pages_have_paragraphs_only(api):
    blocks = tree(api, "page-2")
    assert [(block["id"], block["type"], block["has_children"]) for block in blocks] == [
        ("block-2-1", "paragraph", False),
        ("block-2-2", "paragraph", False),
    ]
    assert ask(api, "GET", "/blocks/page-0/children")[1]["results"] == []
    assert ask(api, "GET", "/blocks/block-2-1/children")[1]["results"] == []


def test_a_list_comes_in_pages_of_at_most_a_hundred(api):
    status, page = ask(api, "GET", "/blocks/page-5000/children")
    assert (status, len(page["results"]), page["has_more"]) == (200, 100, True)
    assert whole(api, "/blocks/page-5000/children")[1] == 46


def test_data_is_the_same_each_time():
    targets = ["/contacts", "/companies", "/users", "/pages", "/pages/page-1", "/blocks/page-5000/children"]
    for target in targets:
        first, second = (DemoApi().answer("GET", target) for _ in range(2))
        assert first == second
        assert first.headers == (("content-type", "application/json; charset=utf-8"),)


# -- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "prefix", "many"), [("users", "u_", 25), ("companies", "co_", 40), ("contacts", "c_", 250)]
)
def test_each_kind_of_people_is_listed_and_found(api, kind, prefix, many):
    for size in (100, 7):
        found, pages = whole(api, f"/{kind}", size)
        assert [one["id"] for one in found] == [f"{prefix}{number}" for number in range(1, many + 1)]
        assert pages == -(-many // size)
    for one in found[:3]:
        assert ask(api, "GET", f"/{kind}/{one['id']}") == (200, one)


def test_names_and_addresses_are_told_apart(api):
    companies = whole(api, "/companies")[0]
    assert len({company["domain"] for company in companies}) == 40
    contacts = whole(api, "/contacts")[0]
    assert len({contact["email"] for contact in contacts}) == 250
    assert {contact["company_id"] for contact in contacts} == {company["id"] for company in companies}


def test_lists_can_be_narrowed(api):
    found = whole(api, "/contacts?company_id=co_4", 2)[0]
    assert {contact["company_id"] for contact in found} == {"co_4"}
    email = found[0]["email"]
    assert whole(api, f"/contacts?email={email}")[0] == [found[0]]
    assert [one["id"] for one in whole(api, "/companies?domain=ember-foods.example")[0]] == ["co_4"]
    assert whole(api, "/contacts?company_id=co_4000")[0] == []


def test_contacts_are_made_changed_and_deleted_for_one_account_only(api):
    status, made = ask(api, "POST", "/contacts", {"email": "noor@example.com", "first_name": "Noor"})
    assert (status, made["id"], made["last_name"]) == (200, "c_251", None)
    assert made["created_at"] == "2026-03-01T12:00:00.000Z"
    status, changed = ask(api, "PATCH", "/contacts/c_1", {"title": "Owner", "phone": None})
    assert (status, changed["title"], changed["phone"]) == (200, "Owner", None)
    assert ask(api, "DELETE", "/contacts/c_2") == (200, {"object": "contact", "id": "c_2", "deleted": True})
    ids = [contact["id"] for contact in whole(api, "/contacts")[0]]
    assert (len(ids), ids[:2], ids[-1]) == (250, ["c_1", "c_3"], "c_251")
    assert ask(api, "GET", "/contacts/c_1")[1] == changed
    assert ask(api, "GET", "/contacts/c_2")[0] == 404
    assert ask(api, "GET", "/contacts/c_251", account="other")[0] == 404
    assert ask(api, "GET", "/contacts/c_2", account="other")[0] == 200


def test_a_page_goes_on_where_it_was_though_its_first_record_is_deleted(api):
    page = ask(api, "GET", "/contacts?page_size=2")[1]
    ask(api, "DELETE", f"/contacts/{page['next_cursor']}")
    following = ask(api, "GET", f"/contacts?page_size=2&start_cursor={page['next_cursor']}")[1]
    assert [contact["id"] for contact in following["results"]] == ["c_4", "c_5"]


def test_what_an_account_can_change_is_bounded(api):
    for number in range(MAX_CHANGED):
        assert ask(api, "POST", "/contacts", {"email": f"a{number}@example.com"})[0] == 200
    for method, target, body in (
        ("POST", "/contacts", {"email": "b@example.com"}),
        ("PATCH", "/contacts/c_1", {}),
        ("DELETE", "/contacts/c_1", None),
    ):
        assert ask(api, method, target, body)[0] == 409
    assert ask(api, "PATCH", "/contacts/c_251", {"title": "Old"})[0] == 200


def test_of_too_many_accounts_those_are_forgotten_that_asked_least_lately(api):
    for account in ("first", "second"):
        ask(api, "DELETE", "/contacts/c_1", account=account)
    for number in range(MAX_ACCOUNTS - 2):
        ask(api, "GET", "/contacts/c_2", account=str(number))
    ask(api, "GET", "/contacts/c_2", account="first")
    ask(api, "GET", "/contacts/c_2", account="one more")
    assert ask(api, "GET", "/contacts/c_1", account="first")[0] == 404
    assert ask(api, "GET", "/contacts/c_1", account="second")[0] == 200


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/", None, 404),
        ("GET", "/nothing", None, 404),
        ("GET", "/contacts/c_999", None, 404),
        ("GET", "/contacts/c_01", None, 404),
        ("GET", "/contacts/c_²", None, 404),
        ("GET", "/contacts/x", None, 404),
        ("GET", "/users/u_26", None, 404),
        ("GET", "/companies/co_0", None, 404),
        ("GET", "/pages/page-3", None, 404),
        ("GET", "/blocks/block-2-3", None, 404),
        ("GET", "/blocks/block-2-0", None, 404),
        ("GET", "/blocks/page-2", None, 404),
        ("GET", "/blocks/nowhere/children", None, 404),
        ("GET", "/blocks/block-2-3/children", None, 404),
        ("GET", "/contacts/c_1/more", None, 404),
        ("GET", "/contacts?page_size=0", None, 400),
        ("GET", "/contacts?page_size=101", None, 400),
        ("GET", "/contacts?page_size=-1", None, 400),
        ("GET", "/contacts?page_size=1e1", None, 400),
        ("GET", "/contacts?page_size=99999999999999999999", None, 400),
        ("GET", "/contacts?start_cursor=x", None, 400),
        ("GET", "/contacts?start_cursor=c_0", None, 400),
        ("GET", "/pages?start_cursor=page-3", None, 400),
        ("GET", "/blocks/page-2/children?start_cursor=block-1-1", None, 400),
        ("GET", "/blocks/page-2/children?start_cursor=x", None, 400),
        ("GET", "/contacts?" + "a=1&" * 200, None, 400),
        ("GET", "/contacts?" + "a" * 9000, None, 414),
        ("POST", "/contacts", None, 400),
        ("POST", "/contacts", b"{", 400),
        ("POST", "/contacts", b"\xff", 400),
        ("POST", "/contacts", b"[" * 60000, 400),
        ("POST", "/contacts", b" " * 70000, 413),
        ("POST", "/contacts", [], 400),
        ("POST", "/contacts", {}, 400),
        ("POST", "/contacts", {"email": ""}, 400),
        ("POST", "/contacts", {"email": 7}, 400),
        ("POST", "/contacts", {"email": "a"}, 400),
        ("POST", "/contacts", {"email": "a@b@c"}, 400),
        ("POST", "/contacts", {"email": "a@b", "nickname": "x"}, 400),
        ("POST", "/contacts", {"email": "a@b", "title": "x" * 501}, 400),
        ("POST", "/contacts", {"email": "a@b", "company_id": "co_41"}, 400),
        ("POST", "/contacts", {"email": "a@b", "owner_id": "c_1"}, 400),
        ("PATCH", "/contacts/c_1", {"email": None}, 400),
        ("PATCH", "/contacts/c_999", {}, 404),
        ("DELETE", "/contacts/c_999", None, 404),
        ("PUT", "/contacts/c_1", {}, 405),
        ("DELETE", "/contacts", None, 405),
        ("POST", "/companies", {}, 405),
        ("DELETE", "/pages/page-1", None, 405),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(api, method, target, body, status):
    answered, told = ask(api, method, target, body)
    assert answered == status
    assert (told["object"], told["status"]) == ("error", status)
    assert told["code"].islower()
    assert told["message"]


@given(
    st.sampled_from(["GET", "POST", "PATCH", "DELETE", "HEAD"]),
    st.text(max_size=30),
    st.binary(max_size=30),
)
def test_nothing_that_is_asked_breaks_it(method, target, body):
    answer = DemoApi().answer(method, f"/{target}", body)
    assert answer.status < 500
    assert json.decode(answer.body)


def test_it_is_asked_like_any_api_in_this_process(api):
    request = SimpleNamespace(method="delete", url="fanfold://demo/contacts/c_7", headers={}, body=None)
    account = SimpleNamespace(id="acc")
    assert asyncio.run(api.ask(request, account, None)).status == 200
    assert ask(api, "GET", "/contacts/c_7")[0] == 404
