"""Whether two requests are one: a digest of all that says what is asked for.

A key that comes back with another fingerprint is a mistake of whoever sent it, and must not be answered with what
somebody else asked for.
"""

from __future__ import annotations

import hashlib
from typing import Any

from msgspec import json

from fanfold.model import Pairs

_ENCODER = json.Encoder(order="sorted")


def fingerprint_of(method: str, path: str, query: Pairs = (), body: Any = None) -> bytes:
    """SHA-256 over a request's method, path, query (in the order written) and body.

    A decoded body counts as the JSON value that it is, whatever the order of its members; ``bytes`` count as they are.
    """
    raw = isinstance(body, (bytes, bytearray, memoryview))
    head = _ENCODER.encode((method, path, query, raw))
    digest = hashlib.sha256(len(head).to_bytes(8, "big") + head)
    digest.update(body if raw else _ENCODER.encode(body))
    return digest.digest()
