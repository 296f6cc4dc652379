"""The words of a seed file that read more naturally than the paths that they stand for.

Whatever is not here is a collection of the API: ``sections`` below a project is ``POST /projects/…/sections``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

Item = dict[str, Any]


class Maker(Protocol):
    """What is needed of the loader."""

    def make(self, item: Any, place: str, path: str, who: int, preset: Item, text: str = "name") -> Item:
        """Create one record at ``path``, with everything that is written below it."""

    def ask(self, place: str, who: int, method: str, path: str, data: Item, query: Item | None = None) -> Any:
        """What the API answers a member."""

    def related(self, value: Any, place: str) -> Any:
        """The gid that a key in a relation stands for."""

    def later(self, late: Callable[[], object]) -> None:
        """Have something done when all records are there."""


Below = Callable[[Maker, Item, str, Any, str, int], object]
"""Makes one item that stands below a record: the loader, the record, its path, the item, its place, who asks."""


def _linked(verb: str, field: str) -> Below:
    """Each item is a key; it is linked by a verb of the API."""

    def link(maker: Maker, _: Item, here: str, item: Any, place: str, who: int) -> object:
        return maker.ask(place, who, "POST", f"{here}/{verb}", {field: maker.related(item, place)})

    return link


def _task_of_project(maker: Maker, made: Item, _: str, item: Any, place: str, who: int) -> object:
    return maker.make(item, place, "/tasks", who, {"projects": [made["gid"]]})


def _task_of_section(maker: Maker, made: Item, _: str, item: Any, place: str, who: int) -> object:
    where = {"project": made["project"]["gid"], "section": made["gid"]}
    return maker.make(item, place, "/tasks", who, {"memberships": [where]})


def _comment(maker: Maker, _: Item, here: str, item: Any, place: str, who: int) -> object:
    return maker.make(item, place, f"{here}/stories", who, {}, text="text")


def _dependency(maker: Maker, _: Item, here: str, item: Any, place: str, who: int) -> None:
    def link() -> None:
        maker.ask(place, who, "POST", f"{here}/addDependencies", {"dependencies": [maker.related(item, place)]})

    # The tasks that it waits for may stand further down in the file.
    maker.later(link)


BELOW: Mapping[tuple[str, str], Below] = {
    ("project", "custom_field_settings"): _linked("addCustomFieldSetting", "custom_field"),
    ("project", "members"): _linked("addMembers", "members"),
    ("project", "tasks"): _task_of_project,
    ("section", "tasks"): _task_of_section,
    ("task", "comments"): _comment,
    ("task", "dependencies"): _dependency,
    ("team", "members"): _linked("addUser", "user"),
}
