"""The demo's pages and their blocks: trees of any size up to thousands, worked out from their numbers.

Blocks of a long page come in groups: the first has five children, the last of which has three. So there is something
to recurse into without a call for every few blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec import Struct


class PageShape(Struct, frozen=True):
    """How many blocks a page has in all, and how many make a group; 0 for none that are nested."""

    blocks: int
    group: int = 0


PAGES = {
    "page-0": PageShape(0),
    "page-1": PageShape(1),
    "page-2": PageShape(2),
    "page-20": PageShape(20, 20),
    "page-5000": PageShape(5000, 100),
}

_CHILDREN = range(2, 7)
"""Places in a group of the children of its first block; the last of them has the next three as children."""
_GRANDCHILDREN = range(7, 10)
_KINDS = ("paragraph", "paragraph", "bulleted_list_item", "paragraph", "to_do", "quote", "paragraph")


def page(name: str) -> dict[str, Any]:
    """A page, without its blocks."""
    title = [_text(f"A page of {PAGES[name].blocks} blocks")]
    return {
        "object": "page",
        "id": name,
        "created_time": "2026-01-01T00:00:00.000Z",
        "last_edited_time": "2026-01-02T00:00:00.000Z",
        "archived": False,
        "properties": {"title": {"id": "title", "type": "title", "title": title}},
    }


def place_of(block: str) -> tuple[str, int] | None:
    """Page and number of a block by its id, such as ``block-5000-17``; None where there is no such block."""
    head, _, number = block.rpartition("-")
    name = head.replace("block-", "page-", 1)
    shape = PAGES.get(name) if head.startswith("block-") else None
    if shape is None or not number.isascii() or not number.isdigit() or len(number) > 6 or number[0] == "0":
        return None
    return (name, int(number)) if int(number) <= shape.blocks else None


def children_of(parent: str) -> tuple[str, Sequence[int]] | None:
    """The page, and the numbers of the blocks below it or below a block, rising; None where there is no such parent."""
    if parent in PAGES:
        return parent, _outermost(parent)
    place = place_of(parent)
    return None if place is None else (place[0], _below(PAGES[place[0]], place[1]))


@cache
def _outermost(name: str) -> Sequence[int]:
    shape = PAGES[name]
    if not shape.group:
        return range(1, shape.blocks + 1)
    inner = {*_CHILDREN, *_GRANDCHILDREN}
    return [number for number in range(1, shape.blocks + 1) if (number - 1) % shape.group + 1 not in inner]


def _below(shape: PageShape, number: int) -> range:
    if not shape.group:
        return range(0)
    within = (number - 1) % shape.group + 1
    start = number - within
    if within == 1:
        return range(start + _CHILDREN.start, start + _CHILDREN.stop)
    if within == _CHILDREN[-1]:
        return range(start + _GRANDCHILDREN.start, start + _GRANDCHILDREN.stop)
    return range(0)


def _parent(name: str, number: int) -> dict[str, str]:
    shape = PAGES[name]
    within = (number - 1) % shape.group + 1 if shape.group else 1
    start = number - within
    above = 1 if within in _CHILDREN else _CHILDREN[-1] if within in _GRANDCHILDREN else 0
    if above:
        return {"type": "block_id", "block_id": block_id(name, start + above)}
    return {"type": "page_id", "page_id": name}


def block_id(name: str, number: int) -> str:
    """The id of a block."""
    return f"{name.replace('page-', 'block-', 1)}-{number}"


def block(name: str, number: int) -> dict[str, Any]:
    """A block by its page and number."""
    shape = PAGES[name]
    kind = _KINDS[number % len(_KINDS)] if shape.group else "paragraph"
    content: dict[str, Any] = {"rich_text": [_text(f"Block {number} of {name}")], "color": "default"}
    if kind == "to_do":
        content["checked"] = number % 2 == 0
    who = {"object": "user", "id": f"u_{1 + number % 5}"}
    return {
        "object": "block",
        "id": block_id(name, number),
        "parent": _parent(name, number),
        "created_time": "2026-01-01T00:00:00.000Z",
        "last_edited_time": "2026-01-02T00:00:00.000Z",
        "created_by": who,
        "last_edited_by": who,
        "has_children": len(_below(shape, number)) > 0,
        "archived": False,
        "type": kind,
        kind: content,
    }


def _text(content: str) -> dict[str, Any]:
    plain = {"bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False}
    return {
        "type": "text",
        "text": {"content": content, "link": None},
        "annotations": {**plain, "color": "default"},
        "plain_text": content,
        "href": None,
    }
