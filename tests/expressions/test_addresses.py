"""Values in addresses stay within the place that they were written for."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import RequestError
from fanfold.expressions import addresses
from fanfold.expressions.addresses import MAX_SEGMENT, fill_host, fill_path
from fanfold.expressions.placeholders import Unresolved, compile_template


def path(text, **context):
    return fill_path(compile_template(text), context)


def host(text, **context):
    return fill_host(compile_template(text), context)


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("c1", "c1"),
        (5, "5"),
        (1.0, "1"),
        (True, "true"),
        ("a/b", "a%2Fb"),
        ("../admin", "..%2Fadmin"),
        ("x?admin=1", "x%3Fadmin%3D1"),
        ("#", "%23"),
        ("%2e%2e", "%252e%252e"),
        ("\\..", "%5C.."),
        (";", "%3B"),
        ("a\r\nX: y", "a%0D%0AX%3A%20y"),
        ("{{id}}", "%7B%7Bid%7D%7D"),
        ("é", "%C3%A9"),
        ("...", "..."),
    ],
)
def test_a_value_is_one_segment_of_a_path(value, segment):
    assert path("/contacts/{{id}}/notes", id=value) == f"/contacts/{segment}/notes"


def test_a_path_without_placeholders_stays_as_it_is():
    assert path("/contacts") == "/contacts"


def test_a_default_stands_in_a_path():
    assert path("/{{v?:v1}}/x") == "/v1/x"


@pytest.mark.parametrize(
    ("template", "value", "message"),
    [
        ("{{id}}", "", "''"),
        ("{{id}}", ".", "'.'"),
        ("{{id}}", "..", "'..'"),
        ("{{id}}", None, "null"),
        ("{{id:any}}", {"a": 1}, "an object"),
        ("{{id:any}}", [1], "an array"),
        ("{{id}}", "x" * (MAX_SEGMENT + 1), "2048"),
        ("{{id}}", "\ud800", "Unicode"),
        ("{{id}}", b"x", "neither"),
    ],
)
def test_what_is_no_segment_is_refused(template, value, message):
    with pytest.raises(RequestError, match=message) as caught:
        path(f"/contacts/{template}", id=value)
    assert caught.value.status == 400
    assert "{{id" in caught.value.message


@pytest.mark.parametrize("template", ["/{{a.b}}", "/{{a.b:undefined}}"])
def test_a_path_without_its_value_is_refused(template):
    with pytest.raises(Unresolved, match=r"\{\{a\.b"):
        path(template)


def test_only_text_can_be_an_address():
    with pytest.raises(RequestError, match="string"):
        fill_path(compile_template({"a": 1}), {})


@given(st.text(min_size=1, max_size=50).filter(lambda text: text not in (".", "..")))
def test_whatever_the_value_the_path_has_as_many_segments_as_written(value):
    try:
        made = path("/a/{{id}}/b", id=value)
    except RequestError:
        assert any("\ud800" <= letter <= "\udfff" for letter in value)
        return
    assert made.isascii()
    assert [unquote(segment) for segment in made.split("/")] == ["", "a", value, "b"]


@pytest.mark.parametrize(
    ("template", "value", "made"),
    [
        ("https://{{sub}}.example.com/v1", "acme", "https://acme.example.com/v1"),
        ("https://{{sub}}/v1", "api.acme.example", "https://api.acme.example/v1"),
        ("https://{{sub}}:8443", "acme", "https://acme:8443"),
        ("https://example.com/{{sub}}/v1", "a/b@c", "https://example.com/a%2Fb%40c/v1"),
        ("https://example.com?x={{sub}}", "a&b", "https://example.com?x=a%26b"),
        ("https://example.com", "", "https://example.com"),
    ],
)
def test_a_value_is_part_of_the_hosts_name_or_of_the_path(template, value, made):
    assert host(template, sub=value) == made


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "a..b",
        ".a",
        "a.",
        "evil.com/",
        "evil.com@",
        "a:b",
        "evil.com#",
        "a?b",
        "a\\b",
        "a b",
        "a\n",
        "é",
        "ａ",
        "[::1]",
        "%2f",
        "a_b",
        "x" * 254,
    ],
)
def test_what_is_no_label_is_refused_in_a_host(value):
    with pytest.raises(RequestError, match=r"host's name|no part|stands"):
        host("https://{{sub}}.example.com/v1", sub=value)


@pytest.mark.parametrize("template", ["{{sub}}", "{{sub}}://example.com", "https:{{sub}}", "//{{sub}}/x"])
def test_only_what_is_behind_a_written_scheme_is_filled(template):
    with pytest.raises(RequestError, match="write the scheme out"):
        host(template, sub="acme")


@given(st.text(max_size=30))
def test_whatever_the_value_the_host_stays_below_the_one_written(value):
    try:
        made = host("https://{{sub}}.example.com/v1", sub=value)
    except RequestError:
        return
    assert urlsplit(made).hostname.endswith(".example.com")
    assert urlsplit(made).path == "/v1"
    assert urlsplit(made).username is None


def test_long_addresses_are_read_each_time_rather_than_remembered():
    before = addresses._remembered.cache_info().currsize
    for number in range(5):
        long = compile_template(f"/{number}{'x' * addresses.MAX_REMEMBERED}/{{{{id}}}}")
        assert fill_path(long, {"id": "a/b"}).endswith("x/a%2Fb")
    assert addresses._remembered.cache_info().currsize == before
