"""An action as it stands in a batch file, and the whole file: what the client is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from fanfold.client import Request
from fanfold.integrations.places import Document, Place


class Written(Request, frozen=True):
    """A request with ``more`` members of an action, as they are on the wire: ``timeout``, ``headers``, ``base64``."""

    more: Mapping[str, Any] = {}

    @property
    def wired(self) -> bool:
        """Whether it says what only servers understand that know more than plain actions."""
        return bool(self.id or self.depends_on or self.for_each or self.more)

    def in_batch(self) -> bytes:
        """The action as JSON, without its key."""
        line = Request.in_batch(self)
        if not self.more:
            return line
        return msgspec.json.encode({**msgspec.json.decode(line), **self.more})


class BatchFile(Struct, frozen=True):
    """A batch as somebody keeps it.

    ``names`` is what each action is called, empty for none; ``needs`` the places of those that each waits for;
    ``spots`` where it stands in ``document``. ``options`` are those of the batch, without ``dry_run``.
    """

    actions: tuple[Written, ...]
    names: tuple[str, ...]
    needs: tuple[tuple[int, ...], ...]
    spots: tuple[Place, ...]
    document: Document
    options: Mapping[str, Any] = {}
    dry_run: bool = False

    @property
    def serial(self) -> bool:
        """Whether each action waits for the one before."""
        return self.options.get("execution") == "serial"

    @property
    def stop(self) -> bool:
        """Whether nothing is begun after a failure."""
        return self.options.get("on_error") == "stop"
