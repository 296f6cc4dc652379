"""What is shown of accounts and declarations."""

import pytest

from fanfold.server.connect.masking import MASK, masked_config, masked_context, open_part, unmasked


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_key", "k"),
        ("apiKey", "k"),
        ("password", "secret"),
        ("client_secret", "s"),
        ("access_token", "t"),
        ("authorization", "Bearer x"),
        ("pin", 1234),
        ("webhook_url", "abcdefghij0123456789"),
        ("private_key", "-----BEGIN"),
    ],
)
def test_a_secret_is_masked(name, value):
    assert masked_context({name: value}) == {name: MASK}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subdomain", "acme"),
        ("region", "eu"),
        ("api_key", ""),
        ("api_key", None),
        ("token_type", "bearer"),
        ("page_size", 50),
        ("has_key", True),
        ("site", "https://acme.example.com/a/long/path/2024"),
    ],
)
def test_what_is_no_secret_is_shown(name, value):
    assert masked_context({name: value}) == {name: value}


def test_what_stands_below_a_secret_is_one_unless_it_is_known_to_be_none():
    context = {"oauth": {"token": {"access_token": "a", "id": "b", "expires_at": "2026"}, "scope": "x", "note": "y"}}
    assert masked_context(context) == {
        "oauth": {"token": {"access_token": MASK, "id": MASK, "expires_at": "2026"}, "scope": "x", "note": "y"}
    }
    assert masked_context({"keys": ["a", {"b": "c"}]}) == {"keys": [MASK, {"b": MASK}]}


def test_what_is_declared_to_be_a_password_is_masked_whatever_its_name():
    assert masked_context({"word": "x", "other": "y"}, {"word"}) == {"word": MASK, "other": "y"}


def test_a_declaration_is_shown_with_templates_and_without_secrets():
    config = {
        "authorization": {"config": {"token": "{{api_key}}"}},
        "credentials": {"config": {"client": {"id": "abc", "secret": "s"}, "fields": [{"name": "api_key"}]}},
        "pagination": {"config": {"cursor_key": "after"}},
        "resources": {"tokens": {"list": {"path": "/tokens"}}},
        "headers": {"X-Api-Key": "k"},
    }
    shown = masked_config(config)
    assert shown["credentials"]["config"]["client"] == {"id": "abc", "secret": MASK}
    assert shown["headers"] == {"X-Api-Key": MASK}
    assert {name: shown[name] for name in ("authorization", "pagination", "resources")} == {
        name: config[name] for name in ("authorization", "pagination", "resources")
    }


def test_what_was_masked_and_comes_back_stays_what_it_was():
    old = {"a": "s", "b": {"c": "t", "d": 1}, "e": ["u", "v"]}
    new = {"a": MASK, "b": {"c": MASK, "d": 2}, "e": [MASK, "w"]}
    assert unmasked(new, old) == {"a": "s", "b": {"c": "t", "d": 2}, "e": ["u", "w"]}
    assert unmasked({"x": MASK}, {}) == {"x": None}


def test_the_open_part_of_a_context_has_no_masks():
    context = {"subdomain": "acme", "api_key": "k", "oauth": {"token": {"access_token": "t", "scope": "x"}}}
    assert open_part(context) == {"subdomain": "acme", "oauth": {"token": {"scope": "x"}}}
