"""Every query that is written down is one that its database understands."""

import re

import pytest

from tests.databases import new_store_in

ONLY_SQLITE = ("forward", "backward", "forward_of_one", "backward_of_one")
"""What is put together from fields, for SQLite alone."""


def statements(queries):
    """All of them; what is a part of others as part of one."""
    whole = f"SELECT f.gid, CAST(?1 AS BIGINT) FROM task_facts f WHERE {queries['task_lets_in']}"
    return {**queries, "task_lets_in": whole}


@pytest.mark.services
def test_postgresql_understands_all_that_it_may_be_asked():
    from fanfold.work.store.postgres import SQL  # noqa: PLC0415 - an extra
    from fanfold.work.store.wire import numbered  # noqa: PLC0415

    store = new_store_in("postgres")
    wrong = {}
    for name, sql in statements(SQL).items():
        if name not in ONLY_SQLITE:
            text, _ = numbered(sql.replace("{where}", "").replace("{order}", "r.gid"))
            try:
                store._wire.ask(f"PREPARE understood AS {text}")
                store._wire.ask("DEALLOCATE understood")
            except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
                wrong[name] = str(error)
    store.close()
    assert wrong == {}


def test_sqlite_understands_all_that_it_may_be_asked():
    from fanfold.work.store.file import SQL  # noqa: PLC0415

    store = new_store_in("sqlite")
    store._prepare_index()
    wrong = {}
    for name, sql in statements(SQL).items():
        text = sql.replace("{where}", "").replace("{order}", "r.gid").replace("{in}", "?").replace("{fields}", "?")
        text = text.replace("{field}", "?2")
        try:
            store._connection.execute(f"EXPLAIN {text}", (None,) * _marks(text)).close()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
            wrong[name] = str(error)
    store.close()
    assert wrong == {}


def _marks(sql):
    """The number of the last value."""
    last = 0
    for mark in re.findall(r"'[^']*'|\?\d*", sql):
        if mark.startswith("?"):
            last = max(last, int(mark[1:] or last + 1))
    return last
