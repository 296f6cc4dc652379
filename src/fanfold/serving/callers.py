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


def client_address(scope: Scope) -> str:
    """The address that the request came from, as the server says; empty where that does not know."""
    client: Any = scope.get("client")
    return str(client[0]) if client else ""


def key_of(scope: Scope) -> str:
    """A digest of the credentials and the cookies of a request, or of its address where it has neither.

    It tells people apart, and is not for counting: many may come with one token, each with a session of their own, and
    nobody may be given what was answered to another.
    """
    shown, cookie = shown_key(scope), header(scope["headers"], b"cookie")
    told = f"shown {shown} ".encode() + cookie if shown or cookie else client_address(scope).encode()
    return hashlib.sha256(told).hexdigest()[:32]
