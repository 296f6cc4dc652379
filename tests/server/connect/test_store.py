"""Accounts in the work API's database: sealed, whole, nobody else's, and seen by all who share it."""

import pytest
from msgspec.structs import replace

from fanfold.errors import RequestError
from fanfold.integrations.accounts import Account
from fanfold.integrations.seal import Seal
from fanfold.server.connect.account_tokens import TOKEN_LIFE, AccountTokens
from fanfold.server.connect.store import LATELY, SealedAccounts
from fanfold.work import SqliteStore, WorkApi

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


class Time:
    """Two clocks that go on when they are told to."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def make_accounts(tmp_path, time):
    """Accounts as one process after the other has them, in one database."""
    made = []

    def make(path=tmp_path / "x.db", key=b"k" * 32):
        seal = Seal(key)
        made.append(WorkApi(SqliteStore(path)))
        return SealedAccounts(made[-1], lambda: seal, time, time)

    yield make
    for api in made:
        api.store.close()


@pytest.fixture
def accounts(make_accounts):
    return make_accounts()


async def save(accounts, account):
    await accounts.write(account.id, lambda store: accounts.keep(store, account))


async def in_session(accounts, work):
    return await accounts._api.write(lambda session: work(session.store))


async def test_an_account_comes_back_whole(accounts):
    await save(accounts, ACCOUNT)
    assert await accounts.get("a1") == ACCOUNT
    assert await accounts.get("a1") is await accounts.get("a1")
    assert await accounts.get("a2") is None


async def test_what_it_holds_is_nowhere_in_the_database(accounts, tmp_path):
    await save(accounts, ACCOUNT)
    await accounts._api.close()
    assert CANARY.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert CANARY not in repr(ACCOUNT)


async def test_the_accounts_of_a_user_are_theirs_alone(accounts):
    for gid, owner in (("a1", "7"), ("a2", "8"), ("a3", "7")):
        await save(accounts, Account(id=gid, integration="demo", owner=owner))
    assert await in_session(accounts, lambda store: [one.id for one in accounts.of(store, "7")]) == ["a1", "a3"]
    assert await in_session(accounts, lambda store: accounts.count(store, "7")) == 2
    assert await in_session(accounts, lambda store: accounts.remove(store, "a1"))
    assert not await in_session(accounts, lambda store: accounts.remove(store, "a1"))
    assert await in_session(accounts, lambda store: [one.id for one in accounts.of(store, "7")]) == ["a3"]


async def test_an_account_without_anything_needs_no_key():
    def no_key():
        raise AssertionError

    api = WorkApi(SqliteStore())
    accounts = SealedAccounts(api, no_key)
    await save(accounts, Account(id="a1", integration="work", owner="7"))
    assert (await accounts.get("a1")).context == {}
    await api.close()


async def test_with_another_key_it_cannot_be_opened_and_says_why(accounts, make_accounts):
    await save(accounts, ACCOUNT)
    with pytest.raises(RequestError, match="another key") as refused:
        await make_accounts(key=b"x" * 32).get("a1")
    assert refused.value.status == 503


async def test_what_is_sealed_for_one_account_does_not_open_for_another(accounts):
    await save(accounts, ACCOUNT)

    def steal(store):
        store.shelve("account", store.shelved("account", "a1")._replace(name="a2"))

    await in_session(accounts, steal)
    with pytest.raises(RequestError, match="a2"):
        await accounts.get("a2")


# -- several processes -------------------------------------------------------------------------------------------------


async def test_what_another_process_changed_is_seen_by_the_next_request_and_its_calls(accounts, make_accounts):
    other = make_accounts()
    await save(accounts, ACCOUNT)
    assert await other.get("a1") == ACCOUNT
    await accounts.change("a1", lambda account: replace(account, is_blocked=False))
    assert (await other.get("a1")).is_blocked is False
    assert (await other.lately("a1")).is_blocked is False
    await accounts.write("a1", lambda store: accounts.remove(store, "a1"))
    assert await other.get("a1") is None
    assert await other.lately("a1") is None


async def test_the_calls_of_a_batch_read_an_account_once_a_second(accounts, make_accounts, time):
    other = make_accounts()
    await save(accounts, ACCOUNT)
    known = await other.get("a1")
    await accounts.change("a1", lambda account: replace(account, tenant_id="new"))
    time.seconds += LATELY - 0.1
    assert await other.lately("a1") is known
    time.seconds += 0.1
    assert (await other.lately("a1")).tenant_id == "new"


async def test_what_this_process_changed_its_calls_see_at_once(accounts):
    await save(accounts, ACCOUNT)
    await accounts.get("a1")
    await accounts.change("a1", lambda account: replace(account, tenant_id="new"))
    assert (await accounts.lately("a1")).tenant_id == "new"


async def test_an_answer_that_was_overtaken_is_not_remembered(accounts, time):
    await save(accounts, ACCOUNT)
    read = accounts._api.read

    async def slowly(work):
        found = await read(work)
        accounts._api.read = read
        time.seconds += 0.1
        await accounts.change("a1", lambda account: replace(account, tenant_id="new"))
        await accounts.get("a1")
        return found

    accounts._api.read = slowly
    assert (await accounts.get("a1")).tenant_id == "t"
    assert (await accounts.lately("a1")).tenant_id == "new"


async def test_what_does_not_change_is_not_written(accounts):
    await save(accounts, ACCOUNT)
    row = await in_session(accounts, lambda store: store.shelved("account", "a1"))
    assert await accounts.change("a1", lambda account: account) == ACCOUNT
    assert await in_session(accounts, lambda store: store.shelved("account", "a1")) == row
    assert await accounts.change("a2", lambda account: account) is None


# -- renewals ----------------------------------------------------------------------------------------------------------


def always(_account):
    return True


async def test_of_all_processes_one_may_renew_an_account_until_it_has(accounts, make_accounts):
    other = make_accounts()
    await save(accounts, ACCOUNT)
    claim = await accounts.claim("a1", always, 30)
    assert (claim.account, bool(claim.key), claim.busy) == (ACCOUNT, True, False)
    refused = await other.claim("a1", always, 30)
    assert (refused.key, refused.busy) == ("", True)
    kept = await accounts.settle("a1", claim.key, lambda account: replace(account, tenant_id="renewed"))
    found = await other.claim("a1", lambda account: account.tenant_id != "renewed", 30)
    assert (found.account, found.key, found.busy) == (kept, "", False)
    assert (await other.claim("a1", always, 30)).key


async def test_a_clock_that_is_put_back_holds_up_no_renewal(accounts, make_accounts, time):
    other = make_accounts()
    await save(accounts, ACCOUNT)
    assert (await accounts.claim("a1", always, 30)).key
    time.seconds -= 3600
    assert (await other.claim("a1", always, 30)).busy
    time.seconds += 29.9
    assert (await other.claim("a1", always, 30)).busy
    time.seconds += 0.2
    assert (await other.claim("a1", always, 30)).key


async def test_who_died_while_renewing_does_not_hold_up_the_others(accounts, make_accounts, time):
    other = make_accounts()
    await save(accounts, ACCOUNT)
    claim = await accounts.claim("a1", always, 30)
    time.seconds += 29.9
    assert (await other.claim("a1", always, 30)).busy
    time.seconds += 0.1
    heir = await other.claim("a1", always, 30)
    assert heir.key not in ("", claim.key)
    await accounts.settle("a1", claim.key, lambda account: account)  # it was only slow, and takes nothing away
    assert (await accounts.claim("a1", always, 30)).busy


async def test_an_account_that_is_gone_is_not_renewed(accounts):
    assert await accounts.claim("a1", always, 30) is None
    assert await accounts.settle("a1", "key", lambda account: account) is None
    await save(accounts, ACCOUNT)
    claim = await accounts.claim("a1", always, 30)
    await accounts.write("a1", lambda store: accounts.remove(store, "a1"))
    assert await accounts.settle("a1", claim.key, lambda account: account) is None
    assert await in_session(accounts, lambda store: store.all_shelved()) == []


# -- tokens ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def store():
    opened = SqliteStore()
    opened.begin_action()
    yield opened
    opened.close()


def test_a_token_opens_its_account_for_a_quarter_of_an_hour(store, time):
    tokens = AccountTokens(time)
    token = tokens.issue(store, ACCOUNT)
    assert TOKEN_LIFE == 15 * 60
    assert tokens.account(store, token.encode()) == "a1"
    assert tokens.account(store, b"other") is None
    time.seconds += TOKEN_LIFE - 0.1
    assert tokens.account(store, token.encode()) == "a1"
    time.seconds += 0.1
    assert tokens.account(store, token.encode()) is None


def test_only_the_digest_of_a_token_is_kept_and_old_ones_are_forgotten(store, time):
    tokens = AccountTokens(time)
    token = tokens.issue(store, ACCOUNT)
    assert all(token not in thing.name for _, thing in store.all_shelved())
    time.seconds += TOKEN_LIFE
    tokens.issue(store, ACCOUNT)
    assert len(store.all_shelved()) == 1
