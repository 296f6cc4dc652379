"""The log of what happened, and how far webhooks have come in it."""

import pytest


def log(store, *entries):
    with store.transaction():
        for workspace, resource, subjects in entries:
            store.add_event(workspace, resource, b'["1","2026-01-01T00:00:00.000Z","task"]', subjects)


def test_entries_are_read_by_workspace_and_by_those_who_follow(store):
    log(store, (7, 1, (1, 2)), (8, 2, (2,)), (7, 3, ()))
    store.begin_read()
    first, last = store.first_event(), store.last_event()
    assert [(seq - first, gid) for seq, gid, _ in store.events(7, 0, 10)] == [(0, 1), (2, 3)]
    assert [gid for _, gid, _ in store.events_of(2, 0, 10)] == [1, 2]
    assert [gid for _, gid, _ in store.events_of(2, first, 10)] == [2]
    assert [gid for _, gid, _ in store.events(7, 0, 1)] == [1]
    assert last == first + 2
    assert store.events(7, 0, 1)[0][2] == b'["1","2026-01-01T00:00:00.000Z","task"]'


def test_an_entry_is_told_once_to_each_who_follows(store):
    log(store, (7, 1, (1, 1, 2)))
    store.begin_read()
    assert len(store.events_of(1, 0, 10)) == len(store.events_of(2, 0, 10)) == 1


def test_the_log_is_cut_off_behind_its_readers_but_never_whole(store):
    log(store, *[(7, gid, (gid, 99)) for gid in range(1, 6)])
    oldest = store.oldest_events(10)
    assert [gid for _, gid, _ in oldest] == [1, 2, 3, 4]
    upto = oldest[2][0]
    with store.transaction():
        store.forget_events(upto, [(subject, seq) for seq, gid, _ in oldest[:3] for subject in (gid, 99)])
    store.begin_read()
    assert [gid for _, gid, _ in store.events(7, 0, 10)] == [4, 5]
    assert [gid for _, gid, _ in store.events_of(99, 0, 10)] == [4, 5]
    assert store.events_of(1, 0, 10) == []


def test_a_webhook_hears_of_what_comes_after_it(store):
    log(store, (7, 1, (1,)))
    with store.transaction():
        store.add_delivery(50, 1, b"secret", "2026-01-01T08", 7)
    assert store.to_be_told() == [50]
    sending = store.delivery(50)
    assert (sending.webhook, sending.subject, sending.secret, sending.body) == (50, 1, b"secret", None)
    assert sending.cursor == store.last_event()
    log(store, (7, 1, (1,)), (7, 2, (2,)))
    assert store.to_be_told() == [50]
    assert store.to_be_told() == []
    log(store, (7, 2, (2,)))
    assert store.to_be_told() == []


def test_what_is_being_sent_is_kept_until_it_has_arrived(store):
    with store.transaction():
        store.add_delivery(50, 1, b"secret", "2026-01-01T08", 7)
    log(store, (7, 1, (1,)))
    newest = store.last_event()
    assert store.overdue("2026-01-01T00", 10) == [50]
    with store.transaction():
        store.begin_delivery(50, newest, b"body", "2026-01-01T01")
    sending = store.delivery(50)
    assert (sending.upto, sending.body, sending.due) == (newest, b"body", "2026-01-01T01")
    assert store.overdue("2026-01-01T00", 10) == []
    assert store.overdue("2026-01-01T02", 10) == [50]
    with store.transaction():
        store.put_off_delivery(50, "2026-01-01T03")
    assert store.overdue("2026-01-01T02", 10) == []
    with store.transaction():
        store.end_delivery(50, "2026-01-02")
    sending = store.delivery(50)
    assert (sending.cursor, sending.body, sending.due) == (newest, None, "2026-01-02")
    assert store.read_by_all() == newest
    with store.transaction():
        store.move_delivery(50, newest + 5)
    assert store.delivery(50).cursor == newest + 5
    with store.transaction():
        store.drop_delivery(50)
    assert store.delivery(50) is None
    assert store.read_by_all() is None


def test_what_was_undone_is_told_to_nobody(store):
    def fail():
        with store.transaction():
            store.add_event(7, 1, b"[]", (1,))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    store.begin_read()
    assert store.events(7, 0, 10) == []
