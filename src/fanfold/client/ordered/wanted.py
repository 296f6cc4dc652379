"""The tasks that are to be created, as their caller gave them and as they are sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fanfold.client.request import Request

_encode = msgspec.json.Encoder(order="deterministic").encode


class Wanted:
    """``tasks`` for a project: names, or what ``POST /tasks`` takes. Raises ``ValueError`` for what can be neither.

    ``fields``: the fields that answers are to have.
    """

    def __init__(self, project: str, tasks: Iterable[str | Mapping[str, Any]], fields: Sequence[str]) -> None:
        self._project = project
        self._fields = tuple(fields)
        self.tasks = [_data(project, place, task) for place, task in enumerate(tasks)]
        self.names = [str(task.get("name") or "") for task in self.tasks]
        self.kinds = _kinds(self.names, self.tasks)
        self.any_completed = any(task.get("completed") for task in self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    def create(self, place: int, **more: Any) -> Request:
        """What creates a task."""
        return Request("POST", "/tasks", data=self.tasks[place], fields=self._fields, **more)

    def move(self, task: str, anchor: Mapping[str, str | None]) -> Request:
        """What moves a task."""
        return Request("POST", f"/tasks/{task}/addProject", data={"project": self._project, **anchor})


def _data(project: str, place: int, task: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(task, str):
        return {"name": task, "projects": [project]}
    if not isinstance(task, Mapping):
        raise ValueError(f"tasks: [{place}]: Must be a name or the data of a task, not {task!r}")  # noqa: TRY004 - one kind of mistake
    for name in ("memberships", "parent"):
        if name in task:
            raise ValueError(f"tasks: [{place}].{name}: The tasks go to the end of the project, in their order")
    others = task.get("projects") or []
    if isinstance(others, str) or not isinstance(others, Iterable):
        raise ValueError(f"tasks: [{place}].projects: Must be a list, not {others!r}")  # noqa: TRY004
    return {**task, "projects": list(dict.fromkeys([project, *others]))}


def _kinds(names: Sequence[str], tasks: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """The names of tasks that have one name and differ otherwise; None for all others."""
    counts = Counter(names)
    written: dict[str, set[bytes]] = {}
    for name, task in zip(names, tasks, strict=True):
        if counts[name] > 1:
            written.setdefault(name, set()).add(_encode(task))
    return [name if len(written.get(name, ())) > 1 else None for name in names]


__all__ = ["Wanted"]
