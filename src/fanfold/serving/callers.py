"""Who asks, as far as what they show tells somebody who cannot check it.

Whoever is counted under a key must not be able to choose another one for the same credentials.
"""

from __future__ import annotations

import hashlib
from typing import Any

from fanfold.errors import RequestError
from fanfold.serving.bodies import Scope, header


def shown_key(scope: Scope) -> str:
    """A digest of the credentials in ``Authorization``, the same in every spelling of them; empty without any.

    What stands beside them is left out: a cookie that nobody reads would otherwise make a caller somebody new. Raises
    ``RequestError`` where there are two of them, of which nobody knows which one is read behind.
    """
    shown = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(shown) > 1:
        raise RequestError("Authorization: There must be only one")
    words = shown[0].split() if shown else []
    if not words:
        return ""
    return hashlib.sha256(b" ".join((words[0].lower(), *words[1:]))).hexdigest()[:32]


def address_of(scope: Scope) -> str:
    """The address that the request came from, as the server says; empty where that does not know."""
    client: Any = scope.get("client")
    return str(client[0]) if client else ""


def key_of(scope: Scope) -> str:
    """A digest of credentials, else of cookies, else of the address that the request came from."""
    shown = shown_key(scope)
    if shown:
        return shown
    cookie = header(scope["headers"], b"cookie")
    return hashlib.sha256(b"cookie " + cookie if cookie else address_of(scope).encode()).hexdigest()[:32]
