"""Who may control the server: whoever holds the admin token, and, if that is switched on, whoever sits at this machine.

"At this machine" is not told by the peer's address alone. A browser here sends what any page on the web tells it to,
and a proxy here passes on what anybody sends; so what either of them would send is refused.
"""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import Any

from fanfold.errors import RequestError
from fanfold.server.tokens import digest
from fanfold.serving.bodies import Scope
from fanfold.settings import Settings

HEADER = b"fanfold-admin"
"""What every request of a person at this machine carries. No page may send it to another origin without asking."""

_FORWARDED = {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"}
_OF_BROWSERS = {b"origin", b"sec-fetch-site"}


class Guard:
    """Lets a request to the controls in, or raises ``RequestError``."""

    def __init__(self, settings: Settings) -> None:
        self._local = settings.admin
        self._token = digest(settings.admin_token) if settings.admin_token else b""
        self._hosts = {"localhost", "127.0.0.1", "::1", settings.host.lower()}

    def check(self, scope: Scope) -> None:
        """Raise unless the request is from somebody who may control the server."""
        names = {name for name, _ in scope["headers"]}
        if names & _OF_BROWSERS:
            raise RequestError("Browsers have no access to this.", status=403)
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if given or not self._local:
            if not self._token or len(given) != 1 or not hmac.compare_digest(_presented(given[0]), self._token):
                raise RequestError("The admin token is missing or wrong.", status=401)
            return
        if not _is_loopback(scope.get("client")) or names & _FORWARDED or not self._names_this_machine(scope):
            raise RequestError("Only this machine, or whoever has the admin token, has access to this.", status=403)
        if HEADER not in names:
            raise RequestError("Send the header Fanfold-Admin: 1 with each request.", status=403)

    def _names_this_machine(self, scope: Scope) -> bool:
        """Whether the one host asked for is ours: a page of a name that leads here by a trick is not."""
        hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return False
        name, _, port = hosts[0].rpartition(":") if not hosts[0].endswith("]") else (hosts[0], "", "")
        return (name if port.isdigit() else hosts[0]).strip("[]") in self._hosts


def _presented(authorization: bytes) -> bytes:
    scheme, _, token = authorization.partition(b" ")
    return digest(token.strip()) if scheme.lower() == b"bearer" else b""


def _is_loopback(client: Any) -> bool:
    try:
        return ip_address(client[0]).is_loopback
    except (TypeError, ValueError):
        return False
