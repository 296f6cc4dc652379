"""What a store keeps beside records: tokens, apps and their vouchers, answers, the audit log, settings."""

import pytest

from fanfold.work.store.store import TokenRow

DIGEST, OTHER = b"\x00" * 32, b"\xff" * 32


def test_settings(store, again):
    with store.transaction():
        store.set("name", b"\x00\xffvalue")
        store.set("name", b"new")
    assert again().setting("name") == b"new"
    assert store.setting("nothing") is None


def test_a_signature_is_that_of_the_database(store, again):
    assert store.sign("text") == again().sign("text") != store.sign("other")


def test_tokens_are_valid_until_they_are_revoked(store):
    with store.transaction():
        store.add_token(DIGEST, 5, "Größe", "2026-01-01")
        store.add_token(OTHER, 6, "", "2026-01-02")
    number, user = store.token_user(DIGEST)
    assert user == 5
    with store.transaction():
        assert store.revoke_token(number, "2026-01-03")
        assert not store.revoke_token(number, "2026-01-04")
    assert store.token_user(DIGEST) is None
    assert [(user, name, revoked) for _, user, name, _, revoked in store.tokens()] == [
        (5, "Größe", "2026-01-03"),
        (6, "", None),
    ]


def test_tokens_can_be_put_in_place_of_those_there_are(store):
    with store.transaction():
        store.add_token(DIGEST, 5, "old", "2026-01-01")
    tokens = [TokenRow(3, OTHER, 6, "three", "2026-01-01", None), TokenRow(3, DIGEST, 7, "again", "2026-01-02", None)]
    with store.transaction():
        store.keep_tokens(tokens)
    kept = store.digests()
    assert sorted((row.digest, row.user, row.name) for row in kept) == [(DIGEST, 7, "again"), (OTHER, 6, "three")]
    assert len({row.number for row in kept}) == 2
    assert 3 in {row.number for row in kept}


def test_a_consent_ends_with_all_that_came_of_it(store):
    with store.transaction():
        store.add_app("client", b"secret", "App", "https://a.test\nhttps://b.test", "2026-01-01")
        store.add_app("public", None, "Other", "", "2026-01-01")
        consent, other = (store.add_consent(client, 5, "2026-01-01") for client in ("client", "public"))
        store.add_voucher(DIGEST, consent, "access", "default", 2000)
        store.add_voucher(OTHER, other, "refresh", "tasks:read", None, b'{"a":1}')
    assert consent != other
    found = store.voucher(DIGEST)
    assert (found.consent, found.what, found.scope, found.expires_at) == (consent, "access", "default", 2000)
    assert (found.spent, found.about, found.user, found.client) == (0, b"{}", 5, "client")
    assert (store.app("public").secret, store.app("nobody")) == (None, None)
    assert [app.client for app in store.apps()] == ["client", "public"]
    with store.transaction():
        store.spend_voucher(DIGEST)
        store.drop_vouchers(2000)
    assert store.voucher(DIGEST).spent == 1
    with store.transaction():
        store.drop_vouchers(2001)
    assert store.voucher(DIGEST) is None
    with store.transaction():
        store.revoke_consent(other)
    assert store.voucher(OTHER) is None
    with store.transaction():
        again = store.add_consent("public", 5, "2026-01-02")
        store.add_voucher(OTHER, again, "access", "default", 2000)
    assert again > other
    with store.transaction():
        assert store.delete_app("public")
        assert not store.delete_app("public")
    assert store.voucher(OTHER) is None


def test_answers_are_kept_for_their_time(store):
    with store.transaction():
        store.begin_answer(DIGEST, b"print", 100.5)
        store.begin_answer(OTHER, b"other", 50.0)
    assert store.kept_answer(DIGEST, 100.4) == (b"print", None, None, None, None)
    assert store.kept_answer(DIGEST, 100.5) is None
    with store.transaction():
        store.finish_answer(DIGEST, b"print", 200.0, (201, b"[]", b"body", 1))
    assert store.kept_answer(DIGEST, 0.0) == (b"print", 201, b"[]", b"body", 1)
    with store.transaction():
        store.begin_answer(DIGEST, b"new", 300.0)
    assert store.kept_answer(DIGEST, 0.0) == (b"new", None, None, None, None)
    with store.transaction():
        store.drop_answers(300.0, 1)
    assert store.kept_answer(OTHER, 0.0) is None
    assert store.kept_answer(DIGEST, 0.0) is not None
    with store.transaction():
        store.forget_answer(DIGEST)
    assert store.kept_answer(DIGEST, 0.0) is None


def test_the_audit_log_is_chosen_from(store):
    entries = [("2026-01-01", "a", 5, 1), ("2026-01-02", "b", 0, 1), ("2026-01-03", "a", 6, 2)]
    with store.transaction():
        numbers = [
            store.add_audit(7, at, event, actor, resource, f'{{"n":"{at}"}}'.encode())
            for at, event, actor, resource in entries
        ]
        store.add_audit(8, "2026-01-01", "a", 5, 1, b"{}")
    everything = ("", "~", None, None, None)
    assert store.audited(7, 0, everything, 10) == [
        (number, f'{{"n":"{at}"}}'.encode()) for number, (at, *_) in zip(numbers, entries, strict=True)
    ]

    def found(*chosen, after=0):
        return [numbers.index(number) for number, _ in store.audited(7, after, chosen, 10)]

    assert found("2026-01-02", "2026-01-02", None, None, None) == [1]
    assert found("", "~", "a", None, None) == [0, 2]
    assert found("", "~", None, 6, None) == [2]
    assert found("", "~", None, -1, None) == [0, 2]
    assert found("", "~", None, None, 1) == [0, 1]
    assert found("", "~", None, None, None, after=numbers[0]) == [1, 2]
    with store.transaction():
        store.prune_audit("2026-01-03")
    assert found("", "~", None, None, None) == [2]


def test_what_another_process_writes_is_noticed(store, again):
    before = store.changes_elsewhere()
    other = again()
    with other.transaction():
        other.set("name", b"value")
    assert store.changes_elsewhere() != before


def test_a_transaction_that_fails_leaves_nothing(store):
    def fail():
        with store.transaction():
            store.set("name", b"value")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.setting("name") is None
