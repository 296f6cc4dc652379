"""Accounts in the work API's database: sealed, whole, and nobody else's."""

import pytest

from fanfold.errors import RequestError
from fanfold.integrations.accounts import Account
from fanfold.integrations.seal import Seal
from fanfold.server.connect.store import TOKEN_LIFE, AccountTokens, SealedAccounts
from fanfold.work import SqliteStore

CANARY = "canary-4242-secret"
ACCOUNT = Account(
    id="a1",
    integration="demo",
    owner="7",
    tenant_id="t",
    status="needs_reauth",
    is_sandbox=True,
    is_blocked=True,
    authentication_method="oauth2",
    context={"api_key": CANARY, "n": [1, None]},
    created_at="2026-01-01",
    updated_at="2026-01-02",
)


@pytest.fixture
def store():
    opened = SqliteStore()
    yield opened
    opened.close()


@pytest.fixture
def accounts(store):
    seal = Seal(b"k" * 32)
    return SealedAccounts(store, lambda: seal)


def test_an_account_comes_back_whole(accounts):
    accounts.save(ACCOUNT)
    assert accounts.get("a1") == ACCOUNT
    assert accounts.get("a1") is accounts.get("a1")
    assert accounts.get("a2") is None


def test_what_it_holds_is_nowhere_in_the_database(accounts, tmp_path):
    path = tmp_path / "x.db"
    store = SqliteStore(path)
    seal = Seal(b"k" * 32)
    SealedAccounts(store, lambda: seal).save(ACCOUNT)
    store.close()
    assert CANARY.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert CANARY not in repr(ACCOUNT)


def test_a_change_is_seen_at_once_whoever_made_it(accounts, store):
    accounts.save(ACCOUNT)
    accounts.get("a1")
    other = SealedAccounts(store, accounts._sealing)
    other.save(Account(id="a1", integration="demo", owner="7", context={"api_key": "new"}))
    assert accounts.get("a1").context == {"api_key": "new"}


def test_the_accounts_of_a_user_are_theirs_alone(accounts):
    for gid, owner in (("a1", "7"), ("a2", "8"), ("a3", "7")):
        accounts.save(Account(id=gid, integration="demo", owner=owner))
    assert [account.id for account in accounts.of("7")] == ["a1", "a3"]
    assert accounts.delete("a1")
    assert not accounts.delete("a1")
    assert [account.id for account in accounts.of("7")] == ["a3"]


def test_an_account_without_anything_needs_no_key(store):
    def no_key():
        raise AssertionError

    accounts = SealedAccounts(store, no_key)
    accounts.save(Account(id="a1", integration="work", owner="7"))
    assert accounts.get("a1").context == {}


def test_with_another_key_it_cannot_be_opened_and_says_why(accounts, store):
    accounts.save(ACCOUNT)
    seal = Seal(b"x" * 32)
    with pytest.raises(RequestError, match="another key") as refused:
        SealedAccounts(store, lambda: seal).get("a1")
    assert refused.value.status == 503


def test_what_is_sealed_for_one_account_does_not_open_for_another(accounts, store):
    accounts.save(ACCOUNT)
    row = store.shelved("account", "a1")
    with store.transaction():
        store.shelve("account", row._replace(name="a2"))
    with pytest.raises(RequestError, match="a2"):
        accounts.get("a2")


def test_a_token_opens_its_account_for_a_quarter_of_an_hour(store):
    now = [1000.0]
    tokens = AccountTokens(store, lambda: now[0])
    token = tokens.issue(ACCOUNT)
    assert TOKEN_LIFE == 15 * 60
    assert tokens.account(token.encode()) == "a1"
    assert tokens.account(b"other") is None
    now[0] += TOKEN_LIFE - 0.1
    assert tokens.account(token.encode()) == "a1"
    now[0] += 0.1
    assert tokens.account(token.encode()) is None


def test_only_the_digest_of_a_token_is_kept_and_old_ones_are_forgotten(store):
    now = [1000.0]
    tokens = AccountTokens(store, lambda: now[0])
    token = tokens.issue(ACCOUNT)
    assert all(token not in thing.name for _, thing in store.all_shelved())
    now[0] += TOKEN_LIFE
    tokens.issue(ACCOUNT)
    assert len(store.all_shelved()) == 1
