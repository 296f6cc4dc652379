"""Digests and signatures, as APIs want them in headers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from typing import Any

from fanfold.expressions.functions.arguments import Unsuitable, string

_ALGORITHMS = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def _written(digest: bytes, form: Any, name: str) -> str:
    if form == "hex" or form is None:
        return digest.hex()
    if form == "base64":
        return base64.b64encode(digest).decode()
    raise Unsuitable(f"${name} writes hex or base64")


def _algorithm(name: Any, known: dict[str, str], function: str) -> str:
    if name not in known:
        raise Unsuitable(f"${function} knows {', '.join(known)}")
    return known[name]


def digest(value: Any = None, algorithm: Any = "SHA-256", form: Any = "hex") -> str:
    """A digest of text as UTF-8."""
    name = _algorithm(algorithm, {**_ALGORITHMS, "MD5": "md5"}, "digest")
    made = hashlib.new(name, string(value, "digest").encode("utf-8", "replace"), usedforsecurity=False)
    return _written(made.digest(), form, "digest")


def sign(value: Any = None, algorithm: Any = "SHA-256", secret: Any = None, form: Any = "hex") -> str:
    """An HMAC of text, with a secret that is text."""
    name = _algorithm(algorithm, _ALGORITHMS, "sign")
    key = string(secret, "sign").encode("utf-8", "replace")
    return _written(hmac.digest(key, string(value, "sign").encode("utf-8", "replace"), name), form, "sign")


def random_uuid() -> str:
    """A random UUID."""
    return str(uuid.uuid4())


FUNCTIONS = {"digest": digest, "sign": sign, "uuid": random_uuid}
