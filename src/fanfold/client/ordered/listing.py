"""Reading the tasks of a project in their order, page after page, without reading twice what cannot have changed.

What stood in the project before is read once. Tasks are added behind it, so that later readings begin at the last page
there was, and go on from the last page that was full.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from fanfold.client.errors import BadAnswer
from fanfold.client.replies import Reply
from fanfold.client.request import Request

_PAGE = 100


class Page(Struct, frozen=True):
    """Tasks as (gid, name) in order. ``ended``: the list ends here."""

    tasks: list[tuple[str, str]]
    ended: bool


class Listing:
    """The list of a project. ``unfinished``: tasks that are completed are left out, which spares pages."""

    def __init__(self, project: str, *, unfinished: bool) -> None:
        self._path = f"/projects/{project}/tasks"
        self._params: dict[str, Any] = {"limit": _PAGE}
        if unfinished:
            self._params["completed_since"] = "now"
        self._offset = self._first = ""

    def request(self) -> Request:
        """What reads the next page."""
        params = {**self._params, "offset": self._offset} if self._offset else self._params
        return Request("GET", self._path, params, fields=("name",))

    def page(self, reply: Reply) -> Page | None:
        """The page that was answered; None where the place in the list was lost, and its beginning is next.

        Raises ``ApiError`` for other refusals, and ``BadAnswer``.
        """
        if reply.status == 400 and self._offset:
            self._offset = self._first = ""
            return None
        if reply.error is not None:
            raise reply.error
        offset = reply.next_offset
        if offset:
            self._offset = offset
        return Page(_tasks(reply.data), ended=not offset)

    def remember(self) -> None:
        """What comes from here on is what is read again when the list is read afresh."""
        self._first = self._offset

    def restart(self) -> None:
        """Read from there again."""
        self._offset = self._first


def _tasks(listed: Any) -> list[tuple[str, str]]:
    if not isinstance(listed, list):
        raise BadAnswer("The answer is no list of tasks")
    found = []
    for one in listed:
        if not isinstance(one, Mapping) or not isinstance(one.get("gid"), str):
            raise BadAnswer("An element of the answer is no task")
        found.append((one["gid"], str(one.get("name") or "")))
    return found


__all__ = ["Listing", "Page"]
