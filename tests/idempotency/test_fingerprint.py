"""A fingerprint is the same for what is the same request, and no other has it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.idempotency import fingerprint_of

SAME = ("POST", "/tasks", (("a", "1"), ("b", "2")), {"data": {"name": "x", "tags": ["1", "2"]}})

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def backwards(value):
    if isinstance(value, dict):
        return {name: backwards(value[name]) for name in reversed(value)}
    return [backwards(each) for each in value] if isinstance(value, list) else value


def test_it_is_a_sha256():
    assert len(fingerprint_of(*SAME)) == 32


@given(values)
def test_the_order_of_members_makes_no_difference(body):
    assert fingerprint_of("POST", "/", (), body) == fingerprint_of("POST", "/", (), backwards(body))


@given(values, values)
def test_different_bodies_have_different_fingerprints(one, other):
    same = msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")
    assert (fingerprint_of("POST", "/", (), one) == fingerprint_of("POST", "/", (), other)) == same


@pytest.mark.parametrize(
    "other",
    [
        ("PUT", *SAME[1:]),
        ("POST", "/tasks/", *SAME[2:]),
        ("POST", "/tasks", (("b", "2"), ("a", "1")), SAME[3]),
        ("POST", "/tasks", (("a", "1b"), ("", "2")), SAME[3]),
        ("POST", "/tasks", (), SAME[3]),
        (*SAME[:3], {"data": {"name": "x", "tags": ["2", "1"]}}),
        (*SAME[:3], {"data": {"name": "x", "tags": [1, 2]}}),
        (*SAME[:3], msgspec.json.encode(SAME[3])),
        (*SAME[:3], None),
    ],
)
def test_whatever_differs_makes_a_difference(other):
    assert fingerprint_of(*other) != fingerprint_of(*SAME)


@given(st.binary(), st.binary())
def test_bytes_count_as_they_are(one, other):
    assert (fingerprint_of("POST", "/", (), one) == fingerprint_of("POST", "/", (), other)) == (one == other)
    assert fingerprint_of("POST", "/", (), one) == fingerprint_of("POST", "/", (), bytearray(one))


def test_no_body_is_not_an_empty_one():
    assert fingerprint_of("POST", "/", (), None) != fingerprint_of("POST", "/", (), b"")
    assert fingerprint_of("POST", "/", (), None) != fingerprint_of("POST", "/", (), b"null")
