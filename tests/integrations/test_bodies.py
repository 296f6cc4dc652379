"""Bodies in every format."""

import base64
from email import message_from_bytes

import pytest

from fanfold.errors import RequestError
from fanfold.integrations.bodies import encode_body


@pytest.mark.parametrize(
    ("body", "form", "config", "payload", "kind"),
    [
        ({"a": [1, None]}, "json", {}, b'{"a":[1,null]}', "application/json"),
        ("x", "json", {}, b'"x"', "application/json"),
        ({"a": {"b": "x y"}, "c": [1]}, "form", {}, b"a%5Bb%5D=x+y&c%5B%5D=1", "application/x-www-form-urlencoded"),
        ("plain é", "raw", {}, "plain é".encode(), "text/plain; charset=utf-8"),
        ("a,b", "raw", {"content_type": "text/csv"}, b"a,b", "text/csv"),
        (b"\x00\xff", "raw", {}, b"\x00\xff", "application/octet-stream"),
        ({"a": 1}, "raw", {}, b'{"a":1}', "application/json"),
        ({"r": {"a": "<"}}, "xml", {}, b'<?xml version="1.0" encoding="UTF-8"?><r><a>&lt;</a></r>', "application/xml"),
        ({"a": 1}, "xml", {"root": "r"}, b'<?xml version="1.0" encoding="UTF-8"?><r><a>1</a></r>', "application/xml"),
    ],
)
def test_a_body_is_written_as_declared(body, form, config, payload, kind):
    assert encode_body(body, form, config) == (payload, kind)


def test_a_form_of_parts_has_fields_and_files():
    body = {
        "name": "Ada",
        "n": 1,
        "tags": ["a", "b"],
        "none": None,
        "o": {"x": 1},
        'fi"\r\nle': {"filename": 'a"\r\nX: y', "content_base64": base64.b64encode(b"\x00\xff").decode()},
        "text": {"filename": "a.txt", "content": "hé", "content_type": "text/plain"},
    }
    payload, kind = encode_body(body, "multipart", {"content_type": "ignored"})
    parts = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + payload).get_payload()
    told = [(part.get_param("name", header="content-disposition"), part.get_payload(decode=True)) for part in parts]
    assert told == [
        ("name", b"Ada"),
        ("n", b"1"),
        ("tags", b"a"),
        ("tags", b"b"),
        ("o", b'{"x":1}'),
        ("fi%22%0D%0Ale", b"\x00\xff"),
        ("text", "hé".encode()),
    ]
    assert parts[5].get_filename() == "a%22%0D%0AX: y"
    assert parts[6].get_content_type() == "text/plain"
    assert all(set(part.keys()) <= {"Content-Disposition", "Content-Type"} for part in parts)


@pytest.mark.parametrize(
    ("body", "form"),
    [
        ([], "form"),
        ("x", "multipart"),
        ({"f": {"filename": "a", "content_base64": "!"}}, "multipart"),
        ({"f": {"filename": "a", "content_type": "a\r\nX: y"}}, "multipart"),
        ({"a": 1, "b": 2}, "xml"),
        ({"a": object()}, "json"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(body, form):
    with pytest.raises(RequestError, match="body") as failed:
        encode_body(body, form, {})
    assert failed.value.status == 400
