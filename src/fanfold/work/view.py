"""The store as one caller sees it.

Whoever is in a workspace sees what is in it, unless the record is marked private: then somebody has to let them in.
Unknown and invisible records answer alike, so that nothing can be learnt by guessing gids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.clock import Clock, stamp
from fanfold.work.schema import Document, Kind
from fanfold.work.shape import decode
from fanfold.work.store.links import external_field

if TYPE_CHECKING:
    from pathlib import Path

    from fanfold.work.background import Step
    from fanfold.work.change import Change
    from fanfold.work.posting import Post
    from fanfold.work.store import Link, Row, Store

MEMBERS = "workspace.members"
"""Link field: the users of a workspace."""

EXTERNAL = "external:"
"""Where a gid is asked for, what follows may be the gid that a task has in another system."""

SERVICE_ACCOUNTS = "workspace.service_accounts"
"""Link field: the users of a workspace who are programs. They are none of its members, and see all that is in it."""


def _nobody(_: int) -> None:
    """Nobody is told of jobs that begin."""


@dataclass(eq=False, slots=True)
class View:
    """What ``user`` may see, during one call. ``service``: the workspace whose service account the user is, or 0.

    ``post`` speaks to others; without it there are no webhooks.
    """

    store: Store
    kinds: Mapping[str, Kind]
    user: int
    workspaces: frozenset[int]
    clock: Clock
    base: str = ""
    observers: Sequence[Callable[[Change], None]] = ()
    files: Path | None = None
    steps: Mapping[str, Step] = field(default_factory=dict)
    begun: Callable[[int], None] = _nobody
    service: int = 0
    search_delay: float = 0.0
    post: Post | None = None
    _now: str = ""

    @property
    def now(self) -> str:
        """The moment of the call, as stored and shown: the same however often it is asked."""
        if not self._now:
            self._now = stamp(self.clock())
        return self._now

    # -- may the caller see it? --------------------------------------------------------------------------------------

    def sees(self, row: Row, document: Document | None = None) -> bool:
        """Whether the record is visible to the caller."""
        if row.workspace not in self.workspaces:
            return row.kind == "user" and self._shares_a_workspace(row.gid)
        if self.service:
            return True
        within = self.kinds[row.kind].within
        if within:
            parent = (document or decode(row.document)).get(within)
            return parent is None or self.sees_gid(int(parent))
        return not row.private or self._let_in(row, document or decode(row.document))

    def sees_gid(self, gid: int) -> bool:
        """The same for a gid; False where there is no such record."""
        row = self.store.record(gid)
        return row is not None and self.sees(row)

    def _shares_a_workspace(self, user: int) -> bool:
        return user == self.user or any(owner in self.workspaces for owner, _ in self.store.owners(user, MEMBERS))

    def _let_in(self, row: Row, document: Document) -> bool:
        """Whether somebody let the caller in on a private record."""
        if row.kind in ("project", "team", "portfolio"):
            return (
                self.store.linked(row.gid, f"{row.kind}.members", self.user)
                or self._through_team(document)
                or (row.kind != "team" and self.store.let_in(self.user, row.gid, f"{row.kind}.member_teams"))
            )
        if row.kind == "section":
            return self.sees_gid(int(document["project"]))
        if row.kind == "task":
            return self._task_let_in(row.gid, document)
        if row.kind == "project_portfolio_setting":
            return self.sees_gid(int(document["project"])) and self.sees_gid(int(document["portfolio"]))
        if row.kind == "access_request":
            return str(self.user) == document["requester"] or self.sees_gid(int(document["target"]))
        return str(self.user) in (document.get("owner"), document.get("user"))

    def _through_team(self, document: Document) -> bool:
        team = document.get("team")
        return (
            document.get("privacy_setting") == "private_to_team"
            and team is not None
            and self.store.linked(int(team), "team.members", self.user)
        )

    def _task_let_in(self, gid: int, document: Document) -> bool:
        if str(self.user) in (document.get("assignee"), document.get("created_by")):
            return True
        if self.store.linked(gid, "task.followers", self.user):
            return True
        projects = {note for _, note in self.store.owners(gid, "section.tasks") if note is not None}
        if any(self.sees_gid(project) for project in projects):
            return True
        parent = document.get("parent")
        return parent is not None and self.sees_gid(int(parent))

    # -- reading -----------------------------------------------------------------------------------------------------

    def row(self, gid: int) -> Row | None:
        """A visible record, or None."""
        row = self.store.record(gid)
        return row if row is not None and self.sees(row) else None

    def rows(self, gids: Iterable[int]) -> dict[int, Row]:
        """Those of ``gids`` that exist and are visible."""
        found = self.store.records(gids)
        if self.store.far:
            self.store.owners_ahead([row.gid for row in found.values() if row.kind == "user"], MEMBERS)
        return {gid: row for gid, row in found.items() if self.sees(row)}

    def known(self, gid: int) -> bytes | None:
        """The compact form of a record, if it is at hand and anybody in the caller's workspaces may see it."""
        found = self.store.compacts_at_hand.get(gid)
        if found is None or found[1] or (found[0] and found[0] not in self.workspaces):
            return None
        return found[2]

    def compacts(self, gids: Collection[int]) -> dict[int, bytes]:
        """Compact forms of those of ``gids`` that exist and are visible; empty where it is put together when shown."""
        known = self.store.compacts(gids)
        found = {}
        for gid in gids:
            if gid in known:
                workspace, private, compact = known[gid]
                if (not private and (workspace in self.workspaces or not workspace)) or self.sees_gid(gid):
                    found[gid] = compact
        return found

    def links(
        self, gids: Sequence[int], forward: Sequence[str], backward: Sequence[str]
    ) -> dict[tuple[int, str], list[Link]]:
        """What hangs on the records by the named link fields, without what the caller may not see."""
        found = self.store.links(gids, forward, backward)
        if any([link.private for links in found.values() for link in links]):  # noqa: C419 - no generator: hot
            for key, links in found.items():
                found[key] = [link for link in links if not link.private or self.sees_gid(link.gid)]
        return found

    # -- from what a client wrote to a record ------------------------------------------------------------------------

    def user_gid(self, text: str) -> int | None:
        """The gid that ``me``, an e-mail address or a gid stands for."""
        if text == "me":
            return self.user
        if "\0" in text:
            return None
        if "@" in text:
            return self.store.user_by_email(text)
        return gid_of(text)

    def gid(self, text: str, kind: str) -> int | None:
        """The gid that a client's words stand for, where a record of ``kind`` is meant; None where they mean none."""
        if kind == "user":
            return self.user_gid(text)
        if text.startswith(EXTERNAL) and "\0" not in text and kind in ("task", ""):
            field = external_field(text.removeprefix(EXTERNAL))
            owners = (self.store.targets(workspace, field) for workspace in sorted(self.workspaces))
            return next((gid for found in owners for gid in found), None)
        return gid_of(text)

    def find(self, label: str, text: str, kind: str, *, status: int = 404) -> Row:
        """The visible record of ``kind`` that a client named; what is raised begins with ``label``."""
        gid = self.gid(text, kind)
        row = None if gid is None else self.store.record(gid)
        if row is not None and (row.kind == kind or not kind) and self.sees(row):
            return row
        if gid is None and not (kind == "user" and "@" in text) and not text.startswith(EXTERNAL):
            raise RequestError(f"{label}: Not a recognized ID: {text}", status=status)
        if row is not None and status != 404 and self.sees(row):
            raise RequestError(f"{label}: Not a valid GID type: {row.kind}", status=status)
        raise RequestError(f"{label}: Unknown object: {text}", status=status)


def gid_of(text: object) -> int | None:
    """The number that a gid stands for, or None where it is not one: 1 to 19 digits, at most 2^63 - 1."""
    if isinstance(text, str) and 0 < len(text) <= 19 and text.isascii() and text.isdigit():
        gid = int(text)
        return gid if gid < 1 << 63 else None
    return None
