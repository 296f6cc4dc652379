"""Apps that act in users' names: what they were allowed, and the vouchers that they hold for it.

A voucher is a code, an access token or a refresh token; only its digest is stored. All vouchers of one consent hang
together: taking the consent back takes them all.
"""

from __future__ import annotations

from typing import NamedTuple

from fanfold.work.store.lists import Lists


class AppRow(NamedTuple):
    """A registered app. ``secret`` is a digest, None for an app that cannot keep one; ``redirects`` are lines."""

    id: int
    client: str
    secret: bytes | None
    name: str
    redirects: str
    created_at: str


class Voucher(NamedTuple):
    """What an app holds. ``expires_at``: seconds since 1970, None for never; ``about``: JSON, particular to codes."""

    digest: bytes
    consent: int
    what: str
    scope: str
    expires_at: int | None
    spent: int
    about: bytes
    user: int
    client: str


class Apps(Lists):
    """The store's part about apps."""

    def add_app(self, client: str, secret: bytes | None, name: str, redirects: str, created_at: str) -> None:
        """Register an app."""
        self._cursor.execute(self._sql["add_app"], (client, secret, name, redirects, created_at))

    def app(self, client: str) -> AppRow | None:
        """The app with a client id."""
        return next((AppRow(*row) for row in self._rows("app", client)), None)

    def apps(self) -> list[AppRow]:
        """All apps, oldest first."""
        return [AppRow(*row) for row in self._rows("apps")]

    def delete_app(self, client: str) -> bool:
        """Remove an app and all that it holds; False if there is none."""
        self._cursor.execute(self._sql["delete_vouchers_of_app"], (client,))
        self._cursor.execute(self._sql["delete_consents_of_app"], (client,))
        return bool(self._change("delete_app", client))

    def add_consent(self, client: str, user: int, created_at: str) -> int:
        """Note that a user let an app in; the consent's number."""
        return self._add("add_consent", user, created_at, client)

    def revoke_consent(self, consent: int) -> None:
        """End a consent and every voucher for it."""
        self._cursor.execute(self._sql["delete_vouchers"], (consent,))
        self._cursor.execute(self._sql["delete_consent"], (consent,))

    def is_consent_given(self, consent: int) -> bool:
        """Whether a user still allows what an app was allowed."""
        return bool(self._one("is_consent_given", consent))

    def add_voucher(
        self, digest: bytes, consent: int, what: str, scope: str, expires_at: int | None, about: bytes = b"{}"
    ) -> None:
        """Make a voucher valid."""
        self._cursor.execute(self._sql["add_voucher"], (digest, consent, what, scope, expires_at, about))

    def voucher(self, digest: bytes) -> Voucher | None:
        """A voucher, however old or spent."""
        return next((Voucher(*row) for row in self._rows("voucher", digest)), None)

    def spend_voucher(self, digest: bytes) -> None:
        """Mark a voucher as used up."""
        self._cursor.execute(self._sql["spend_voucher"], (digest,))

    def drop_vouchers(self, before: int) -> None:
        """Forget the vouchers that expired before a moment."""
        self._cursor.execute(self._sql["drop_vouchers"], (before,))
