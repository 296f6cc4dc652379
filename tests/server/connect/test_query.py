"""Query strings with brackets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import RequestError
from fanfold.server.connect.query import nested_query


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", {}),
        ("a=1&b=x%20y&c=", {"a": "1", "b": "x y", "c": ""}),
        ("a=1+2", {"a": "1 2"}),
        ("foo[bar]=x", {"foo": {"bar": "x"}}),
        ("foo%5Bbar%5D=x", {"foo": {"bar": "x"}}),
        ("foo[a][b]=x&foo[a][c]=y", {"foo": {"a": {"b": "x", "c": "y"}}}),
        ("foo[]=1&foo[]=2", {"foo": ["1", "2"]}),
        ("foo[]=1", {"foo": ["1"]}),
        ("foo[0]=a&foo[1]=b", {"foo": ["a", "b"]}),
        ("foo[1]=b&foo[0]=a", {"foo": ["a", "b"]}),
        ("foo[0][k]=a&foo[0][l]=b&foo[1][k]=c", {"foo": [{"k": "a", "l": "b"}, {"k": "c"}]}),
        ("foo[][k]=1&foo[][l]=2&foo[][k]=3", {"foo": [{"k": "1", "l": "2"}, {"k": "3"}]}),
        ("foo[bar][]=1&foo[bar][]=2", {"foo": {"bar": ["1", "2"]}}),
        ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        ("created_at[gt]=2026-01-01", {"created_at": {"gt": "2026-01-01"}}),
        ("a[2024]=x", {"a": {"2024": "x"}}),
        ("a[b=1&]c=2&[d]=3", {"a[b": "1", "]c": "2", "[d]": "3"}),
        ("a.b=1", {"a.b": "1"}),
        ("__proto__[x]=1", {"__proto__": {"x": "1"}}),
        ("foo[][]=1&foo[][]=2", {"foo": [["1"], ["2"]]}),
    ],
)
def test_a_query_stands_for_an_object(written, read):
    assert nested_query(written.encode()) == read


@pytest.mark.parametrize(
    "written", ["a=1&a[b]=2", "a[b]=2&a=1", "a[]=1&a[b]=2", "a[b]=1&a[]=2", "a[b]=1&a[b][c]=2", "a[]=1&a=2&a[x]=3"]
)
def test_a_name_that_is_written_in_two_ways_is_refused(written):
    with pytest.raises(RequestError, match="does not go together"):
        nested_query(written.encode())


def test_depth_and_number_are_bounded():
    deep = "a" + "[b]" * 8
    assert nested_query(f"{deep}=1".encode())
    with pytest.raises(RequestError, match="levels deep"):
        nested_query(f"{deep}[c]=1".encode())
    with pytest.raises(RequestError):
        nested_query("&".join(f"a[{n}]=1" for n in range(300)).encode())


@given(st.lists(st.tuples(st.text("ab[]01", max_size=8), st.text("xy", max_size=2)), max_size=8))
def test_any_query_is_an_object_or_a_refusal(pairs):
    written = "&".join(f"{name}={value}" for name, value in pairs).encode()
    try:
        read = nested_query(written)
    except RequestError as error:
        read = error
    assert isinstance(read, dict) or read.status == 400
