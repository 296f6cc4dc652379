"""Blocks of Notion pages as Markdown: their text and links, without what is bold or coloured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanfold.expressions.functions.arguments import Unsuitable

_LISTED = ("bulleted_list_item", "numbered_list_item", "to_do")
_HEADINGS = {"heading_1": "# ", "heading_2": "## ", "heading_3": "### "}


def _text(rich: Any) -> str:
    pieces = [piece for piece in rich if isinstance(piece, dict)] if isinstance(rich, list) else []
    shown = [(str(piece.get("plain_text") or ""), piece.get("href")) for piece in pieces]
    return "".join([f"[{plain}]({link})" if link else plain for plain, link in shown])


def _address(content: dict[str, Any]) -> str:
    kind = content.get("type")
    told = content.get(kind) if isinstance(kind, str) else None
    return str(told.get("url") or "") if isinstance(told, dict) else str(content.get("url") or "")


def _to_do(content: dict[str, Any]) -> str:
    return f"- [{'X' if content.get('checked') else ' '}] {_text(content.get('rich_text'))}"


def _picture(content: dict[str, Any]) -> str:
    caption = _text(content.get("caption"))
    return f"![{caption}]({_address(content)}" + (f' "{caption}")' if caption else ")")


def _code(content: dict[str, Any]) -> str:
    return f"```{content.get('language') or ''}\n{_text(content.get('rich_text'))}\n```"


def _file(content: dict[str, Any]) -> str:
    return f"[{_text(content.get('caption')) or 'File'}]({_address(content)})"


def _link(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda content: f"[{name or content.get('url')}]({content.get('url')})"


def _row(content: dict[str, Any]) -> str:
    cells = content.get("cells")
    shown = [_text(cell).replace("|", "\\|") for cell in cells] if isinstance(cells, list) else []
    return f"| {' | '.join(shown)} |"


_WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "bulleted_list_item": lambda content: f"- {_text(content.get('rich_text'))}",
    "numbered_list_item": lambda content: f"1. {_text(content.get('rich_text'))}",
    "to_do": _to_do,
    "quote": lambda content: f"> {_text(content.get('rich_text'))}",
    "callout": lambda content: f"> {_text(content.get('rich_text'))}",
    "code": _code,
    "divider": lambda _: "---",
    "image": _picture,
    "file": _file,
    "pdf": _file,
    "video": _file,
    "audio": _file,
    "bookmark": _link(""),
    "embed": _link("Embed"),
    "link_preview": _link(""),
    "equation": lambda content: str(content.get("expression") or ""),
    "child_page": lambda content: str(content.get("title") or ""),
    "child_database": lambda content: str(content.get("title") or ""),
    "table_row": _row,
}


def _read(block: Any, name: str) -> tuple[str, dict[str, Any]]:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str):
        raise Unsuitable(f"${name} takes blocks, which have a type")
    content = block.get(kind)
    return kind, content if isinstance(content, dict) else {}


def _written(kind: str, content: dict[str, Any]) -> str:
    writer = _WRITERS.get(kind)
    if writer is not None:
        return writer(content)
    return _HEADINGS.get(kind, "") + _text(content.get("rich_text"))


def notion_to_md(block: Any = None) -> str:
    """One block as Markdown."""
    kind, content = _read(block, "convertNotionToMd")
    line = _written(kind, content)
    if kind in ("bulleted_list_item", "numbered_list_item"):
        return f"{line} \n"
    if kind == "divider":
        return f"{line} \n"
    return (
        f"{line}\n"
        if (kind in _WRITERS and kind not in ("equation", "table_row")) or kind in _HEADINGS
        else f"\n{line}\n"
    )


def notion_to_markdown(blocks: Any = None) -> str:
    """Blocks as Markdown, in their order; items of a list that stand behind each other are one list."""
    if blocks is None:
        raise Unsuitable("$convertNotionToMarkdown takes an array of blocks")
    read = [_read(block, "convertNotionToMarkdown") for block in (blocks if isinstance(blocks, list) else [blocks])]
    written: list[str] = []
    number = 0
    rows = 0
    for index, (kind, content) in enumerate(read):
        following = read[index + 1][0] if index + 1 < len(read) else ""
        if kind == "table":
            continue
        number = number + 1 if kind == "numbered_list_item" else 0
        line = _written(kind, content)
        if number:
            line = f"{number}{line[1:]}"
        if kind in _LISTED:
            written.append(line + ("\n" if following in _LISTED else "\n\n\n"))
        elif kind == "table_row":
            cells = content.get("cells")
            rule = "|" + " --- |" * len(cells) + "\n" if not rows and isinstance(cells, list) else ""
            rows = rows + 1 if following == "table_row" else 0
            written.append(f"{line}\n{rule}" + ("" if rows else "\n"))
        else:
            written.append(line + "\n\n")
    return "".join(written)


FUNCTIONS = {"convertNotionToMd": notion_to_md, "convertNotionToMarkdown": notion_to_markdown}
