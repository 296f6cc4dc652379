"""What is kept out of what is shown, and what is not."""

import msgspec

from fanfold.integrations.redaction import SHOWN, Secrets, secrets_in

CONTEXT = {
    "subdomain": "acme",
    "region": "eu-central-1",
    "api_key": "abc123",
    "pin": "1",
    "oauth": {
        "token": {"access_token": "ey.token-of-mine", "expires_at": "2026-01-01T00:00:00Z", "token_type": "bearer"}
    },
    "list": [{"password": "hunter2"}],
    "unnamed": "sk_live_51H8xyzABCDEFG0",
    "site": "https://example.com/a/long/path/1",
    "long_text": "nothing but words here",
}


def test_secrets_are_known_by_name_or_by_how_they_look():
    assert set(secrets_in(CONTEXT)) == {"abc123", "ey.token-of-mine", "hunter2", "sk_live_51H8xyzABCDEFG0"}


def test_they_are_taken_out_of_values_names_and_encodings():
    secrets = Secrets(["a/b=secret", "a/b=secret-and-longer"])
    value = {"k": ["x a/b=secret y", {"a/b=secret-and-longer": 1}], "u": "?q=a%2Fb%3Dsecret", "n": 1}
    assert secrets.out_of(value) == {"k": [f"x {SHOWN} y", {SHOWN: 1}], "u": f"?q={SHOWN}", "n": 1}


def test_they_are_found_within_strings_of_json_too():
    secrets = Secrets(['quoted"secret\\value'])
    text = msgspec.json.encode({"a": 'quoted"secret\\value'})
    assert secrets.may_be_in(text)
    assert secrets.out_of(text.decode()) == '{"a":"[redacted]"}'


def test_short_ones_are_left_in_results_where_they_may_be_words():
    secrets = Secrets(["secret", "long-enough-secret"])
    assert secrets.out_of("no secret here", sure=True) == "no secret here"
    assert secrets.out_of("long-enough-secret", sure=True) == SHOWN
    assert secrets.may_be_in(b'{"a": "long-enough-secret"}')
    assert not secrets.may_be_in(b"no secret here")


def test_what_is_too_short_to_be_told_apart_stays():
    assert Secrets(["a", ""]).out_of("banana") == "banana"
