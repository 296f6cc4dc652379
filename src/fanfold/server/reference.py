"""The page that shows the API description to people: one file, nothing from elsewhere, so that it works offline.

It draws ``/openapi.json`` of the same server. Its policy names the style and the script by their hashes, so that the
browser runs these and nothing else, whatever a description may hold.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from importlib import resources

_PAGE = resources.files("fanfold.server").joinpath("reference.html").read_bytes()


def _hash(tag: bytes) -> str:
    content = _PAGE.partition(b"<%b>" % tag)[2].partition(b"</%b>" % tag)[0]
    return f"'sha256-{b64encode(hashlib.sha256(content).digest()).decode()}'"


CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; connect-src 'self'; img-src data:; "
    f"style-src {_hash(b'style')}; script-src {_hash(b'script')}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The value of the header that goes with the page."""


def page() -> bytes:
    """The page, as HTML in UTF-8."""
    return _PAGE
