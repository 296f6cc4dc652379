"""Strict JSON: what means two things to two readers means nothing here."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.dialects import decode_strict
from fanfold.errors import RequestError

INVALID = "Could not parse request data, invalid JSON"

NOT_JSON = {
    "empty": b"",
    "white space": b" \n ",
    "NaN": b'{"a":NaN}',
    "infinity": b"[Infinity]",
    "negative infinity": b"[-Infinity]",
    "overflowing float": b"[1e999]",
    "underflowing sign": b"[-1e999]",
    "lone high surrogate": rb'"\ud800"',
    "lone low surrogate": rb'"\udc00"',
    "surrogate before a letter": rb'"\ud800A"',
    "encoded surrogate": b'"\xed\xa0\x80"',
    "raw NUL": b'"\x00"',
    "line break in a string": b'"a\nb"',
    "invalid UTF-8": b'{"a":"\xff"}',
    "invalid UTF-8 in a key": b'{"\xff":1}',
    "overlong UTF-8": b'"\xc0\xaf"',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"data":{}}'.encode("utf-16"),
    "UTF-16 without mark": '{"data":{}}'.encode("utf-16-le"),
    "UTF-32": '{"data":{}}'.encode("utf-32"),
    "trailing text": b"{} x",
    "second value": b"{}{}",
    "trailing NUL": b"{}\x00",
    "commas": b"[,,,]",
    "trailing comma": b"[1,]",
    "single quotes": b"{'a':1}",
    "comment": b"{}//",
    "leading zero": b"01",
    "plus": b"+1",
    "endless nesting": b"[" * 100_000,
    "closed endless nesting": b"[" * 100_000 + b"]" * 100_000,
    "truncated": b'{"data":{"actions":[',
}

AMBIGUOUS = {
    "repeated key": (b'{"a":1,"a":2}', "a key is repeated within an object"),
    "repeated key deep down": (b'{"data":[{"x":{"a":"","a":""}}]}', "a key is repeated within an object"),
    "repeated method": (b'{"method":"get","method":"delete"}', "a key is repeated within an object"),
    "repeated key, escaped once": (rb'{"a":1,"\u0061":2}', "a key is repeated within an object"),
    "repeated key beside escaped quotes": (rb'{"a":"\"\\","a":"\\\""}', "a key is repeated within an object"),
    "repeated key made up for by quotes": (
        rb'{"a":"","a":"\u0022\u0022\u0022\u0022"}',
        "a key is repeated within an object",
    ),
    "repeated empty key": (b'{"":1,"":1}', "a key is repeated within an object"),
    "escaped NUL": (rb'"a\u0000b"', "the NUL character is not accepted"),
    "escaped NUL in a key": (rb'{"\u0000":1}', "the NUL character is not accepted"),
    "NUL after a backslash": (rb'"\\\u0000"', "the NUL character is not accepted"),
    "2**63": (b"[9223372036854775808]", "an integer does not fit into 64 bits"),
    "2**64": (b"[18446744073709551616]", "an integer does not fit into 64 bits"),
    "less than -2**63": (b'{"a":[{"b":-9223372036854775809}]}', "an integer does not fit into 64 bits"),
    "a hundred digits": (b"1" * 101, "an integer does not fit into 64 bits"),
    "65 levels": (b"[" * 65 + b"]" * 65, "nested more than 64 levels deep"),
    "65 levels of objects": (b'{"a":' * 65 + b"1" + b"}" * 65, "nested more than 64 levels deep"),
}

FINE = {
    "quote written as a number": (rb'{"a":"\u0022"}', {"a": '"'}),
    "backslash written as a number": (rb'{"a":"\u005c"}', {"a": "\\"}),
    "NUL that is only written about": (rb'"\\u0000"', r"\u0000"),
    "surrogate pair": (rb'"\ud83d\ude00"', "\N{GRINNING FACE}"),
    "negative zero": (b"-0", 0),
    "largest integer": (b"9223372036854775807", 2**63 - 1),
    "smallest integer": (b"-9223372036854775808", -(2**63)),
    "long number in a string": (b'"12345678901234567890123"', "12345678901234567890123"),
    "long fraction": (b"0.12345678901234567890123", 0.12345678901234568),
    "64 levels": (b"[" * 64 + b"]" * 64, None),
    "many objects side by side": (b"[" + b",".join([b"{}"] * 100) + b"]", [{}] * 100),
    "same key in two objects": (b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
    "quotes and colons in strings": (rb'{"a\"b":":\"{["}', {'a"b': ':"{['}),
    "escapes everywhere": (rb'{"\\":"\\\\\"","\"":"\n\/\b"}', {"\\": '\\\\"', '"': "\n/\b"}),
    "null": (b"null", None),
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_is_refused(body):
    with pytest.raises(RequestError) as refused:
        decode_strict(body)
    assert (refused.value.status, refused.value.message) == (400, INVALID)


@pytest.mark.parametrize(("body", "reason"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_is_ambiguous_is_refused_with_its_reason(body, reason):
    with pytest.raises(RequestError) as refused:
        decode_strict(body)
    assert (refused.value.status, refused.value.message) == (400, f"{INVALID}: {reason}")


@pytest.mark.parametrize(("body", "value"), FINE.values(), ids=FINE)
def test_what_only_looks_odd_is_read(body, value):
    decoded = decode_strict(body)
    if value is not None:
        assert decoded == value


def test_a_million_keys_are_read_in_reasonable_memory():
    body = b"{" + b",".join(b'"%d":0' % number for number in range(100_000)) + b"}"
    assert len(decode_strict(body)) == 100_000


def test_the_depth_is_a_setting():
    assert decode_strict(b"[[]]", max_depth=2) == [[]]
    with pytest.raises(RequestError, match="more than 1 levels"):
        decode_strict(b"[[]]", max_depth=1)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), inner)
    ),
    max_leaves=20,
)


@given(value=values, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_every_honest_value_is_read_as_what_it_is(value, ascii_only, indent):
    assert decode_strict(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()) == value


@given(members=st.lists(st.tuples(st.sampled_from(["a", 'b"', "c\\", ":", "\u00e9"]), values), max_size=5))
def test_a_repeated_key_is_found_whatever_stands_around_it(members):
    body = "{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in members) + "}"
    if len({key for key, _ in members}) == len(members):
        assert decode_strict(body.encode()) == dict(members)
    else:
        with pytest.raises(RequestError, match="repeated"):
            decode_strict(body.encode())


@given(st.binary(max_size=40) | st.text('{}[]":,\\u0 19.eE-', max_size=40).map(str.encode))
def test_no_body_raises_anything_but_a_refusal(body):
    try:
        value = decode_strict(body)
    except RequestError:
        return
    assert value == json.loads(body)
    assert not (isinstance(value, float) and math.isinf(value))
