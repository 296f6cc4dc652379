"""Cursors as clients see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import RequestError
from fanfold.integrations.pagination.opaque import opened, sealed, whole_number


@given(st.text(max_size=100))
def test_what_was_sealed_is_opened_and_goes_into_a_query_as_it_is(value):
    cursor = sealed("c", value)
    assert opened(cursor, "c") == value
    assert all(character.isalnum() or character in "-_" for character in cursor)


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", sealed("c", 1) + "!", "a" * 100_000, sealed("p", 1)[:-3]])
def test_anything_else_is_refused(cursor):
    with pytest.raises(RequestError, match="next_cursor"):
        opened(cursor, "p")


@pytest.mark.parametrize("value", [-1, True, 1.5, "1", None, 2**60])
def test_a_number_has_to_be_one(value):
    with pytest.raises(RequestError):
        whole_number(sealed("p", value), "p", 0)
