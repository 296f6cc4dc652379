"""What becomes of an action's data on its way to an application or an API."""

import pytest

from fanfold.errors import RequestError
from fanfold.targets.payload import payload_of


@pytest.mark.parametrize(
    ("body", "kind", "sent"),
    [
        (None, "", b""),
        (b"\0\1", "image/png", b"\0\1"),
        ({"a": 1}, "", b'{"a":1}'),
        ("text", "", b'"text"'),
        ("text", "application/json; charset=utf-8", b'"text"'),
        ({"a": 1}, "application/merge-patch+json", b'{"a":1}'),
        ("t\u00e9xt", "text/plain", "t\u00e9xt".encode()),
        ("a=b", "application/x-www-form-urlencoded", b"a=b"),
        ({"a": "x y", "b": [1, True], "c": None}, "Application/X-WWW-Form-Urlencoded", b"a=x+y&b=1&b=true&c="),
    ],
)
def test_data_is_sent_as_its_content_type_wants_it(body, kind, sent):
    assert payload_of(body, kind) == sent


@pytest.mark.parametrize(
    ("body", "kind"),
    [({"a": {}}, "application/x-www-form-urlencoded"), ([1], "application/x-www-form-urlencoded"), ({}, "text/plain")],
)
def test_what_cannot_be_sent_that_way_is_refused(body, kind):
    with pytest.raises(RequestError, match=r"^data: "):
        payload_of(body, kind)
