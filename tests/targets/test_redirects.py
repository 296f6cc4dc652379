"""Where a redirect may lead, and what goes along."""

import pytest

from fanfold.targets.redirects import led
from fanfold.targets.unpacking import NotReadable

FROM = "https://api.example.com/v1/a/b?c=d"
CREDENTIALS = {"authorization": "mine", "cookie": "a=b", "x-api-key": "secret", "x-tenant": "t", "idempotency-key": "k"}
OTHERS = {"accept": "*/*", "accept-language": "de", "user-agent": "u", "traceparent": "t", "fanfold-hops": "1"}
HEADERS = CREDENTIALS | OTHERS


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "https://api.example.com/x"),
        ("c?d=e#f", "https://api.example.com/v1/a/c?d=e"),
        ("?x", "https://api.example.com/v1/a/b?x"),
        ("https://API.example.com:443/x", "https://API.example.com:443/x"),
        ("/é und\tmehr?ü=", "https://api.example.com/%C3%A9%20undmehr?%C3%BC="),
        ("/a%2Fb%zz?q=%20", "https://api.example.com/a%2Fb%zz?q=%20"),
        ('/"<>\\^`{|}', "https://api.example.com/%22%3C%3E%5C%5E%60%7B%7C%7D"),
    ],
)
def test_within_the_origin_all_goes_along(location, url):
    assert led(FROM, HEADERS, location) == (url, HEADERS)


@pytest.mark.parametrize(
    "location",
    [
        *("https://other.example.com/x", "//other.example.com/x", "https://api.example.com:8443/x"),
        *("https://api.example.com./x", "https://[2606:4700::1111]/x", "https://8.8.8.8/x"),
    ],
)
def test_to_another_origin_goes_only_what_is_no_credential_by_any_name(location):
    url, headers = led(FROM, HEADERS, location)
    assert url.endswith("/x")
    assert headers == OTHERS


def test_from_http_to_https_is_another_origin():
    url, headers = led("http://api.example.com/a", HEADERS, "https://api.example.com/a")
    assert (url, headers) == ("https://api.example.com/a", OTHERS)


@pytest.mark.parametrize(
    "location",
    [
        *("http://api.example.com/", "HTTP://other.example.com/", "ftp://x/", "file:///etc/passwd", "javascript:x"),
        *("https://u:p@api.example.com/", "https://api.example.com@evil.test/", "https://api.example.com\\@evil.test/"),
        *("https://:443/", "https://x:0/", "https://x:99999/", "https://x:80x/", "https://[::1"),
        *("https://[fe80::1%25eth0]/", "https://ex ample/", "https://é.example/", "https://%61pi.example.com/"),
        *("https://x.test:22/", "https://x.test:25/", "https://x.test:993/"),
    ],
)
def test_to_what_is_no_plain_place_nothing_goes(location):
    with pytest.raises(NotReadable):
        led(FROM, HEADERS, location)


def test_a_port_of_the_upstreams_own_is_one_that_may_be_meant():
    assert led("https://api.example.com:444/", {}, "https://other.example.com:444/x")[0].endswith(":444/x")
