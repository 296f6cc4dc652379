"""Formatted text: strict XML inside ``<body>``, one text with two views of it, plain and HTML.

What clients send is parsed by expat with everything refused that makes XML dangerous (document types, entities,
processing instructions, comments) and written anew, so that what is stored holds nothing but the tags and attributes
listed here. Mentions of other objects are stored by gid and spelt out for whoever reads them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from xml.parsers import expat

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.work.addresses import permalink
from fanfold.work.shape import decode
from fanfold.work.view import gid_of

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.schema import Document, Rule
    from fanfold.work.shape import Sheet
    from fanfold.work.view import View

MAX_DEPTH = 32
"""How deep tags may be nested."""

MAX_HTML = 65_535
"""Longest formatted text, in characters."""

INLINE = frozenset(("strong", "em", "u", "s", "code", "ol", "ul", "li", "a"))
HEADINGS = INLINE | {"h1", "h2", "hr"}
TAGS: Mapping[str, frozenset[str]] = {
    "task": HEADINGS,
    "project_brief": HEADINGS | {"img", "table", "tr", "td", "object"},
}
"""The tags that a kind allows beside those that every kind allows."""

MENTION = "data-asana-gid"
ATTRIBUTES = frozenset(("href", MENTION, *(f"data-asana-{word}" for word in ("accessible", "dynamic", "type"))))
"""What ``<a>`` may say; no other tag says anything."""

_SCHEMES = ("http://", "https://", "mailto:")
_BLOCKS = frozenset(("ol", "ul", "li", "h1", "h2", "hr", "table", "tr"))
_MENTIONED = re.compile(r'<a data-asana-gid="(\d+)"( data-asana-dynamic="false")?>(.*?)</a>', re.DOTALL)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_QUOTED = str.maketrans({'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def escape(text: str) -> str:
    """Text as it stands between tags; for this the standard library would load an HTTP client, at every start."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(text: str) -> str:
    """The value of an attribute, in quotes."""
    return f'"{escape(text).translate(_QUOTED)}"'


class Rich(Struct, frozen=True):
    """A text's two views; ``formatted`` is False where the HTML says no more than the plain text."""

    html: str
    plain: str
    formatted: bool


class _Writer:
    """Takes what the parser finds and writes both views of it."""

    def __init__(self, label: str, tags: frozenset[str], mention: Callable[[int], str]) -> None:
        self.label = label
        self.tags = tags
        self.mention = mention
        self.html: list[str] = []
        self.plain: list[str] = []
        self.open: list[str] = []
        self.formatted = False

    def refuse(self, why: str) -> RequestError:
        return RequestError(f"{self.label}: {why}")

    def never(self, *_: object) -> None:
        raise self.refuse("XML is invalid: only elements and text are allowed")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.open:
            if name != "body" or attributes:
                raise self.refuse("Must be enclosed in <body>")
            self.open.append(name)
            return
        if name not in self.tags:
            raise self.refuse(f"XML is invalid: <{name[:40]}> is not allowed")
        if len(self.open) >= MAX_DEPTH:
            raise self.refuse(f"XML is invalid: must be nested at most {MAX_DEPTH} deep")
        if name == "a" and "a" in self.open:
            raise self.refuse("XML is invalid: a link cannot hold a link")
        self.formatted = True
        self.open.append(name)
        self._break_line(name)
        self.html.append(f"<{name}{self._attributes(name, attributes)}>")

    def _attributes(self, name: str, attributes: dict[str, str]) -> str:
        for attribute in attributes:
            if name != "a" or attribute not in ATTRIBUTES:
                raise self.refuse(f"XML is invalid: <{name}> cannot have the attribute {attribute[:40]}")
        mentioned = attributes.get(MENTION)
        if mentioned is not None:
            if gid_of(mentioned) is None:
                raise self.refuse(f"Not a recognized ID: {mentioned[:40]}")
            fixed = ' data-asana-dynamic="false"' if attributes.get("data-asana-dynamic") == "false" else ""
            return f' {MENTION}="{int(mentioned)}"{fixed}'
        href = attributes.get("href")
        if href is None:
            return ""
        if not href.lower().startswith(_SCHEMES):
            raise self.refuse("XML is invalid: a link must lead to http, https or mailto")
        return f" href={quoted(href)}"

    def end(self, name: str) -> None:
        self.open.pop()
        if not self.open:
            return
        last = self.html[-1]
        if last == "<hr>":
            self.html[-1] = "<hr/>"
        else:
            if last.startswith(f"<a {MENTION}="):
                self.plain.append(self.mention(int(last.split('"')[1])))
            self.html.append(f"</{name}>")
        self._break_line(name)

    def text(self, text: str) -> None:
        self.html.append(escape(text))
        self.plain.append(text)

    def _break_line(self, name: str) -> None:
        if name in _BLOCKS and self.plain and not self.plain[-1].endswith("\n"):
            self.plain.append("\n")


def parse(label: str, text: str, kind: str = "", mention: Callable[[int], str] = str) -> Rich:
    """Read formatted text that a client sent for an object of ``kind``; refusals begin with ``label``.

    ``mention`` gives the plain text for an object that is mentioned by its gid alone.
    """
    writer = _Writer(label, TAGS.get(kind, INLINE), mention)
    if len(text) > MAX_HTML:
        raise writer.refuse(f"Must be at most {MAX_HTML} characters long")
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    for handler in (
        "StartDoctypeDeclHandler",
        "EntityDeclHandler",
        "ProcessingInstructionHandler",
        "CommentHandler",
        "XmlDeclHandler",
        "SkippedEntityHandler",
        "StartCdataSectionHandler",
    ):
        setattr(parser, handler, writer.never)
    try:
        parser.Parse(text.encode(), True)  # noqa: FBT003
    except (expat.ExpatError, UnicodeEncodeError) as error:
        reason = expat.errors.messages[error.code] if isinstance(error, expat.ExpatError) else "not a Unicode text"
        raise writer.refuse(f"XML is invalid: {reason}") from None
    return Rich(f"<body>{''.join(writer.html)}</body>", "".join(writer.plain).strip("\n"), writer.formatted)


def html_of(plain: str) -> str:
    """The HTML view of a plain text."""
    return f"<body>{escape(_NOT_XML.sub('', plain))}</body>"


def spelt_out(view: View, html: str) -> str:
    """Formatted text with each mention turned into a link, named as far as the caller may see what is mentioned."""
    if MENTION not in html:
        return html
    rows = view.rows({int(gid) for gid, *_ in _MENTIONED.findall(html)})

    def link(match: re.Match[str]) -> str:
        gid, fixed, inner = match.groups()
        row = rows.get(int(gid))
        if row is None:
            return f'<a data-asana-accessible="false" {MENTION}="{gid}">{inner or "Private Link"}</a>'
        name = inner if fixed and inner else escape(str(decode(row.document).get("name") or ""))
        dynamic = "false" if fixed else "true"
        return (
            f'<a href={quoted(permalink(view, row.gid))} data-asana-accessible="true" '
            f'data-asana-dynamic="{dynamic}" data-asana-type="{row.kind}" {MENTION}="{gid}">{name}</a>'
        )

    return _MENTIONED.sub(link, html)


# -- what a kind's page says -----------------------------------------------------------------------------------------


def show(plain: str = "notes", html: str = "html_notes") -> Callable[[Sheet, int, Document], str]:
    """The function that computes the HTML view of a record's text."""

    def compute(sheet: Sheet, _: int, document: Document) -> str:
        stored = document.get(html)
        return html_of(document.get(plain) or "") if stored is None else spelt_out(sheet.view, stored)

    return compute


def twins(plain: str = "notes", html: str = "html_notes") -> Rule:
    """A rule for creation and update: the two views are one text, of which a client gives one."""

    def rule(change: Change) -> None:
        given = change.given.values
        if html not in given:
            if plain in given:
                change.after.pop(html, None)
            return
        if plain in given:
            raise RequestError(f"You may only provide one of {plain} or {html}!")
        view = change.view
        rich = parse(html, given[html] or "<body></body>", change.kind.name, lambda gid: permalink(view, gid))
        change.after[plain] = rich.plain
        if rich.formatted:
            change.after[html] = rich.html
        else:
            change.after.pop(html, None)

    return rule
