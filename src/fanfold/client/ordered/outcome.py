"""What came of creating many tasks, also where not all of them could be created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fanfold.client.errors import ClientError


class PartlyCreated(ClientError):
    """Not all tasks could be created

    ``created`` has what the server answered for each task, in their order, and None for those that are not there;
    ``errors`` says why, by place from 0. What was created stands in the right order, save what has an error and a gid
    both: that is there, but could not be moved into its place.
    """

    def __init__(
        self, message: str = "", *, created: Sequence[Any | None] = (), errors: Mapping[int, ClientError] | None = None
    ) -> None:
        super().__init__(message)
        self.created = list(created)
        self.errors = dict(errors or {})


def outcome(created: Sequence[Any | None], errors: Mapping[int, ClientError]) -> list[Any]:
    """All of what was created. Raises ``PartlyCreated`` if that is not all."""
    if not errors:
        return list(created)
    place = min(errors)
    count = sum(1 for one in created if one is None)
    said = f"{count} of {len(created)} tasks are not there" if count else f"{len(errors)} tasks are not in their place"
    raise PartlyCreated(f"{said}; the task at {place}: {errors[place]}", created=created, errors=errors)


__all__ = ["PartlyCreated", "outcome"]
