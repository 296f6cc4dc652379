"""Markdown as HTML, and HTML as Markdown."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from fanfold.expressions.functions.arguments import Unsuitable, string

_MAX_LEVELS = 200
_SPACES = re.compile(r"\s++")
_SPECIAL = re.compile(r"([\\*_`\[\]])")
_BLOCKS = frozenset(
    ("p", "div", "section", "article", "header", "footer", "main", "blockquote", "pre", "ul", "ol", "table")
)
_EMPTY = frozenset(
    ("br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr")
)
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
_MARKS = {"b": "**", "strong": "**", "i": "_", "em": "_", "del": "~~", "s": "~~", "strike": "~~"}


def markdown_to_html(value: Any = None) -> str:
    """Markdown as HTML, with tables and struck text. HTML within it stays as it is."""
    written = string(value, "convertMarkdownToHtml")
    try:
        library: Any = importlib.import_module("markdown_it")
    except ImportError:
        raise Unsuitable("$convertMarkdownToHtml needs markdown-it-py; install fanfold[server]") from None
    reader = library.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    rendered: str = reader.render(written)
    return rendered


class _Node:
    """An element that is being read: its name and attributes, and what of it is written so far."""

    __slots__ = ("attributes", "items", "name", "parts")

    def __init__(self, name: str, attributes: dict[str, str | None]) -> None:
        self.name = name
        self.attributes = attributes
        self.parts: list[str] = []
        self.items = 0


class _Writing(HTMLParser):
    """Writes each element as Markdown when it ends, into the one around it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open = [_Node("", {})]
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        node = _Node(tag, dict(attrs))
        if tag in ("li", "p") and self._open[-1].name == tag:
            self._close()
        if tag in _EMPTY:
            self._open[-1].parts.append(_alone(node))
        elif len(self._open) > _MAX_LEVELS:
            raise Unsuitable(f"$convertHtmlToMarkdown takes {_MAX_LEVELS} levels of elements")
        else:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if not any(node.name == tag for node in self._open[1:]):
            return
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        while self._open[-1].name != tag:
            self._close()
        self._close()

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if any(node.name in ("pre", "code") for node in self._open):
            self._open[-1].parts.append(data)
        else:
            self._open[-1].parts.append(_SPECIAL.sub(r"\\\1", _SPACES.sub(" ", data)))

    def result(self) -> str:
        self.close()
        while len(self._open) > 1:
            self._close()
        return _tidy("".join(self._open[0].parts))

    def _close(self) -> None:
        node = self._open.pop()
        around = self._open[-1]
        inside = "".join(node.parts)
        if node.name == "li":
            around.items += 1
        around.parts.append(_element(node, inside, around))


def _alone(node: _Node) -> str:
    if node.name == "br":
        return "  \n"
    if node.name == "hr":
        return "\n\n* * *\n\n"
    source = node.attributes.get("src")
    return f"![{node.attributes.get('alt') or ''}]({source})" if node.name == "img" and source else ""


def _element(node: _Node, inside: str, around: _Node) -> str:
    name = node.name
    if name in _UNSEEN:
        return ""
    if name in _MARKS:
        return _marked(inside, _MARKS[name])
    if len(name) == 2 and name[0] == "h" and name[1].isdigit():
        return f"\n\n{'#' * int(name[1])} {_line(inside)}\n\n"
    writer = _ELEMENTS.get(name)
    if writer is not None:
        return writer(node, inside, around)
    return f"\n\n{inside.strip()}\n\n" if name in _BLOCKS else inside


def _line(inside: str) -> str:
    return " ".join(inside.split())


def _marked(inside: str, mark: str) -> str:
    bare = inside.strip()
    before = inside[: len(inside) - len(inside.lstrip())]
    return f"{before}{mark}{bare}{mark}{inside[len(inside.rstrip()) :]}" if bare else inside


def _anchor(node: _Node, inside: str, _: _Node) -> str:
    address = node.attributes.get("href")
    return f"[{inside.strip()}]({address})" if address and inside.strip() else inside


def _code(_: _Node, inside: str, around: _Node) -> str:
    return inside if around.name == "pre" or not inside else f"`{inside}`"


def _preformatted(_: _Node, inside: str, __: _Node) -> str:
    return f"\n\n```\n{inside.strip(chr(10))}\n```\n\n"


def _quote(_: _Node, inside: str, __: _Node) -> str:
    return "\n\n" + "\n".join(f"> {line}".rstrip() for line in _tidy(inside).split("\n")) + "\n\n"


def _item(_: _Node, inside: str, around: _Node) -> str:
    mark = f"{around.items}. " if around.name == "ol" else "* "
    lines = re.sub(r"\n{2,}", "\n", _tidy(inside)).split("\n")
    return mark + "\n".join([lines[0], *("    " + line for line in lines[1:])]) + "\n"


def _list(_: _Node, inside: str, around: _Node) -> str:
    return f"\n{inside.strip()}\n" if around.name == "li" else f"\n\n{inside.strip()}\n\n"


def _cell(_: _Node, inside: str, __: _Node) -> str:
    return f" {_line(inside).replace('|', chr(92) + '|')} |"


def _row(_: _Node, inside: str, __: _Node) -> str:
    return f"|{inside.strip(' ') and ' ' + inside.strip()}\n"


def _table(_: _Node, inside: str, __: _Node) -> str:
    rows = [row.strip() for row in inside.split("\n") if row.strip()]
    if rows:
        columns = len(re.findall(r"(?<!\\)\|", rows[0])) - 1
        rows.insert(1, "|" + " --- |" * max(1, columns))
    return "\n\n" + "\n".join(rows) + "\n\n"


_ELEMENTS: dict[str, Callable[[_Node, str, _Node], str]] = {
    "a": _anchor,
    "code": _code,
    "pre": _preformatted,
    "blockquote": _quote,
    "li": _item,
    "ul": _list,
    "ol": _list,
    "td": _cell,
    "th": _cell,
    "tr": _row,
    "table": _table,
}


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"\n[ \t]++(?=\n)", "\n", text)).strip()


def html_to_markdown(value: Any = None) -> str:
    """HTML as Markdown; scripts and styles are left out."""
    writing = _Writing()
    writing.feed(string(value, "convertHtmlToMarkdown"))
    return writing.result()


FUNCTIONS = {"convertMarkdownToHtml": markdown_to_html, "convertHtmlToMarkdown": html_to_markdown}
