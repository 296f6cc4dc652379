"""What entries are run for, in which order their records stand, and what follows from what goes wrong."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfold.entries import Caps, Page
from fanfold.errors import RequestError, WrongRecipe
from tests.engine.fetching.apis import Api, entry, fetch, spool, told, transform

CONTACTS = [{"id": number, "company": f"c{number % 2}"} for number in range(5)]


def refused(status=500, message="no"):
    return RequestError(message, status=status)


async def test_a_list_is_followed_to_its_end():
    api = Api(contacts=CONTACTS)
    (contacts,) = await fetch(api, entry("contacts", persist=True, query={"limit": 2}))
    assert contacts.value == CONTACTS
    assert contacts.calls == 3
    assert contacts.records == 5
    assert [asked.cursor for asked in api.asked("contacts")] == ["", "2", "4"]


async def test_what_is_not_persisted_does_not_stand_in_the_result():
    (contacts,) = await fetch(Api(contacts=CONTACTS), entry("contacts"))
    assert contacts.value is None
    assert contacts.records == 5


async def test_a_unified_resource_always_does():
    (contacts,) = await fetch(Api({"crm/contacts": CONTACTS}), entry("crm/contacts"))
    assert contacts.value == CONTACTS


async def test_methods_for_one_record_give_an_array_of_one():
    api = Api(users=lambda asked: {"id": asked.id}, things=lambda _: [1, 2], nothing=lambda _: None)
    one, several, none = await fetch(
        api,
        entry("users", "get", id="u1", persist=True),
        entry("things", "search", persist=True),
        entry("nothing", "delete", id="x", persist=True),
    )
    assert (one.value, several.value, none.value) == ([{"id": "u1"}], [1, 2], [])


async def test_a_child_that_mentions_its_parent_is_run_for_each_record():
    api = Api({"crm/contacts": CONTACTS, "crm/notes": lambda asked: [{"of": asked.query["contact"]}]})
    _, notes = await fetch(
        api,
        entry("crm/contacts"),
        entry("crm/notes", depends_on="crm/contacts", query={"contact": "{{resources.crm.contacts.id:int}}"}),
    )
    assert notes.value == [{"of": number} for number in range(5)]
    assert notes.calls == 5


async def test_resources_may_be_spelt_with_their_slash():
    api = Api({"crm/contacts": CONTACTS[:1], "notes": lambda asked: [asked.query["contact"]]})
    _, notes = await fetch(
        api,
        entry("crm/contacts"),
        entry("notes", depends_on="crm/contacts", query={"contact": "{{resources.crm/contacts.id}}"}, persist=True),
    )
    assert notes.value == ["0"]


async def test_a_child_that_does_not_mention_its_parent_runs_once_after_it():
    api = Api({"crm/contacts": CONTACTS, "crm/companies": [{"id": "c0"}]})
    _, companies = await fetch(api, entry("crm/contacts"), entry("crm/companies", depends_on="crm/contacts"))
    assert companies.value == [{"id": "c0"}]
    assert [name for _, name, _ in api.calls] == ["crm/contacts"] * 3 + ["crm/companies"]


async def test_a_child_that_only_waits_runs_though_its_parent_has_no_records():
    _, companies = await fetch(Api(a=[], b=[1]), entry("a"), entry("b", depends_on="a", persist=True))
    assert companies.value == [1]


async def test_no_records_no_runs():
    api = Api(a=[], b=[1])
    _, child = await fetch(api, entry("a"), entry("b", depends_on="a", id="{{resources.a.id}}", persist=True))
    assert child.value == []
    assert child.mishaps == ()
    assert api.asked("b") == []


async def test_a_mention_is_a_dependency():
    api = Api(a=[{"id": 1}, {"id": 2}], b=lambda asked: [asked.query["of"]])
    child, _ = await fetch(api, entry("b", query={"of": "{{resources.a.id}}"}, persist=True), entry("a"))
    assert child.value == ["1", "2"]


async def test_entries_of_one_resource_are_all_meant():
    api = Api(a=lambda asked: [{"id": asked.query["n"]}], b=lambda asked: [asked.query["of"]])
    *_, child = await fetch(
        api,
        entry("a", query={"n": 1}),
        entry("a", query={"n": 2}),
        entry("b", depends_on="a", query={"of": "{{resources.a.id:int}}"}, persist=True),
    )
    assert sorted(child.value) == [1, 2]


async def test_a_name_goes_before_a_resource():
    api = Api(a=lambda asked: [{"id": asked.query["n"]}], b=lambda asked: [asked.query["of"]])
    *_, child = await fetch(
        api,
        entry("a", name="first", query={"n": 1}),
        entry("a", name="second", query={"n": 2}),
        entry("b", depends_on="second", query={"of": "{{resources.a.id:int}}"}, persist=True),
    )
    assert child.value == [2]


async def test_the_whole_chain_of_ancestors_is_bound():
    api = Api(a=[{"id": 1}, {"id": 2}], b=lambda asked: [{"id": f"{asked.query['a']}-{n}"} for n in range(2)])
    api.resources["c"] = lambda asked: [asked.query]
    *_, last = await fetch(
        api,
        entry("a"),
        entry("b", depends_on="a", query={"a": "{{resources.a.id}}"}),
        entry("c", depends_on="b", query={"a": "{{resources.a.id}}", "b": "{{resources.b.id}}"}, persist=True),
    )
    assert last.value == [{"a": a, "b": f"{a}-{n}"} for a in "12" for n in range(2)]


async def test_several_parents_that_are_mentioned_are_crossed_in_their_order():
    api = Api(a=[{"id": 1}, {"id": 2}], b=[{"id": 3}, {"id": 4}], c=lambda asked: [asked.query["of"]])
    *_, last = await fetch(
        api,
        entry("a"),
        entry("b"),
        entry("c", depends_on=("b", "a"), query={"of": "{{resources.a.id}}{{resources.b.id}}"}, persist=True),
    )
    assert last.value == ["13", "23", "14", "24"]


async def test_order_does_not_depend_on_time():
    async def wait(asked):
        for _ in range(20 - 4 * int(asked.query["of"])):
            await asyncio.sleep(0)

    api = Api(a=[{"id": number} for number in range(5)], b=lambda asked: [f"{asked.query['of']}{n}" for n in range(3)])
    api.waits["b"] = wait
    _, child = await fetch(api, entry("a"), entry("b", query={"of": "{{resources.a.id}}"}, persist=True))
    assert child.value == [f"{a}{n}" for a in range(5) for n in range(3)]


# -- loops -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["user_ids", "args.user_ids", "{{args.user_ids}}", "{{ args.user_ids:json }}"])
async def test_a_loop_runs_once_for_each_element(written):
    api = Api(users=lambda asked: {"id": asked.id})
    (users,) = await fetch(
        api,
        entry("users", "get", id="{{args.user_ids}}", loop_on=written, persist=True),
        args={"user_ids": ["u1", "u2"]},
    )
    assert users.value == [{"id": "u1"}, {"id": "u2"}]


@pytest.mark.parametrize(("value", "runs"), [([], 0), (None, 0), ("one", 1), ({"a": 1}, 1), ([1, 2], 2)])
async def test_what_is_no_array_is_one_element(value, runs):
    (users,) = await fetch(Api(users=lambda _: [1]), entry("users", loop_on="them"), args={"them": value})
    assert users.records == runs


async def test_a_loop_on_nothing_is_an_error_of_that_entry():
    users, other = await fetch(
        Api(users=[1], other=[2]), entry("users", loop_on="missing"), entry("other", persist=True)
    )
    assert told(users) == [(0, 400)]
    assert "missing" in users.mishaps[0].error.message
    assert other.value == [2]


async def test_a_loop_is_within_each_parent_record():
    api = Api(a=[{"id": 1}, {"id": 2}], b=lambda asked: [asked.query["of"]])
    _, child = await fetch(
        api,
        entry("a"),
        entry("b", query={"of": "{{resources.a.id}}{{args.x}}"}, loop_on="x", persist=True),
        args={"x": ["p", "q"]},
    )
    assert child.value == ["1p", "1q", "2p", "2q"]


async def test_a_loop_on_the_parent_itself_adds_none():
    api = Api(a=[{"id": 1}, {"id": 2}], b=lambda asked: [asked.query["of"]])
    _, child = await fetch(
        api,
        entry("a"),
        entry("b", depends_on="a", query={"of": "{{resources.a.id}}"}, loop_on="resources.a", persist=True),
    )
    assert child.value == ["1", "2"]


async def test_a_loop_over_a_field_of_the_parent():
    api = Api(a=[{"tags": ["x", "y"]}, {"tags": []}], b=lambda asked: [asked.query["of"]])
    _, child = await fetch(
        api, entry("a"), entry("b", query={"of": "{{resources.a.tags}}"}, loop_on="resources.a.tags", persist=True)
    )
    assert child.value == ["x", "y"]


# -- spools and transforms -------------------------------------------------------------------------------------------


def ids(path):
    return lambda scope: [record["id"] for record in scope["resources"][path]]


async def test_a_transform_of_a_request_is_given_a_page_at_a_time():
    pages = []

    def seen(scope):
        pages.append(scope["resources"]["a"])
        return len(scope["resources"]["a"])

    _, sizes = await fetch(
        Api(a=CONTACTS), entry("a"), transform("sizes", "seen", "a", persist=True), functions={"seen": seen}
    )
    assert sizes.value == [2, 2, 1]
    assert sizes.bare is False
    assert sorted(map(len, pages)) == [1, 2, 2]


async def test_a_transform_of_a_spool_is_given_all_at_once_and_gives_its_value():
    a, gathered, last = await fetch(
        Api(a=CONTACTS),
        entry("a", name="all"),
        spool("gathered", "all"),
        transform("last", "ids", "gathered", persist=True),
        functions={"ids": ids("a")},
    )
    assert last.value == [0, 1, 2, 3, 4]
    assert last.bare is True
    assert gathered.value is None
    assert a.value is None


async def test_a_spool_is_found_under_its_own_name_too():
    *_, last = await fetch(
        Api(a=CONTACTS),
        entry("a"),
        spool("gathered", "a", persist=True),
        transform("last", "ids", "gathered", persist=True),
        functions={"ids": ids("gathered")},
    )
    assert last.value == [0, 1, 2, 3, 4]


async def test_an_array_of_a_transform_is_joined_over_pages_and_nothing_is_dropped_silently():
    _, names = await fetch(
        Api(a=CONTACTS),
        entry("a"),
        transform("names", "odd", "a", persist=True),
        functions={"odd": lambda scope: [r["id"] for r in scope["resources"]["a"] if r["id"] % 2] or None},
    )
    assert names.value == [1, 3]


async def test_a_transform_that_fails_is_an_error_under_its_own_name():
    def fail(_):
        raise RequestError("It cannot be", status=422)

    _, bad, dependent = await fetch(
        Api(a=[1]),
        entry("a"),
        transform("bad", "fail", "a", persist=True),
        transform("dependent", "fail", "bad"),
        functions={"fail": fail},
    )
    assert told(bad) == [(0, 422)]
    assert bad.value == []
    assert told(dependent) == [(0, 424)]
    assert dependent.mishaps[0].details == {"skipped": True, "parent": "bad", "parent_index": 0}


async def test_a_transform_without_a_parent_runs_once():
    (made,) = await fetch(
        Api(), transform("made", "f", persist=True), args={"n": 2}, functions={"f": lambda scope: scope["args"]["n"]}
    )
    assert made.value == 2
    assert made.bare


async def test_a_request_takes_what_a_transform_gave_one_by_one_where_it_looks_into_it():
    api = Api(a=CONTACTS, b=lambda asked: [asked.query["of"]])
    *_, last = await fetch(
        api,
        entry("a"),
        spool("all", "a"),
        transform("some", "f", "all"),
        entry("b", depends_on="some", query={"of": "{{resources.some.id:int}}"}, persist=True),
        functions={"f": lambda scope: scope["resources"]["a"][:2]},
    )
    assert last.value == [0, 1]


async def test_a_request_takes_a_spool_whole_where_it_wants_all_of_it():
    api = Api(a=CONTACTS, b=lambda asked: [asked.body])
    *_, last = await fetch(
        api,
        entry("a"),
        spool("all", "a"),
        entry("b", "search", depends_on="all", body={"all": "{{resources.a:json}}"}, persist=True),
    )
    assert last.value == [{"all": CONTACTS}]


async def test_a_spool_gathers_the_runs_of_a_fan_out_in_order():
    api = Api(a=[{"id": 1}, {"id": 2}], b=lambda asked: [{"id": f"{asked.query['of']}{n}"} for n in range(3)])
    *_, last = await fetch(
        api,
        entry("a"),
        entry("b", query={"of": "{{resources.a.id}}"}),
        spool("all", "b"),
        transform("ids", "ids", "all", persist=True),
        functions={"ids": ids("b")},
    )
    assert last.value == ["10", "11", "12", "20", "21", "22"]


async def test_a_transform_of_several_is_given_all_of_each():
    *_, both = await fetch(
        Api(a=CONTACTS, b=[{"id": "x"}]),
        entry("a"),
        entry("b"),
        transform("both", "f", ("a", "b"), persist=True),
        functions={"f": lambda scope: ids("a")(scope) + ids("b")(scope)},
    )
    assert both.value == [0, 1, 2, 3, 4, "x"]
    assert both.bare


async def test_what_crossed_parents_were_run_for_is_bound_too():
    api = Api(a=[{"id": 1}, {"id": 2}], b=lambda asked: [{"id": f"b{asked.query['a']}"}], c=[{"id": "c"}])
    api.resources["d"] = lambda asked: [asked.query["of"]]
    *_, last = await fetch(
        api,
        entry("a"),
        entry("b", query={"a": "{{resources.a.id}}"}),
        entry("c"),
        entry(
            "d",
            depends_on=("c", "b"),
            query={"of": "{{resources.c.id}}{{resources.b.id}}{{resources.a.id}}"},
            persist=True,
        ),
    )
    assert last.value == ["cb11", "cb22"]


async def test_a_loop_finds_resources_that_are_spelt_with_their_slash():
    api = Api({"crm/contacts": [{"tags": ["x", "y"]}], "b": lambda asked: [asked.query["of"]]})
    _, child = await fetch(
        api,
        entry("crm/contacts"),
        entry(
            "b", query={"of": "{{resources.crm.contacts.tags}}"}, loop_on="resources.crm/contacts.tags", persist=True
        ),
    )
    assert child.value == ["x", "y"]


async def test_a_group_whose_values_cannot_be_had_is_an_error():
    api = Api(b=[1])
    (b,) = await fetch(api, entry("b", group={"of": "{{args.none}}", "size": 10}, query={"ids": "{{group}}"}))
    assert told(b) == [(0, 400)]
    assert api.calls == []


# -- recursion -------------------------------------------------------------------------------------------------------

TREE = {"root": ["a", "b"], "a": ["a1", "a2"], "a1": ["a11"], "b": []}
BLOCKS = {
    name: [{"id": child, "has_children": bool(TREE.get(child))} for child in children]
    for name, children in TREE.items()
}
RECURSE = {
    "if": "{{resources.blocks.has_children:bool}}",
    "config": {"query": {"block": "{{resources.blocks.id}}"}},
}


async def test_a_recursion_goes_on_for_each_record_that_asks_for_it():
    api = Api(blocks=lambda asked: BLOCKS[asked.query["block"]])
    (blocks,) = await fetch(
        api,
        entry("blocks", query={"block": "{{args.page}}", "size": 2}, recurse=RECURSE, persist=True),
        args={"page": "root"},
    )
    assert [block["id"] for block in blocks.value] == ["a", "b", "a1", "a2", "a11"]
    assert [asked.query for asked in api.asked("blocks")][1] == {"block": "a", "size": 2}


async def test_a_recursion_needs_exactly_true():
    api = Api(blocks=lambda _: [{"id": 1}, {"id": 2, "has_children": "yes"}, {"id": 3, "has_children": 1}], page_size=9)
    (blocks,) = await fetch(api, entry("blocks", query={"block": 1}, recurse=RECURSE))
    assert blocks.calls == 1


async def test_a_recursion_without_end_is_cut_and_told_of():
    numbers = itertools.count()
    api = Api(blocks=lambda _: [{"id": next(numbers), "has_children": True}])
    blocks, child = await fetch(
        api,
        entry("blocks", query={"block": 1}, recurse=RECURSE, persist=True),
        entry("child", "get", id="{{resources.blocks.id}}") | {"resource": "blocks", "name": "x"},
        caps=Caps(depth=3),
    )
    del child
    assert len(blocks.value) == 4
    (mishap,) = blocks.mishaps
    assert mishap.error.status == 422
    assert mishap.error.extra["details"] == {"limit": "recursion_depth", "value": 3, "truncated": True}


async def test_a_page_comes_before_what_it_recurs_into_and_that_before_the_next_page():
    tree = {"root": ["a", "b", "c"], "a": ["a1"], "c": ["c1"]}

    def blocks(asked):
        return [{"id": name, "has_children": name in tree} for name in tree[asked.query["block"]]]

    (found,) = await fetch(Api(blocks=blocks), entry("blocks", query={"block": "root"}, recurse=RECURSE, persist=True))
    assert [block["id"] for block in found.value] == ["a", "b", "a1", "c", "c1"]


# -- what goes wrong -------------------------------------------------------------------------------------------------


async def test_an_unresolved_id_is_an_error_and_never_a_call():
    api = Api(users=lambda _: {})
    (users,) = await fetch(api, entry("users", "get", id="{{args.missing}}", persist=True))
    assert told(users) == [(0, 400)]
    assert "args.missing" in users.mishaps[0].error.message
    assert api.calls == []


@pytest.mark.parametrize("value", [None, "", {}, []])
async def test_what_is_no_id_is_never_sent(value):
    api = Api(users=lambda _: {})
    (users,) = await fetch(api, entry("users", "get", id="{{args.it:any}}"), args={"it": value})
    assert told(users) == [(0, 400)]
    assert api.calls == []


async def test_an_unresolved_value_of_a_query_stays_as_it_is():
    api = Api(users=lambda asked: [asked.query])
    (users,) = await fetch(api, entry("users", query={"q": "{{args.missing}}"}, persist=True))
    assert users.value == [{"q": "{{args.missing}}"}]


async def test_an_unknown_resource_is_an_error_of_its_entry_and_of_those_that_need_it():
    unknown, child, other = await fetch(
        Api(b=[1]), entry("a"), entry("b", query={"x": "{{resources.a.id}}"}), entry("b", name="other", persist=True)
    )
    assert told(unknown) == [(0, 404)]
    assert told(child) == [(0, 424)]
    assert other.value == [1]


async def test_the_children_of_a_run_that_failed_are_skipped_and_those_of_the_others_run():
    def notes(asked):
        return refused(503) if asked.query["of"] == "1" else [{"id": f"n{asked.query['of']}"}]

    api = Api(a=[{"id": number} for number in range(3)], notes=notes, files=lambda asked: [asked.id])
    _, notes_, files = await fetch(
        api,
        entry("a"),
        entry("notes", query={"of": "{{resources.a.id}}"}, persist=True),
        entry("files", id="{{resources.notes.id}}", persist=True),
    )
    assert [note["id"] for note in notes_.value] == ["n0", "n2"]
    assert told(notes_) == [(1, 503)]
    assert notes_.mishaps[0].parent == 1
    assert files.value == ["n0", "n2"]
    assert told(files) == [(1, 424)]
    assert files.mishaps[0].details == {"skipped": True, "parent": "notes", "parent_index": 1}


async def test_a_failure_goes_all_the_way_down_and_each_names_its_own_parent():
    _, child, grandchild = await fetch(
        Api(a=lambda _: refused(), b=[1], c=[1]),
        entry("a"),
        entry("b", query={"of": "{{resources.a.id}}"}),
        entry("c", query={"of": "{{resources.b.id}}"}),
    )
    assert child.mishaps[0].error.message == "Skipped: parent 'a' failed"
    assert grandchild.mishaps[0].details["parent"] == "b"


async def test_a_list_that_fails_in_the_middle_keeps_what_it_has_and_feeds_nobody():
    def pages(asked):
        return refused(502) if asked.cursor else Page([{"id": 1}], "next")

    api = Api(a=pages, b=[2])
    a, b = await fetch(api, entry("a", persist=True), entry("b", id="{{resources.a.id}}", persist=True))
    assert a.value == [{"id": 1}]
    assert (told(a), a.mishaps[0].page) == ([(0, 502)], 2)
    assert (b.value, told(b)) == ([], [(0, 424)])
    assert api.asked("b") == []


async def test_who_only_waits_runs_unless_all_of_the_parent_failed():
    api = Api(a=lambda asked: refused() if asked.query["n"] == 1 else [1], b=[1])
    _, runs = await fetch(
        api,
        entry("a", query={"n": "{{args.ns:any}}"}, loop_on="ns"),
        entry("b", depends_on="a", persist=True),
        args={"ns": [0, 1]},
    )
    assert (runs.value, runs.mishaps) == ([1], ())
    _, skipped = await fetch(api, entry("a", query={"n": 1}), entry("b", depends_on="a", persist=True))
    assert told(skipped) == [(0, 424)]


async def test_a_spool_takes_what_went_well_and_is_skipped_if_nothing_did():
    api = Api(a=lambda asked: refused() if asked.query["n"] == 1 else [{"id": asked.query["n"]}])
    entries = (
        entry("a", query={"n": "{{args.ns:any}}"}, loop_on="ns"),
        spool("all", "a"),
        transform("ids", "ids", "all", persist=True),
    )
    *_, some = await fetch(api, *entries, args={"ns": [0, 1, 2]}, functions={"ids": ids("a")})
    assert (some.value, some.mishaps) == ([0, 2], ())
    *_, none = await fetch(api, *entries, args={"ns": [1]}, functions={"ids": ids("a")})
    assert told(none) == [(0, 424)]
    assert none.mishaps[0].details["parent"] == "all"


async def test_a_crash_is_the_error_of_its_run_alone(caplog):
    def crash(_):
        raise ZeroDivisionError

    a, b = await fetch(Api(a=crash, b=[1]), entry("a"), entry("b", persist=True))
    assert told(a) == [(0, 500)]
    assert b.value == [1]
    assert "crashed" in caplog.text


# -- caps ------------------------------------------------------------------------------------------------------------


async def test_calls_beyond_the_cap_are_not_made_and_each_entry_that_is_cut_says_so_once():
    api = Api(a=[{"id": number} for number in range(20)], b=lambda asked: [asked.id], page_size=20)
    _, b = await fetch(api, entry("a"), entry("b", "list", id="{{resources.a.id}}", persist=True), caps=Caps(calls=8))
    assert len(api.calls) == 8
    assert b.value == [str(number) for number in range(7)]
    (mishap,) = b.mishaps
    assert (mishap.error.status, mishap.error.extra["details"]) == (422, {"limit": "max_calls", "value": 8})


async def test_a_list_has_so_many_pages_and_what_it_had_feeds_its_children():
    api = Api(a=lambda asked: Page([{"id": asked.cursor}], f"{asked.cursor}x"), b=lambda asked: [asked.query["of"]])
    a, b = await fetch(
        api, entry("a", persist=True), entry("b", query={"of": "{{resources.a.id}}"}, persist=True), caps=Caps(pages=3)
    )
    assert len(a.value) == 3
    assert a.mishaps[0].error.extra["details"] == {"limit": "max_pages", "value": 3, "truncated": True}
    assert b.value == ["", "x", "xx"]


async def test_so_many_calls_are_under_way_at_once():
    api = Api(a=[{"id": number} for number in range(30)], b=lambda asked: [asked.id], page_size=30)
    await fetch(api, entry("a"), entry("b", id="{{resources.a.id}}"), caps=Caps(at_once=4))
    assert api.most == 4


async def test_records_that_are_held_are_bounded():
    api = Api(a=[{"id": number} for number in range(30)], page_size=10)
    (a,) = await fetch(api, entry("a", persist=True), caps=Caps(records=15))
    assert len(a.value) == 10
    assert a.mishaps[0].error.extra["details"] == {"limit": "max_records", "value": 15}


async def test_runs_that_need_no_call_are_bounded_too():
    api = Api(a=[{"id": 1}] * 50, b=lambda _: [1], page_size=50)
    _, b = await fetch(api, entry("a"), entry("b", id="{{resources.a.id}}"), caps=Caps(runs=20))
    assert b.mishaps[-1].error.extra["details"]["limit"] == "max_runs"


async def test_when_time_is_over_what_is_there_is_given_and_the_rest_is_504():
    forever = asyncio.Event()
    api = Api(a=[{"id": 1}], b=[1], c=[1])
    api.waits["b"] = lambda _: forever.wait()
    a, b, c = await fetch(
        api,
        entry("a", persist=True),
        entry("b", id="{{resources.a.id}}"),
        entry("c", id="{{resources.b.id}}"),
        caps=Caps(deadline=0.05),
    )
    assert a.value == [{"id": 1}]
    assert (told(b), told(c)) == ([(1, 504)], [(0, 504)]) or (told(b), told(c)) == ([(0, 504)], [(0, 504)])


# -- asked once ------------------------------------------------------------------------------------------------------


async def test_the_same_is_asked_once():
    api = Api(a=CONTACTS, companies=lambda asked: {"id": asked.id})
    _, companies = await fetch(api, entry("a"), entry("companies", "get", id="{{resources.a.company}}", persist=True))
    assert [company["id"] for company in companies.value] == ["c0", "c1", "c0", "c1", "c0"]
    assert companies.calls == 2


async def test_what_changes_something_is_never_shared():
    api = Api(a=CONTACTS, notes=lambda _: {"id": 1})
    _, notes = await fetch(api, entry("a"), entry("notes", "create", body={"of": "{{resources.a.company}}"}))
    assert notes.calls == 5


async def test_a_shared_fetch_that_fails_fails_for_all():
    api = Api(a=CONTACTS[:3], companies=lambda _: refused(502))
    _, companies = await fetch(api, entry("a"), entry("companies", "get", id="{{resources.a.company}}"))
    assert told(companies) == [(0, 502), (1, 502), (2, 502)]
    assert companies.calls == 2


# -- beyond ----------------------------------------------------------------------------------------------------------


async def test_run_if_decides_for_each_run():
    api = Api(a=CONTACTS, b=lambda asked: [asked.query["of"]])
    _, b = await fetch(
        api,
        entry("a"),
        entry("b", depends_on="a", run_if="even", query={"of": "{{resources.a.id:int}}"}, persist=True),
        functions={"even": lambda scope: scope["resources"]["a"]["id"] % 2 == 0},
    )
    assert (b.value, b.mishaps) == ([0, 2, 4], ())


async def test_a_query_may_be_an_expression():
    def query(scope):
        return {"n": scope["args"]["n"] + 1}

    api = Api(a=lambda asked: [asked.query])
    (a,) = await fetch(api, entry("a", query="query", persist=True), args={"n": 1}, functions={"query": query})
    assert a.value == [{"n": 2}]


async def test_a_query_that_gives_no_object_is_an_error():
    (a,) = await fetch(Api(a=[1]), entry("a", query="query"), functions={"query": lambda _: [1]})
    assert told(a) == [(0, 400)]


async def test_children_get_fields_of_their_parents():
    api = Api({"crm/contacts": CONTACTS[:2], "notes": lambda _: [{"text": "hi"}]})
    _, notes = await fetch(
        api,
        entry("crm/contacts"),
        entry(
            "notes",
            query={"of": "{{resources.crm.contacts.id}}"},
            include_from_parent=("id", "company"),
            persist=True,
        ),
    )
    assert notes.value == [{"text": "hi", "_contacts_id": n, "_contacts_company": f"c{n}"} for n in range(2)]


async def test_many_ids_go_in_one_call():
    api = Api(a=CONTACTS, b=lambda asked: [asked.query])
    _, b = await fetch(
        api,
        entry("a"),
        entry(
            "b",
            group={"of": "{{resources.a.id}}", "size": 2},
            query={"ids": "{{group}}", "all": "{{group:any}}"},
            persist=True,
        ),
    )
    assert b.value == [{"ids": "0,1", "all": [0, 1]}, {"ids": "2,3", "all": [2, 3]}, {"ids": "4", "all": [4]}]


async def test_a_group_takes_each_value_once_and_arrays_apart():
    api = Api(b=lambda asked: [asked.query["ids"]])
    (b,) = await fetch(
        api,
        entry("b", group={"of": "{{args.ids:any}}", "size": 10}, query={"ids": "{{group}}"}, persist=True),
        args={"ids": ["x", "y", "x"]},
    )
    assert b.value == ["x,y"]


async def test_an_error_that_is_ignored_is_not_told_and_skips_nobody():
    a, b, c = await fetch(
        Api(a=lambda _: refused(), b=[1], c=[1]),
        entry("a", on_error="ignore"),
        entry("b", query={"of": "{{resources.a.id}}"}),
        entry("c", depends_on="a", persist=True),
    )
    assert (a.mishaps, b.mishaps, c.value) == ((), (), [1])


async def test_an_error_that_stops_begins_nothing_more():
    api = Api(a=lambda _: refused(), b=[1], c=[1])
    a, b, c = await fetch(
        api, entry("a", on_error="stop"), entry("b", depends_on="c", persist=True), entry("c", depends_on="a")
    )
    assert told(a) == [(0, 500)]
    assert {mishap.error.status for mishap in (*b.mishaps, *c.mishaps)} == {424}
    assert api.asked("b") == []


async def test_what_an_entry_wants_of_its_calls_goes_along():
    api = Api(a=[1])
    await fetch(api, entry("a", timeout=3.0, retry={"attempts": 5}, response_format="raw"))
    (asked,) = api.asked("a")
    assert (asked.timeout, asked.retry.attempts, asked.response_format) == (3.0, 5, "raw")


async def test_what_the_account_adds_can_be_named():
    api = Api(a=lambda asked: [asked.query["of"]])
    (a,) = await fetch(api, entry("a", query={"of": "{{subdomain}}"}, persist=True), context={"subdomain": "acme"})
    assert a.value == ["acme"]


# -- streaming -------------------------------------------------------------------------------------------------------


class Stream:
    def __init__(self, room=1000):
        self.lines = []
        self.results = {}
        self.room = room
        self.go_on = None

    def admitted(self, standing):
        pass

    def settled(self, place, result):
        self.results[place] = result

    def records(self, place, records):
        self.lines += [(place, record) for record in records]

    def full(self):
        return len(self.lines) >= self.room

    def when_room(self, go_on):
        self.go_on = go_on


async def test_records_are_told_of_as_they_come_and_not_held():
    stream = Stream()
    (a,) = await fetch(Api(a=CONTACTS), entry("a", persist=True), watch=stream)
    assert stream.lines == [(0, record) for record in CONTACTS]
    assert a.value is None
    assert a.records == 5
    assert stream.results[0].outcome is a


async def test_nothing_more_is_asked_for_while_nobody_takes_what_is_there():
    stream = Stream(room=2)
    api = Api(a=CONTACTS)
    task = asyncio.create_task(fetch(api, entry("a", persist=True), watch=stream))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(api.calls) == 1
    stream.room = 1000
    stream.go_on()
    (a,) = await task
    assert a.records == 5


# -- mistakes --------------------------------------------------------------------------------------------------------


async def test_all_mistakes_are_told_at_once_and_nothing_is_called():
    api = Api(a=[1])
    with pytest.raises(WrongRecipe) as wrong:
        await fetch(
            api,
            entry("a", depends_on="nobody"),
            entry("a", name="x"),
            entry("a", name="x", query={"q": "{{args.q:foo}}"}),
            transform("t", "no such"),
            entry("a", name="me", depends_on="me"),
        )
    assert [failure.path for failure in wrong.value.failures] == [
        "/resources/0/depends_on",
        "/resources/2/name",
        "/resources/2/query",
        "/resources/3/config/expression",
        "/resources/4/depends_on",
    ]
    assert api.calls == []


async def test_a_circle_is_a_mistake():
    with pytest.raises(WrongRecipe) as wrong:
        await fetch(
            Api(a=[], b=[], c=[]),
            entry("a", depends_on="b"),
            entry("b", query={"x": "{{resources.c.id}}"}),
            entry("c", depends_on="a"),
        )
    assert len(wrong.value.failures) == 3
    assert "circle" in wrong.value.failures[0].message


# -- whatever the shape ----------------------------------------------------------------------------------------------


@st.composite
def recipes(draw):
    """Any recipe over resources that give ``sizes`` records each, and the run of one that goes wrong."""
    names = [f"r{number}" for number in range(draw(st.integers(1, 6)))]
    sizes = {name: draw(st.integers(0, 3)) for name in names}
    broken = draw(st.sets(st.sampled_from(names), max_size=1))
    entries = []
    for place, name in enumerate(names):
        before = [one["name"] or one["resource"] for one in entries]
        parents = sorted(draw(st.sets(st.sampled_from(before), max_size=2))) if before else []
        kind = draw(st.sampled_from(["request", "request", "transform", "spool"])) if parents else "request"
        if kind == "spool":
            entries.append(spool(f"s{place}", parents[:1], persist=draw(st.booleans())))
        elif kind == "transform":
            entries.append(transform(f"t{place}", draw(st.sampled_from(["sum", "bad"])), parents, persist=True))
        else:
            mentioned = [parent for parent in parents if draw(st.booleans())]
            query = {parent: f"{{{{resources.{parent}.id}}}}" for parent in mentioned}
            more = draw(
                st.sampled_from(
                    [
                        {},
                        {"loop_on": "ns"},
                        {"recurse": {"if": f"{{{{resources.{name}.more}}}}", "config": {"query": {"deep": "1"}}}},
                        {"on_error": "ignore"},
                        {"on_error": "stop"},
                        {"run_if": "sometimes"},
                    ]
                )
            )
            entries.append(entry(name, depends_on=tuple(parents), query=query, name="", persist=True, **more))
    for one in entries:
        one["depends_on"] = tuple(one.get("depends_on", ()))
    return entries, sizes, broken


def _sum(scope):
    return {"id": repr(scope["resources"]).count("id")}


def _bad(_):
    raise RequestError("It cannot be", status=422)


FUNCTIONS = {"sum": _sum, "bad": _bad, "sometimes": lambda scope: repr(scope).count("1") % 2}


@settings(max_examples=150, deadline=None)
@given(recipes(), st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=7), min_size=2, max_size=2))
def test_whatever_the_graph_it_comes_to_an_end_and_does_not_depend_on_time(recipe, seeds):
    entries, sizes, broken = recipe
    stops = any(one.get("on_error") == "stop" for one in entries)

    def api(seed):
        made = Api({name: _numbered(name, sizes[name], broken) for name in sizes})
        pauses = itertools.cycle(seed)

        async def wait(_):
            for _ in range(next(pauses)):
                await asyncio.sleep(0)

        made.waits = dict.fromkeys(sizes, wait)
        return made

    one, other = (
        asyncio.run(fetch(api(seed), *entries, functions=FUNCTIONS, args={"ns": [0, 1]}, caps=Caps(depth=2)))
        for seed in seeds
    )
    assert not any(mishap.error.status == 504 for outcome in (*one, *other) for mishap in outcome.mishaps)
    if not stops:
        assert [outcome.value for outcome in one] == [outcome.value for outcome in other]
        assert list(map(told, one)) == list(map(told, other))


def _numbered(name, size, broken):
    def give(asked):
        mine = "+".join(str(value) for value in asked.query.values())
        if name in broken and mine.endswith("1"):
            return refused(503)
        return [
            {"id": f"{mine}/{number}" if mine else str(number), "more": str(number == 1).lower()}
            for number in range(size)
        ]

    return give
