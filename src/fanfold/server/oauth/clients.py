"""Apps as the protocol meets them, and how they are registered."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from msgspec import Struct

from fanfold.errors import SetupError
from fanfold.server.tokens import digest
from fanfold.work import Store
from fanfold.work.clock import stamp, utc_now
from fanfold.work.scopes import EVERYTHING, SCOPES

SHOW_CODE = "urn:ietf:wg:oauth:2.0:oob"
"""The redirect address of apps that have none: the code is shown, for the user to copy."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_KNOWN = frozenset(SCOPES)


class Client(Struct, frozen=True):
    """One app. ``secret`` is the digest of its secret, None for an app that cannot keep one."""

    client_id: str
    name: str
    secret: bytes | None
    redirects: tuple[str, ...]

    def get_client_id(self) -> str:
        """Its client id."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Where users are sent back to when the app does not say, which only works where there is no choice."""
        return self.redirects[0] if len(self.redirects) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes as asked, everything where none is; None where one of them is unknown."""
        asked = list(dict.fromkeys((scope or "").split())) or [EVERYTHING]
        return " ".join(asked) if _KNOWN.issuperset(asked) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether users may be sent back there: to the letter as registered, or anybody could collect codes."""
        return redirect_uri in self.redirects

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether this is the app's secret."""
        return self.secret is not None and hmac.compare_digest(self.secret, digest(client_secret))

    def check_endpoint_auth_method(self, method: str, _: str) -> bool:
        """An app with a secret has to show it; one without has none to show."""
        return (method == "none") == (self.secret is None)

    def check_response_type(self, response_type: str) -> bool:
        """Codes only: what is put into an address may be read by others."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """A code for tokens, a refresh token for another."""
        return grant_type in ("authorization_code", "refresh_token")


def find_client(store: Store, client_id: str) -> Client | None:
    """The app with a client id."""
    row = store.app(client_id)
    return None if row is None else Client(row.client, row.name, row.secret, tuple(row.redirects.splitlines()))


def register(store: Store, name: str, redirects: list[str], *, public: bool = False) -> tuple[str, str]:
    """Make an app: its client id, and its secret (empty for a public one), which is kept nowhere."""
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise SetupError("An app needs a name of at most 100 characters, by which users recognise it.")
    if not redirects:
        raise SetupError(f"An app needs an address to send users back to: --redirect https://… or {SHOW_CODE}.")
    for redirect in redirects:
        _check_redirect(redirect)
    client = str(10**15 + secrets.randbelow(9 * 10**15))
    secret = "" if public else f"ffs_{secrets.token_urlsafe(32)}"
    store.begin_action()
    kept = None if public else digest(secret)
    store.add_app(client, kept, name, "\n".join(dict.fromkeys(redirects)), stamp(utc_now()))
    store.end_action()
    store.commit()
    return client, secret


def _check_redirect(redirect: str) -> None:
    if redirect == SHOW_CODE:
        return
    try:
        parts = urlsplit(redirect)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise SetupError(f"{redirect} is not an address.") from None
    plain = redirect.isascii() and redirect.isprintable() and not set(redirect) & set(" \"'<>\\^`{|}")
    own = "." in parts.scheme and parts.scheme not in ("http", "https")
    if (
        not plain
        or parts.fragment
        or "@" in parts.netloc
        or not ((parts.scheme == "https" and host) or own or (host in _LOOPBACK and parts.scheme == "http"))
    ):
        raise SetupError(
            f"{redirect} cannot be an address to send users back to: it has to be https://, http:// on this machine, "
            f"a scheme of the app's own such as com.example.app:/done, or {SHOW_CODE}; without a fragment."
        )
