"""Tokens: only digests are kept, and a revoked one is refused within a second."""

import pytest

from fanfold.server.tokens import TokenBook, digest, issue, make_token
from fanfold.work import SqliteStore, WorkApi
from fanfold.work.api import Api
from fanfold.work.clock import stamp
from fanfold.work.seed import first_user
from tests.server.conftest import ADA, NOON


@pytest.fixture
def store(seeded, tmp_path):
    path = tmp_path / "tokens.db"
    path.write_bytes(seeded.read_bytes())
    opened = SqliteStore(path)
    yield opened
    opened.close()


def bearer(token):
    return [(b"host", b"x"), (b"authorization", f"Bearer {token}".encode())]


def test_tokens_are_long_and_never_the_same():
    tokens = {make_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 40 and token.startswith("fft_") for token in tokens)


def test_the_token_itself_is_nowhere_in_the_database(store, tmp_path):
    token = issue(store, first_user(store), "test", NOON)
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("tokens.db*"))
    assert token.encode() not in kept
    assert digest(token) in kept


async def test_a_caller_is_known_by_the_tokens_number_not_by_the_token(store):
    caller = await TokenBook(WorkApi(store)).caller(bearer(ADA))
    assert caller.user == str(first_user(store))
    assert caller.key == "token:1"


async def test_two_authorization_headers_are_no_authorization(store):
    assert await TokenBook(WorkApi(store)).caller(bearer(ADA) + bearer(ADA)) is None


async def test_a_token_revoked_by_another_process_is_refused_within_a_second(store):
    now = [100.0]
    book = TokenBook(WorkApi(store), lambda: now[0])
    assert await book.caller(bearer(ADA)) is not None
    other = SqliteStore(store.path)
    other.begin_action()
    assert other.revoke_token(1, stamp(NOON))
    other.end_action()
    other.close()
    now[0] += Api.look_again
    assert await book.caller(bearer(ADA)) is None
