"""The whole store: records, links and lists; beside them the log of events, tokens, apps, kept answers and shelves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fanfold.work.store.answers import KeptAnswers
from fanfold.work.store.apps import Apps
from fanfold.work.store.deliveries import Deliveries
from fanfold.work.store.index import Index
from fanfold.work.store.shelves import Shelves


class TokenRow(NamedTuple):
    """A token as it is stored."""

    number: int
    digest: bytes
    user: int
    name: str
    created_at: str
    revoked_at: str | None


class Store(Index, Apps, Deliveries, KeptAnswers, Shelves):
    """Everything the work API keeps; each part stands in the module of its class."""

    def of_kind(self, kind: str) -> list[int]:
        """The gids of all records of a kind, wherever they are; a scan, not for requests."""
        return [gid for (gid,) in self._rows("of_kind", kind)]

    def add_audit(self, workspace: int, at: str, event: str, actor: int, resource: int, document: bytes) -> int:
        """Append to the audit log; the entry's number."""
        return self._add("audit", workspace, at, event, actor, resource, document)

    def audited(
        self, workspace: int, after: int, chosen: tuple[str, str, str | None, int | None, int | None], limit: int
    ) -> list[tuple[int, bytes]]:
        """Number and document of entries behind ``after``.

        ``chosen``: first and last moment, type, actor (-1: any user) and resource, each None where all are wanted.
        """
        return self._rows("audited", workspace, after, *chosen, limit)

    def prune_audit(self, before: str) -> None:
        """Remove the entries of before a moment."""
        self._cursor.execute(self._sql["prune_audit"], (before,))

    def token_user(self, digest: bytes) -> tuple[int, int] | None:
        """Token id and user gid for the digest of a token that is valid."""
        found: tuple[int, int] | None = self._cursor.execute(self._sql["token_by_digest"], (digest,)).fetchone()
        return found

    def is_token_valid(self, token: int) -> bool:
        """Whether a token was not revoked."""
        return bool(self._one("is_token_valid", token))

    def tokens(self) -> list[tuple[int, int, str, str, str | None]]:
        """Id, user gid, name, creation and revocation time of all tokens."""
        return self._rows("tokens")

    def add_token(self, digest: bytes, user: int, name: str, created_at: str) -> None:
        """Make a token valid."""
        self._cursor.execute(self._sql["add_token"], (digest, user, name, created_at))

    def digests(self) -> list[TokenRow]:
        """All tokens with their digests, valid or revoked, to be kept while the data around them change."""
        return [TokenRow(*row) for row in self._rows("all_tokens")]

    def keep_tokens(self, tokens: Iterable[TokenRow]) -> None:
        """Have these tokens and no others; of two with one number the later gets a new one."""
        self._cursor.execute(self._sql["forget_tokens"])
        taken: set[int] = set()
        for token in tokens:
            number = None if token.number in taken else token.number
            taken.add(token.number)
            self._cursor.execute(self._sql["keep_token"], (number, *token[1:]))

    def revoke_token(self, token: int, at: str) -> bool:
        """End a token; False if there was none to end."""
        return bool(self._change("revoke_token", at, token))
