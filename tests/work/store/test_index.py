"""What searches look at: brought up to date from the log, and the same words whatever database holds them."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fanfold.work import task_conditions as conditions
from fanfold.work.store import SqliteStore
from fanfold.work.words import all_words, beginning
from tests.databases import new_store_in
from tests.work.store.conftest import record


def bring_up_to_date(store):
    while True:
        store.begin_action()
        more = store.index_step()
        store.end_action()
        store.commit()
        if not more:
            return


def fill(store, *texts):
    """Tasks with these names and notes; their gids."""
    gids = []
    with store.transaction():
        for name, notes in texts:
            gid = store.new_gid()
            store.insert(record(gid, "task", name=name, notes=notes, created_at="2026", modified_at="2026"))
            store.add_event(7, gid, b"[]", ())
            gids.append(gid)
    bring_up_to_date(store)
    return gids


def ask(store, sql, *values):
    said = store.idiom.said(sql)
    return store.look(lambda cursor: [gid for gid, *_ in cursor.execute(said, values)])


def found(store, query):
    """The tasks whose words match, by all words and as a name's beginning."""
    match = store.idiom.match(all_words(query))
    whole = conditions.has_words(match)
    words = ask(store, f"SELECT gid FROM ({whole.source}) s ORDER BY gid", *whole.source_values)
    begun = beginning(query)
    sql = "SELECT {key task_names} FROM task_names WHERE {matches task_names} ORDER BY {key task_names}"
    return words, ask(store, sql, store.idiom.match(begun)) if begun else []


def test_an_index_that_nobody_asked_for_is_not_kept(store):
    store.begin_read()
    assert store.index_upto() is None
    assert store.index_backlog() == 0
    store.commit()
    fill(store, ("One", ""))
    store.begin_read()
    assert not store.index_is_behind()
    assert store.index_upto() == store.last_event()


def test_what_changes_is_found_as_it_is_now(store):
    first, second = fill(store, ("Write letters", "to nobody"), ("Read letters", ""))
    assert found(store, "letter") == ([first, second], [first, second])
    with store.transaction():
        store.rewrite(record(first, "task", name="Write books", created_at="2026", modified_at="2026"))
        store.add_event(7, first, b"[]", ())
        store.delete(second)
        store.add_event(7, second, b"[]", ())
    assert store.index_backlog() == 2
    bring_up_to_date(store)
    assert found(store, "letter") == ([], [])
    assert found(store, "write boo") == ([first], [first])


def test_what_happened_too_late_is_left_for_later(store):
    fill(store, ("One", ""))
    entry = b'["5","2026-01-02T00:00:00.000Z","task"]'
    with store.transaction():
        gid = store.new_gid()
        store.insert(record(gid, "task", name="Two", created_at="2026", modified_at="2026"))
        store.add_event(7, gid, entry, ())
    store.begin_action()
    assert not store.index_step("2026-01-01T00:00:00.000Z")
    store.end_action()
    store.commit()
    assert found(store, "two") == ([], [])
    store.begin_action()
    store.index_step("2026-01-03T00:00:00.000Z")
    store.end_action()
    store.commit()
    assert found(store, "two") == ([gid], [gid])


def test_values_of_every_sort_are_searched_for(store):
    long = "x" * 5000
    values = {
        "1": 5,
        "2": 1.5,
        "3": "Text",
        "4": {"date": "2026-01-02"},
        "5": ["no"],
        "6": long,
        "7": 10**30,
        "8": None,
    }
    with store.transaction():
        gid = store.new_gid()
        store.insert(record(gid, "task", created_at="2026", modified_at="2026", custom_fields=values))
    bring_up_to_date(store)

    def has(field, where="", *values):
        condition = conditions.has_value(field, where, *values)
        return ask(store, condition.source, *condition.source_values) == [gid]

    assert has(1, "{number v} = ?", 5.0)
    assert has(2, "{number v} > ?", 1.4)
    assert not has(2, "{number v} < ?", 1.5)
    assert has(3, "{short v} = ?", "Text")
    assert has(3, "{long v} {like}", "t%X_")
    assert not has(3, "{short v} = ?", "text")
    assert has(4, "{short v} > ?", "2026-01-01")
    assert has(6, "{long v} = ?", long)
    assert not has(6, "{short v} = ?", "x" * 127)
    assert has(7, "{number v} > ?", 1e29)
    assert all(has(field) for field in range(1, 9))
    assert not has(9)


TEXT = st.text(st.sampled_from("aAbBÄäéÉßẞñ日本한글İıΣσςДд0²½ \t-_.'\"\\:*&|!()<>é\u0301𝐀🎉"), max_size=12)


@pytest.fixture(scope="module")
def both():
    stores = SqliteStore(), new_store_in("postgres")
    yield stores
    for store in stores:
        store.close()


@pytest.mark.services
@settings(max_examples=150)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4), st.lists(TEXT, min_size=1, max_size=4))
@example([("it's \\ 'quoted'", "a:b & c | !d")], ["it's", "\\", "a:b", "!d", "quo"])
@example([("x" * 3000, "y " * 5000)], ["x" * 900, "y", "yy"])
@example([("Ünïcödé café", "CAFÉ")], ["unicode", "cafe\u0301", "Cafe", "ÜNI"])
def test_the_same_words_are_found_in_either_database(both, texts, queries):
    answers = []
    for store in both:
        gids = fill(store, *texts)
        places = {gid: place for place, gid in enumerate(gids)}
        answers.append(
            [[[places[gid] for gid in part if gid in places] for part in found(store, query)] for query in queries]
        )
    assert answers[0] == answers[1]


@pytest.mark.services
def test_the_best_match_is_the_same_in_either_database(both):
    texts = [("Plan", "some words about this and that and a garden " * 3), ("Garden garden", "garden"), ("Other", "x")]
    orders = []
    for store in both:
        gids = fill(store, *texts)
        match = store.idiom.match(all_words("garden"))
        order = ask(store, "SELECT gid FROM ({scored words}) s ORDER BY score, gid", match)
        orders.append([gids.index(gid) for gid in order if gid in gids])
    assert orders == [[1, 0], [1, 0]]
