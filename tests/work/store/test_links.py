"""Records and how they hang together: read by gid, in lists, page by page, behind borders."""

import msgspec
import pytest

from fanfold.work import filters
from fanfold.work.store.links import GAP, BorderLostError
from tests.work.store.conftest import record

LIST = "project.tasks"


@pytest.fixture
def listed(store, add):
    """An owner with five in its list."""
    owner, *members = add(6)
    with store.transaction():
        for member in members:
            store.append(owner, LIST, member)
    return owner, members


def test_gids_ascend_and_are_never_given_twice(store, again):
    with store.transaction():
        first = [store.new_gid() for _ in range(100)]
    with again().transaction():
        pass
    other = again()
    with other.transaction():
        later = other.new_gid()
    with store.transaction():
        last = [store.new_gid() for _ in range(5)]
    assert first == sorted(set(first))
    assert first[0] == 1001
    assert len({*first, later, *last}) == 106
    assert last == sorted(last)


def test_the_gid_that_comes_next_can_be_looked_at(store):
    with store.transaction():
        for _ in range(10):
            assert store.peek_gid() == store.new_gid()


def test_a_record_is_what_was_written(store, add, again):
    gid, other = add(2, number=1.5, text="Grüße 🎉 \\u0000 %_'\"", nested={"b": [None, True], "a": {}})
    with store.transaction():
        store.rewrite(record(other, private=1, name="Newer"))
    seen = again()
    seen.begin_read()
    found = seen.records([gid, other, 99])
    assert sorted(found) == [gid, other]
    assert msgspec.json.decode(found[gid].document) == {
        "name": f"tag {gid}",
        "number": 1.5,
        "text": "Grüße 🎉 \\u0000 %_'\"",
        "nested": {"b": [None, True], "a": {}},
    }
    assert found[other]._replace(document=b"") == record(other, private=1, name="Newer")._replace(document=b"")
    assert msgspec.json.decode(seen.documents([other, 99])[other]) == {"name": "Newer"}
    assert seen.record(99) is None
    assert seen.compacts([gid, other])[other] == (7, 1, found[other].compact)
    assert seen.of_kind("tag") == [gid, other]


def test_what_an_action_undid_is_not_there(store, add):
    (kept,) = add()
    store.begin_action()
    vain = store.new_gid()
    store.insert(record(vain))
    store.undo_action()
    store.begin_action()
    store.rewrite(record(kept, name="Second"))
    store.end_action()
    store.commit()
    store.begin_read()
    assert store.record(vain) is None
    assert b"Second" in store.record(kept).document


def test_a_user_is_found_by_address_in_any_case(store, add):
    (ada,) = add(kind="user", workspace=0, email="Ada@Example.com")
    add(kind="tag", email="ada@example.com")
    long = f"{'x' * 5000}@example.com"
    (other,) = add(kind="user", workspace=0, email=long)
    (dotted,) = add(kind="user", workspace=0, email="İ@example.com")
    store.begin_read()
    assert store.user_by_email("ada@EXAMPLE.com") == ada
    assert store.user_by_email(long.upper()) == other
    assert store.user_by_email("İ@EXAMPLE.com") == dotted
    assert store.user_by_email("i̇@example.com") is None
    assert store.user_by_email("nobody@example.com") is None


def test_jobs_that_are_not_at_their_end_are_known(store, add):
    first, second = add(2, kind="job", status="in_progress", caller="token:1")
    add(kind="job", status="succeeded", caller="token:1")
    (third,) = add(kind="job", status="in_progress")
    store.begin_read()
    assert store.unfinished() == [first, second, third]
    assert (store.jobs_under_way("token:1"), store.jobs_under_way("token:2")) == (2, 0)
    store.commit()
    with store.transaction():
        store.rewrite(record(first, "job", status="failed", caller="token:1"))
    store.begin_read()
    assert store.unfinished() == [second, third]


def test_exports_whose_file_is_kept_are_found_by_age(store, add):
    (old,) = add(kind="graph_export", file="a", completed_at="2026-01-01", created_at="2025-12-31")
    (never_ended,) = add(kind="export_request", file="b", created_at="2026-01-02")
    add(kind="graph_export", completed_at="2026-01-01")
    add(kind="organization_export", file="c", completed_at="2026-02-01")
    add(kind="attachment", file="d", completed_at="2026-01-01")
    store.begin_read()
    assert sorted(store.old_exports("2026-01-15", 10)) == [old, never_ended]
    assert len(store.old_exports("2026-01-15", 1)) == 1


def test_links_are_read_from_both_ends(store, add):
    a, b, c = add(3)
    with store.transaction():
        store.append(a, LIST, c, note=5)
        store.append(a, LIST, b)
        store.append(b, "tags", c)
    store.begin_read()
    found = store.links([a, b, c], [LIST, "tags"], [LIST])
    shown = {key: [(link.gid, link.note) for link in links] for key, links in found.items()}
    assert shown == {
        (a, LIST): [(c, 5), (b, None)],
        (b, "tags"): [(c, None)],
        (b, f"<{LIST}"): [(a, None)],
        (c, f"<{LIST}"): [(a, 5)],
    }
    assert store.links([c], [], ["tags", LIST]).keys() == {(c, "<tags"), (c, f"<{LIST}")}
    assert store.links([], [LIST], []) == store.links([a], [], []) == {}
    assert store.owners(c, LIST) == [(a, 5)]
    assert store.notes([a, b], LIST) == {a: (5,), b: ()}
    assert (store.count(a, LIST), store.counts([a, b, c], LIST)) == (2, {a: 2})


def test_a_record_that_goes_takes_its_links_with_it(store, add):
    a, b, c = add(3)
    with store.transaction():
        store.append(a, LIST, b, note=9)
        store.append(b, "tags", c)
    with store.transaction():
        assert store.delete(b) == [(a, LIST, 9)]
    store.begin_read()
    assert store.record(b) is None
    assert store.targets(a, LIST) == store.owners(c, "tags") == []


def test_links_are_taken_away_once(store, listed):
    owner, members = listed
    with store.transaction():
        assert store.unlink(owner, LIST, members[2])
        assert not store.unlink(owner, LIST, members[2])
    store.begin_read()
    assert not store.linked(owner, LIST, members[2])
    assert store.targets(owner, LIST) == [*members[:2], *members[3:]]
    store.commit()
    with store.transaction():
        store.empty(owner, LIST)
    store.begin_read()
    assert store.targets(owner, LIST) == []
    assert (store.end(owner, LIST), store.start(owner, LIST), store.last(owner, LIST)) == (0, 0, None)


def test_members_can_be_put_anywhere(store, listed, add):
    owner, members = listed
    between, before, first = add(3)
    with store.transaction():
        store.link(owner, LIST, between, store.beside(owner, LIST, members[1], after=True))
        store.link(owner, LIST, before, store.beside(owner, LIST, members[1], after=False))
        store.link(owner, LIST, first, store.start(owner, LIST))
    store.begin_read()
    assert store.targets(owner, LIST) == [first, members[0], before, members[1], between, *members[2:]]
    assert store.last(owner, LIST) == members[-1]
    assert [gid for _, gid in store.places(owner, LIST)] == store.targets(owner, LIST)
    store.commit()
    with store.transaction(), pytest.raises(LookupError):
        store.beside(owner, LIST, 99, after=True)


def test_a_list_is_renumbered_where_there_is_no_room_left_and_its_readers_go_on(store, listed, add):
    owner, members = listed
    place = store.place(owner, LIST, members[1])
    border, lost = store.border(owner, LIST, members[1], place), store.border(owner, LIST, members[2], place)
    late = add(40)
    with store.transaction():
        for gid in late:
            store.link(owner, LIST, gid, store.beside(owner, LIST, members[1], after=True))
    with store.transaction():
        store.unlink(owner, LIST, members[2])
    store.begin_read()
    assert store.targets(owner, LIST) == [*members[:2], *reversed(late), *members[3:]]
    behind = store.stretch(owner, LIST, store.resume(owner, LIST, border), 100)
    assert [gid for _, gid, _ in behind] == [*reversed(late), *members[3:]]
    with pytest.raises(BorderLostError):
        store.resume(owner, LIST, lost)


def test_pages_go_on_behind_their_borders(store, listed):
    owner, members = listed
    store.begin_read()
    found, border = [], None
    while page := store.page_linked(owner, LIST, border, 2):
        found += [(held.gid, held.kind, held.workspace, held.document) for held in page]
        border = page[-1].border
    assert found == [(gid, "tag", 7, b"") for gid in members]
    backward = store.page_linking(members[0], LIST, None, 2)
    assert [(held.gid, held.border) for held in backward] == [(owner, owner)]
    assert store.page_linking(members[0], LIST, owner, 2) == []


def test_pages_of_notes_and_of_lists_in_lists(store, add):
    a, b, c, d, e = add(5)
    with store.transaction():
        for position, (inner, note) in enumerate(((b, d), (c, e))):
            store.link(a, "outer", inner, position * GAP, note)
        for target in (d, e):
            store.append(b, "inner", target)
        store.append(c, "inner", d)
    store.begin_read()
    assert [held.gid for held in store.page_notes(a, "outer", None, 10)] == [d, e]
    whole = store.page_nested(a, "outer", "inner", None, 10)
    assert [held.gid for held in whole] == [d, e, d]
    spot = store.place(a, "outer", b)
    rest = store.page_nested(a, "outer", "inner", (spot, whole[0].border), 10)
    assert [held.gid for held in rest] == [e, d]
    assert [held.gid for held in store.page_nested(a, "outer", "inner", None, 1)] == [d]


def test_conditions_hold_of_what_is_on_a_page(store, add):
    (yes,) = add(archived=True, name="Straße")
    (no,) = add(archived=False, name="strasse", due="2026-01-02")
    (none,) = add(archived=None, name="Äpfel")
    (other,) = add(workspace=8, archived=True)

    def found(where):
        return [held.gid for held in store.page_kind(7, "tag", None, 10, where)]

    store.begin_read()
    assert found(filters.equals("archived", value=True)) == [yes]
    assert found(filters.equals("archived", value=False)) == [no]
    assert found(filters.absent("archived")) == [none]
    assert found(filters.equals("name", "strasse")) == [no]
    assert found(filters.same_text("name", "STRASSE")) == [no]
    assert found(filters.same_text("name", "äPFEL")) == []
    assert found(filters.same_text("name", "ÄPFEL")) == [none]
    assert found(filters.contains("name", "TRA")) == [yes, no]
    assert found(filters.contains("name", "s%e")) == []
    assert found(filters.among("name", ["Straße", "Äpfel"])) == [yes, none]
    assert found(filters.among("name", [])) == []
    assert found(filters.since("due", "2026-01-02")) == found(filters.until("due", "2026-01-02")) == [no]
    assert found(filters.before("due", "2026-01-02")) == found(filters.after("due", "2026-01-02")) == []
    assert found(filters.absent_or_since("due", "2026-01-03")) == [yes, none]
    assert found(filters.starts("due", "2026-01")) == [no]
    assert found(filters.day_before("due", "2026-01-03")) == found(filters.day_after("due", "2026-01-01")) == [no]
    assert found(filters.every([filters.of_kind("tag"), filters.in_workspace(7)])) == [yes, no, none]
    assert found(filters.linked("x", [yes], negated=True)) == [yes, no, none]
    assert found(filters.linked("x", [])) == found(filters.listed("x", [])) == []
    assert other not in found(filters.in_workspace(8))


@pytest.mark.parametrize("typed", ["o'r", "(b", "x_", "%", "*", "#1", "a.c", "\\", "ä-", "[q"])
def test_words_that_are_no_plain_words_are_found_as_they_are_typed(store, add, typed):
    (gid,) = add(name=f"Some {typed}est")
    add(name="Some other test")
    store.begin_read()
    where = filters.word_starts(store.idiom, "name", typed)
    assert [held.gid for held in store.page_kind(7, "tag", None, 10, where)] == [gid]


def test_records_are_found_in_any_order(store, add):
    names = ["b", "B", "a", "Z", "ä", "é"]
    days = {name: None if name == "a" else f"2026-0{place + 1}-01" for place, name in enumerate(names)}
    gids = {name: add(name=name, due=day)[0] for name, day in days.items()}
    owner, *_ = add()
    with store.transaction():
        for gid in gids.values():
            store.append(owner, LIST, gid)
    store.begin_read()
    back = {gid: name for name, gid in gids.items()}

    def found(order, **more):
        rows = store.found(7, "tag", filters.after("name", " "), order, 10, **more)
        return [back[held.gid] for held in rows if held.gid in back]

    assert found(filters.order("due", descending=False)) == ["b", "B", "Z", "ä", "é", "a"]
    assert found(filters.order("due", descending=True)) == ["é", "ä", "Z", "B", "b", "a"]
    assert found(filters.order("due", descending=True), start=2) == ["Z", "B", "b", "a"]
    assert [back[held.gid] for held in store.by_name(owner, LIST, 10)] == ["a", "b", "B", "Z", "ä", "é"]


def test_what_hangs_below_is_found_whatever_its_depth(store, add):
    a, b, c, d, e = add(5)
    with store.transaction():
        for owner, target in ((a, b), (b, c), (a, d)):
            store.append(owner, "sub", target)
    store.begin_read()
    assert sorted(store.tree(a, "sub")) == [(b, 1), (c, 2), (d, 1)]
    assert store.reaches(a, "sub", c)
    assert store.reaches(a, "sub", a)
    assert not store.reaches(a, "sub", e)


def test_sums_over_projects(store, add):
    project, section, entry, more = add(4)
    tasks = [
        *add(completed=True, resource_subtype="milestone", start_on="2026-01-02", due_on="2026-02-01", assignee="5"),
        *add(completed=False, resource_subtype="milestone", due_on="2026-01-01", custom_fields={"9": 30}),
        *add(completed=True, resource_subtype="default_task", assignee="5", custom_fields={"9": 1.5}),
        *add(custom_fields={"9": "no number"}),
    ]
    (spent,) = add(created_by="5", duration_minutes=90)
    (below,) = add(due_on="2027-01-01")
    with store.transaction():
        store.append(project, "project.sections", section)
        for task in tasks:
            store.append(section, "section.tasks", task)
        store.append(tasks[0], "task.subtasks", below)
        store.append(project, "project.time_tracking_entries", spent)
    store.begin_read()
    assert store.task_counts([project, entry, more]) == {project: (4, 2, 2, 1)}
    assert store.dates_of(project, subtasks=False) == ("2026-01-02", "2026-01-02", "2026-01-01", "2026-02-01")
    assert store.dates_of(project, subtasks=True) == ("2026-01-02", "2026-01-02", "2026-01-01", "2027-01-01")
    spent_by = store.time_spent(project)
    assert spent_by == {5: 90}
    assert isinstance(spent_by[5], int)
    assert store.time_spent(project, filters.equals("created_by", "6")) == {}
    estimated = store.time_estimated(project, 9)
    assert estimated == {5: 1.5, 0: 30}
    assert store.time_estimated(project, 8) == {5: 0, 0: 0}


def test_tasks_are_as_private_as_the_projects_they_are_in(store, add):
    project, section = add(2, kind="project")
    other, elsewhere = add(2, kind="project")
    task, below, shared = add(3, kind="task")
    with store.transaction():
        store.append(project, "project.sections", section)
        store.append(other, "project.sections", elsewhere)
        store.append(section, "section.tasks", task, note=project)
        store.append(section, "section.tasks", shared, note=project)
        store.append(elsewhere, "section.tasks", shared, note=other)
        store.append(task, "task.subtasks", below)
        store.rewrite(record(project, "project", private=1))
        store.restrict_tasks_of(project)
        store.restrict_sections_of(project)
    store.begin_read()
    found = {gid: row.private for gid, row in store.records([section, task, below, shared]).items()}
    assert found == {section: 1, task: 1, below: 1, shared: 0}
