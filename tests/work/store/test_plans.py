"""Queries go by their indexes: what is found costs the same among a hundred records and among millions."""

import pytest

from tests import databases

pytestmark = pytest.mark.services

GIDS = [1, 2, 3]
INDEXES = {
    "record": ("record_pkey", (1,)),
    "records": ("record_pkey", (GIDS,)),
    "compacts": ("record_pkey", (GIDS,)),
    "links": ("link_pkey", (GIDS, ["a"], ["b"])),
    "subject": ("link_backwards", (GIDS, ["a"], ["b"])),
    "forward_links": ("link_pkey", (GIDS, ["a"])),
    "backward_links": ("link_backwards", (GIDS, ["a"])),
    "place": ("link_backwards", (1, "a", 2)),
    "last": ("link_pkey", (1, "a")),
    "stretch": ("link_pkey", (1, "a", 0, 10)),
    "targets": ("link_pkey", (1, "a")),
    "delete_links_of": ("link_pkey", (1,)),
    "delete_links_to": ("link_backwards", (1,)),
    "page_kind": ("record_by_kind", (1, "tag", 0, 10)),
    "page_linked": ("link_pkey", (1, "a", 0, 10)),
    "user_by_email": ("user_by_email", ("a@b.test",)),
    "unfinished": ("job_unfinished", ()),
    "jobs_under_way": ("job_unfinished", ("token:1",)),
    "old_exports": ("export_kept", ("2026", 10)),
    "events_of_record": ("event_of_pkey", (1, 0, 10)),
    "events_since": ("event_pkey", (0, 10)),
    "last_event": ("event_pkey", ()),
    "listening": ("delivery_by_subject", (GIDS,)),
    "audited": ("audit_of_workspace", (1, 0, "", "~", None, None, None, 10)),
    "token_by_digest": ("token_digest_key", (b"",)),
    "kept_answer": ("answer_pkey", (b"", 0.0)),
    "drop_vouchers": ("voucher_by_expiry", (5,)),
    "shelved_of": ("shelved_by_owner", ("shelf", 1)),
}


@pytest.fixture(scope="module")
def store():
    from fanfold.work.store.postgres import PostgresStore  # noqa: PLC0415 - an extra

    databases.need_postgres()
    name = f"{databases.own_name()}_plans"
    opened = PostgresStore.open(databases.make(name))
    opened._wire.ask("SET enable_seqscan = off")
    yield opened
    opened.close()
    databases.drop(name)


@pytest.mark.parametrize("name", INDEXES)
def test_a_query_goes_by_its_index(store, name):
    index, values = INDEXES[name]
    sql, _ = store._question(name)
    plan = "\n".join(line for (line,) in store._wire.ask(f"EXPLAIN {sql.replace('{where}', '')}", values).rows)
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan


def test_a_record_that_changes_touches_no_index(store):
    from tests.work.store.conftest import record  # noqa: PLC0415

    with store.transaction():
        gids = [store.new_gid() for _ in range(20)]
        for gid in gids:
            store.insert(record(gid, "job", status="in_progress", caller="token:1"))
    for number in range(3):
        with store.transaction():
            store.rewrite(record(gids[0], "job", status="in_progress", caller="token:1", number=number))
    store._wire.ask("SELECT pg_stat_force_next_flush()")
    ((updated, hot),) = store._wire.ask(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'record'"
    ).rows
    assert updated >= 3
    assert hot == updated


@pytest.mark.parametrize("name", ["links", "subject", "forward_links", "backward_links"])
def test_links_are_looked_up_by_record_and_field_and_nothing_else_that_hangs_on_it_is_gone_through(store, name):
    sql, _ = store._question(name)
    plan = "\n".join(line for (line,) in store._wire.ask(f"EXPLAIN {sql}", INDEXES[name][1]).rows)
    assert "AND (field = f" in plan, plan
    assert "Filter" not in plan, plan
