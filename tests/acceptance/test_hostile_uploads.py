"""Multipart forms that are broken or too much: refused as documented, and nothing of them stays on disk."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json

from tests.acceptance.wire import LAST, assert_refused, exchange, head

pytestmark = pytest.mark.usefixtures("unharmed")

BOUNDARY = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
FORMS = {
    "no boundary": ("multipart/form-data", PART % (b"a", b"", b"x") + b"--b--\r\n", 400),
    "an empty boundary": ("multipart/form-data; boundary=", b"--\r\n\r\n", 400),
    "a boundary of a thousand letters": ("multipart/form-data; boundary=" + "b" * 1000, b"x", 400),
    "nothing": (BOUNDARY, b"", 400),
    "no end": (BOUNDARY, PART % (b"parent", b"", b"1"), 400),
    "garbage": (BOUNDARY, b"\xff\x00garbage", 400),
    "another boundary": (BOUNDARY, PART.replace(b"--b", b"--c") % (b"a", b"", b"x") + b"--c--\r\n", 400),
    "ten thousand fields": (BOUNDARY, PART % (b"a", b"", b"x") * 10_000 + b"--b--\r\n", 400),
    "ten thousand files": (BOUNDARY, PART % (b"a", b'; filename="f"', b"x") * 10_000 + b"--b--\r\n", 400),
    "a large field": (BOUNDARY, PART % (b"parent", b"", b"x" * 200_000) + b"--b--\r\n", 400),
    "a name without bounds": (BOUNDARY, PART % (b"a" * 500_000, b"", b"x") + b"--b--\r\n", 400),
    "a part with many headers": (BOUNDARY, PART % (b"a", b"\r\nX: y" * 100_000, b"x") + b"--b--\r\n", 400),
    "a name that is no text": (BOUNDARY, PART % (b"\xff", b"", b"x") + b"--b--\r\n", 400),
    "no name": (BOUNDARY, b"--b\r\n\r\nx\r\n--b--\r\n", 400),
    "a file and no parent": (BOUNDARY, PART % (b"file", b'; filename="f"', b"x") + b"--b--\r\n", 400),
    "compressed": (BOUNDARY + "\r\nContent-Encoding: gzip", b"x", 415),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_none_is_refused_and_leaves_nothing(live: Any, name: str) -> None:
    content_type, body, status = FORMS[name]
    request = head(live, f"Content-Length: {len(body)}", start="POST /api/1.0/attachments HTTP/1.1")
    request = request.replace(b"application/json", content_type.encode())
    answers = exchange(live, request, body, LAST)
    assert_refused(answers[0].status, json.decode(answers[0].body), status)
    assert [path for path in (live.db.parent / f"{live.db.name}-files").rglob("*") if path.is_file()] == []


def test_a_form_is_taken_for_attachments_only(live: Any) -> None:
    headers = {"Content-Type": BOUNDARY}
    for path in ("/api/1.0/tasks", "/api/1.0/batch"):
        status, answer, _ = live.call("POST", path, PART % (b"name", b"", b"x") + b"--b--\r\n", headers=headers)
        assert_refused(status, answer, 400, 415)
