"""Every way of paging, against an API that pages so: nothing is lost, nothing comes twice, and it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import RequestError
from fanfold.expressions.jsonata import JsonataEvaluator
from fanfold.integrations.declaration import Pagination
from fanfold.integrations.pagination.choice import strategy_of
from fanfold.integrations.pagination.opaque import sealed
from fanfold.integrations.pagination.strategy import Draft, Received

EVALUATOR = JsonataEvaluator()
CURSOR = {"cursor_path": "paging.next", "cursor_key": "after", "limit_key": "limit"}
VALUES = "$count(body.items) > 0 ? {'query': {'offset': $sum([$number(query.offset), $count(body.items)])}}"

WAYS = {
    "page": ("/numbered/x", "", {"format": "page", "config": {"page_key": "page", "limit_key": "per_page"}}),
    "offset": ("/offset/x", "items", {"format": "offset", "config": {"offset_key": "offset", "limit_key": "limit"}}),
    "cursor": ("/cursor/x", "data.items", {"format": "cursor", "config": CURSOR}),
    "cursor with a flag": (
        "/cursor/x",
        "data.items",
        {"format": "cursor", "config": {**CURSOR, "has_next_path": "paging.more"}},
    ),
    "cursor as a link": (
        "/hypermedia/x",
        "items",
        {"format": "cursor", "config": {"cursor_path": "next", "is_link": True, "limit_key": "limit"}},
    ),
    "link header": ("/linked/x", "", {"format": "link_header", "config": {"limit_key": "limit"}}),
    "range": ("/ranged/x", "", {"format": "range", "config": {"range_unit": "items"}}),
    "dynamic": (
        "/offset/x",
        "items",
        {
            "format": "dynamic",
            "config": {
                "get_initial_pagination_values_expression": "{'query': {'offset': 0}}",
                "get_pagination_values_expression": VALUES,
            },
        },
    ),
    "dynamic by a cursor": (
        "/cursor/x",
        "data.items",
        {
            "format": "dynamic",
            "config": {
                "get_cursor_from_response_expression": "body.paging.next",
                "get_pagination_values_expression": "{'after': cursor}",
            },
        },
    ),
}


@pytest.fixture
def listing(asking):
    def made(way, verb="get"):
        path, records, paging = WAYS[way]
        told = {"path": path, "response_path": records, "pagination": paging, "method": verb}
        return asking({"it": {"list": told}})

    return made


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", [0, 1, 10, 25, 30])
async def test_all_records_come_once_and_in_order(listing, api, way, count):
    api.records = [{"id": f"c_{number}"} for number in range(count)]
    pages = await listing(way).all("it")
    assert [one["id"] for page in pages for one in page] == [f"c_{number}" for number in range(count)]


@pytest.mark.parametrize("way", [way for way in WAYS if "dynamic" not in way])
async def test_pages_are_as_large_as_is_asked_for_and_the_api_allows(listing, api, way):
    asked = listing(way)
    assert len((await asked.page("list", "it", query={"limit": 7})).value) == 7
    pages = await asked.all("it", query={"limit": "500"})
    assert sum(map(len, pages)) == 25
    assert len(pages[0]) == 10


@pytest.mark.parametrize("limit", [0, -1, "many", 1.5, True, None, [], 10**12, "9" * 50])
async def test_a_limit_that_is_no_number_of_records_is_refused(listing, api, limit):
    with pytest.raises(RequestError, match=r"query\.limit") as failed:
        await listing("cursor").page("list", "it", query={"limit": limit})
    assert (failed.value.status, api.seen) == (400, [])


@pytest.mark.parametrize("way", WAYS)
@given(
    text=st.text(max_size=40),
    kind=st.sampled_from("polcrdx"),
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
        max_leaves=5,
    ),
)
async def test_a_cursor_that_a_client_made_up_is_refused_or_stays_at_home(way, text, kind, value):
    strategy = strategy_of(Pagination(**WAYS[way][2]), (), EVALUATOR)
    statuses = set()
    for cursor in filter(None, (text, sealed(kind, value))):
        draft = Draft("GET", "https://api.example.com/v1/x", {}, {})
        try:
            await strategy.enter(draft, cursor, None)
        except RequestError as error:
            statuses.add(error.status)
        else:
            assert draft.url.startswith("https://api.example.com/")
            assert set(draft.headers) <= {"range"}
    assert statuses <= {400}


async def test_a_cursor_of_one_list_is_none_of_another_kind(listing):
    page = await listing("offset").page("list", "it")
    with pytest.raises(RequestError, match="next_cursor"):
        await listing("page").page("list", "it", cursor=page.cursor)


async def test_a_cursor_may_go_into_the_body(asking, api):
    paging = {"format": "cursor", "config": {**CURSOR, "add_to_body": True}}
    told = {"path": "/cursor/x", "method": "post", "response_path": "data.items", "pagination": paging}
    pages = await asking({"it": {"list": {**told, "body": {"filter": 1}}}}).all("it")
    assert sum(map(len, pages)) == 25
    assert [one.body for one in api.seen] == [
        b'{"filter":1}',
        b'{"filter":1,"after":"at-10"}',
        b'{"filter":1,"after":"at-20"}',
    ]


async def test_the_body_may_be_left_out_of_all_but_the_first_page(asking, api):
    paging = {"format": "cursor", "config": CURSOR}
    told = {"path": "/cursor/x", "method": "post", "response_path": "data.items", "pagination": paging}
    asked = asking({"it": {"list": {**told, "body": {"filter": 1}, "ignore_body_in_pagination": True}}})
    await asked.all("it")
    assert [one.body for one in api.seen] == [b'{"filter":1}', b"", b""]


async def test_a_short_page_is_the_last_where_the_most_is_known_and_else_it_is_not(asking, api):
    def asked(**more):
        paging = {"format": "offset", "config": {"offset_key": "offset", "limit_key": "limit", **more}}
        return asking({"it": {"list": {"path": "/offset/x", "response_path": "items", "pagination": paging}}})

    await asked(max_limit=10).all("it", query={"limit": 10})
    assert len(api.seen) == 3
    api.seen.clear()
    assert sum(map(len, await asked().all("it", query={"limit": 20}))) == 25
    assert len(api.seen) == 4


async def test_a_declared_size_larger_than_allowed_is_cut_to_the_most(asking, api):
    paging = {"format": "cursor", "config": {**CURSOR, "max_limit": 5, "limit_data_type": "string"}}
    asked = asking({"it": {"list": {"path": "/cursor/x", "response_path": "data.items", "pagination": paging}}})
    assert len((await asked.page("list", "it", query={"limit": 9})).value) == 5


async def test_paging_may_be_switched_off_for_one_method(asking, api):
    resources = {"it": {"list": {"path": "/cursor/x", "response_path": "data.items", "pagination": None}}}
    page = await asking(resources, pagination={"format": "cursor", "config": CURSOR}).page(
        "list", "it", query={"limit": 3}
    )
    assert (len(page.value), page.cursor) == (3, "")


async def beyond(paging, data=None, headers=None, url="https://api.example.com/v1/x"):
    strategy = strategy_of(Pagination(**paging), (), EVALUATOR)
    received = Received(200, headers or {}, data, 1, url)
    return await strategy.beyond(Draft("GET", url, {}, {}), "", received), await strategy.before(received)


async def test_cursors_may_stand_in_headers_and_below_a_path():
    told = {"cursor_path": "X-Next", "cursor_path_object": "header"}
    assert await beyond({"format": "cursor", "config": told}, headers={"x-next": "abc"}) == (sealed("c", "abc"), "")
    told = {"cursor_path": "next", "prev_cursor_path": "previous", "is_cursor_url_encoded": True}
    onward, back = await beyond({"format": "cursor", "config": told}, {"next": "a%3D", "previous": "b"})
    assert (onward, back) == (sealed("c", "a="), sealed("c", "b"))
    strategy = strategy_of(Pagination(format="cursor", config={"cursor_path": "next"}), (), EVALUATOR, "meta.paging")
    received = Received(200, {}, {"meta": {"paging": {"next": 5}}}, 1, "https://x.example")
    assert await strategy.beyond(Draft("GET", "", {}, {}), "", received) == sealed("c", 5)


@pytest.mark.parametrize("value", [None, "", False, 0, [], [None, 1]])
async def test_what_stands_for_no_cursor_is_the_end(value):
    assert (await beyond({"format": "cursor", "config": {"cursor_path": "next"}}, {"next": value}))[0] == ""


@pytest.mark.parametrize("value", [False, "false", "0", None, 0, "", "No"])
async def test_a_flag_that_says_no_is_the_end(value):
    told = {"cursor_path": "next", "has_next_path": "more"}
    assert (await beyond({"format": "cursor", "config": told}, {"next": "x", "more": value}))[0] == ""
