"""Callers are known by what they show, in whatever spelling, and by nothing beside it."""

import pytest

from fanfold.errors import RequestError
from fanfold.serving.callers import client_address, key_of, shown_key


def scope(*headers, client=("192.0.2.1", 1)):
    return {"type": "http", "headers": list(headers), "client": client}


TOKEN = (b"authorization", b"Bearer one")


@pytest.mark.parametrize("written", [b"bearer one", b"BEARER  one", b" Bearer one ", b"bEARER\tone"])
def test_the_spelling_of_a_token_makes_nobody_somebody_new(written):
    assert key_of(scope((b"authorization", written))) == key_of(scope(TOKEN))


def test_other_tokens_are_other_callers():
    found = {key_of(scope((b"authorization", value))) for value in (b"Bearer one", b"Bearer ONE", b"Basic one", b"one")}
    assert len(found) == 4


def test_what_stands_beside_a_token_is_not_counted():
    beside = scope(TOKEN, (b"cookie", b"junk=1"), (b"x-forwarded-for", b"203.0.113.9"), client=("192.0.2.2", 1))
    assert shown_key(beside) == shown_key(scope(TOKEN))
    assert client_address(beside) == "192.0.2.2"
    assert client_address(scope(client=None)) == ""


def test_people_who_share_a_token_are_told_apart_by_their_cookies():
    ada, grace = (scope(TOKEN, (b"cookie", value)) for value in (b"session=ada", b"session=grace"))
    assert len({key_of(ada), key_of(grace), key_of(scope(TOKEN))}) == 3


def test_where_somebody_with_a_token_comes_from_makes_nobody_somebody_new():
    elsewhere = scope(TOKEN, (b"x-forwarded-for", b"203.0.113.9"), client=("192.0.2.2", 1))
    assert key_of(elsewhere) == key_of(scope(TOKEN))


def test_without_a_token_callers_are_known_by_cookies_and_then_by_address():
    cookie = scope((b"cookie", b"session=1"))
    assert len({key_of(cookie), key_of(scope()), key_of(scope(client=("192.0.2.2", 1)))}) == 3
    assert key_of(scope(client=("192.0.2.1", 2))) == key_of(scope())
    assert key_of(scope(client=None))
    assert shown_key(cookie) == ""


def test_two_tokens_are_refused():
    with pytest.raises(RequestError, match="only one"):
        key_of(scope(TOKEN, TOKEN))
