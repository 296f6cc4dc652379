"""The account that a new server begins with."""

from fanfold.server.connect.first import first_account
from fanfold.work import SqliteStore
from fanfold.work.seed import first_user, seed


def test_it_is_made_once_and_not_again_after_it_was_deleted():
    store = SqliteStore()
    seed(store, "empty")
    made = first_account(store, "2026-01-01")
    assert first_account(store, "2027-01-01") == made
    assert store.shelved("account", made).owner == first_user(store)
    with store.transaction():
        store.unshelve("account", made)
    assert first_account(store, "2028-01-01") == ""
    store.close()


def test_accounts_that_outlived_the_data_around_them_are_not_added_to():
    store = SqliteStore()
    seed(store, "empty")
    made = first_account(store, "2026-01-01")
    other = SqliteStore()
    seed(other, "empty")
    with other.transaction():
        other.keep_shelved(store.all_shelved())
    assert first_account(other, "2027-01-01") == made
    store.close()
    other.close()
