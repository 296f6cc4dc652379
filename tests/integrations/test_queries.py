"""Queries as APIs want them."""

import pytest

from fanfold.errors import RequestError
from fanfold.integrations.queries import pairs, written


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ("brackets", "a[]=1&a[]=x"),
        ("indices", "a[0]=1&a[1]=x"),
        ("repeat", "a=1&a=x"),
        ("comma", "a=1,x"),
    ],
)
def test_arrays_are_written_as_declared(arrays, text):
    assert written({"a": [1, "x"]}, arrays).replace("%5B", "[").replace("%5D", "]").replace("%2C", ",") == text


def test_objects_are_nested_and_scalars_written_as_json_has_them():
    query = {"f": {"a": {"gt": 5}}, "t": True, "n": None, "e": {}, "l": [], "x": 1.5, "s": ""}
    assert pairs(query, "brackets") == [("f[a][gt]", "5"), ("t", "true"), ("x", "1.5"), ("s", "")]
    assert pairs({"a": [{"k": 1}]}, "indices") == [("a[0][k]", "1")]


def test_nothing_in_a_value_ends_it():
    assert written({"q": "a&b=c#d?e f+é\r\n%"}, "brackets") == "q=a%26b%3Dc%23d%3Fe%20f%2B%C3%A9%0D%0A%25"


def test_what_cannot_be_written_is_refused():
    deep = value = {}
    for _ in range(40):
        value["a"] = value = {}
    value["a"] = 1
    with pytest.raises(RequestError, match="nested too deeply"):
        pairs(deep, "brackets")
    with pytest.raises(RequestError, match="commas"):
        pairs({"a": [{"b": 1}]}, "comma")
