"""Where links may lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.integrations.pagination.links import StrayLink, followed, without

ASKED = "https://api.example.com/v1/contacts"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://api.example.com/v1/contacts?page=2", "https://api.example.com/v1/contacts?page=2"),
        ("https://API.example.com:443/x", "https://API.example.com:443/x"),
        ("/v2/contacts?page=2#top", "https://api.example.com/v2/contacts?page=2"),
        ("?page=2", "https://api.example.com/v1/contacts?page=2"),
        ("more?page=2", "https://api.example.com/v1/more?page=2"),
        ("///evil.example/x", "https://api.example.com/evil.example/x"),
        ("//api.example.com/x", "https://api.example.com/x"),
        ("https://files.example.com/x", "https://files.example.com/x"),
        ("https://other.example.com:8443/x", "https://other.example.com:8443/x"),
        ("/x?q=ä", "https://api.example.com/x?q=%C3%A4"),
    ],
)
def test_links_within_the_api_are_followed(link, url):
    assert followed(link, ASKED, ("files.example.com", "other.example.com:8443")) == url


def test_a_link_may_lead_from_http_to_https_of_the_same_host():
    assert followed("https://api.example.com/x", "http://api.example.com/x", ()) == "https://api.example.com/x"


@pytest.mark.parametrize(
    "link",
    [
        "http://api.example.com/x",
        "https://api.example.com:8443/x",
        "https://api.example.com.evil.example/",
        "https://api.example.com@evil.example/",
        "https://evil.example/?api.example.com",
        "https://files.example.com:1/x",
        "http://files.example.com/x",
        "//evil.example",
        "/\\evil.example",
        "\t//evil.example",
        "https:evil.example",
        "https://",
        "https://[::1/x",
        "https://api.example.com:99999/x",
        "https://api.exam\u200bple.com/x",
        "/../admin",
        "/%2e%2e/admin",
        "",
        "x" * 10_000,
    ],
)
def test_others_are_not(link):
    with pytest.raises(StrayLink):
        followed(link, ASKED, ("files.example.com",))


@given(st.text(alphabet="https:/\\@.?#[]%2eapixmlc \t\n\u212a\uff0f", max_size=60))
def test_whatever_is_followed_stays_at_the_origin(link):
    try:
        url = followed(link, ASKED, ())
    except StrayLink:
        return
    assert url.startswith("https://api.example.com/")


def test_what_says_who_asks_is_taken_out():
    link = "https://x.example/a?key=1&token=secret-value&q=a%20b&b="
    assert without(link, {"key"}, ["secret-value"]) == "https://x.example/a?q=a%20b&b="
    assert without("https://x.example/a?q=a+b", {"key"}, ["zzz"]) == "https://x.example/a?q=a+b"
    assert without("https://x.example/a", {"key"}, []) == "https://x.example/a"
