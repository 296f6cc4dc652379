"""XML and CSV."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import msgspec

from fanfold.expressions.casts import text
from fanfold.expressions.functions.arguments import Unsuitable, members, string

_MAX_LEVELS = 100
_MAX_CELLS = 1_000_000


class _Reading:
    """An XML document as an object: attributes, text and elements under their names."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._open = [self.root]
        self._cdata = False

    def declare(self, version: str, encoding: str | None, standalone: int) -> None:
        del standalone
        told = {"version": version, **({"encoding": encoding} if encoding else {})}
        self.root["_declaration"] = {"_attributes": told}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _MAX_LEVELS:
            raise Unsuitable(f"$xmlToJs takes {_MAX_LEVELS} levels of elements")
        element: dict[str, Any] = {"_attributes": attributes} if attributes else {}
        _add(self._open[-1], name, element)
        self._open.append(element)

    def end(self, name: str) -> None:
        del name
        self._open.pop()

    def characters(self, data: str) -> None:
        if self._cdata or data.strip():
            name = "_cdata" if self._cdata else "_text"
            element = self._open[-1]
            # In parts, which are joined when all is read: joining each would take the square of their number.
            element.setdefault(name, []).append(data)

    def comment(self, data: str) -> None:
        _add(self._open[-1], "_comment", data)

    def cdata(self, *, begins: bool) -> None:
        self._cdata = begins


def _add(element: dict[str, Any], name: str, value: Any) -> None:
    if name not in element:
        element[name] = value
    elif isinstance(element[name], list):
        element[name].append(value)
    else:
        element[name] = [element[name], value]


def _joined(element: Any) -> Any:
    if isinstance(element, list):
        return [_joined(one) for one in element]
    if not isinstance(element, dict):
        return element
    return {name: "".join(value) if name in ("_text", "_cdata") else _joined(value) for name, value in element.items()}


def _refuse(*_: Any) -> int:
    raise Unsuitable("$xmlToJs takes no document types and no entities of its own")


def xml_to_js(value: Any = None) -> dict[str, Any]:
    """XML as an object: ``_attributes``, ``_text``, ``_cdata``, ``_comment``, and elements under their names."""
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.characters
    parser.CommentHandler = reading.comment
    parser.XmlDeclHandler = reading.declare
    parser.StartCdataSectionHandler = lambda: reading.cdata(begins=True)
    parser.EndCdataSectionHandler = lambda: reading.cdata(begins=False)
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    try:
        parser.Parse(string(value, "xmlToJs").encode("utf-8", "replace"), True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise Unsuitable(f"$xmlToJs takes XML: {error}") from None
    joined: dict[str, Any] = _joined(reading.root)
    return joined


def js_to_xml(value: Any = None, options: Any = None) -> str:
    """XML of an object as ``xmlToJs`` gives it; plain values are the text of their element."""
    spaces = options.get("spaces", 0) if isinstance(options, dict) else 0
    width = min(int(spaces), 8) if isinstance(spaces, int | float) and spaces > 0 else 0
    written: list[str] = []
    for name, element in members(value, "jsToXml").items():
        if name == "_declaration":
            attributes = element.get("_attributes", {}) if isinstance(element, dict) else {}
            written.append(f"<?xml{_attributes(attributes)}?>")
        else:
            for one in element if isinstance(element, list) else [element]:
                written += _element(name, one, 0)
    if not width:
        return "".join(line.lstrip("\t") for line in written)
    return "\n".join(" " * width * (len(line) - len(line.lstrip("\t"))) + line.lstrip("\t") for line in written)


def _attributes(attributes: Any) -> str:
    given = attributes if isinstance(attributes, dict) else {}
    return "".join(f" {_name(name)}={quoteattr(_plain(value))}" for name, value in given.items())


def _plain(value: Any) -> str:
    return "" if value is None else text(value)


def _name(name: str) -> str:
    if not name or any(letter in "<>&\"'/= \t\r\n?!" for letter in name):
        raise Unsuitable(f"$jsToXml cannot name an element {name[:50]!r}")
    return name


def _element(name: str, value: Any, level: int) -> list[str]:
    if level > _MAX_LEVELS:
        raise Unsuitable(f"$jsToXml writes {_MAX_LEVELS} levels of elements")
    given = value if isinstance(value, dict) else {"_text": value}
    inside: list[str] = []
    plain = ""
    for key, member in given.items():
        for one in member if isinstance(member, list) else [member]:
            if key == "_text":
                plain += escape(_plain(one))
            elif key == "_cdata":
                plain += "<![CDATA[" + _plain(one).replace("]]>", "]]]]><![CDATA[>") + "]]>"
            elif key == "_comment":
                inside.append("\t" * (level + 1) + f"<!--{_plain(one).replace('--', '- -')}-->")
            elif key != "_attributes":
                inside += _element(key, one, level + 1)
    tabs = "\t" * level
    begin = f"{tabs}<{_name(name)}{_attributes(given.get('_attributes'))}"
    if not inside:
        return [f"{begin}>{plain}</{name}>" if plain else f"{begin}/>"]
    return [f"{begin}>{plain}", *inside, f"{tabs}</{name}>"]


def json_to_csv(value: Any = None, options: Any = None) -> str:
    """Rows of CSV, with a heading of all names there are. ``fields``, ``delimiter`` and ``header`` may be given."""
    given = options if isinstance(options, dict) else {}
    rows = [row for row in (value if isinstance(value, list) else [value]) if isinstance(row, dict)]
    delimiter = given.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise Unsuitable("The delimiter of $jsonToCsv is one character")
    fields = given.get("fields")
    names = (
        [str(name) for name in fields]
        if isinstance(fields, list)
        else list({name: None for row in rows for name in row})
    )
    # Many columns of many rows, nearly all of them empty, would come of a small input.
    if len(names) * len(rows) > _MAX_CELLS:
        raise Unsuitable(f"$jsonToCsv writes {_MAX_CELLS} cells")
    lines = [delimiter.join(map(_cell, names))] if names and given.get("header") is not False else []
    lines += [delimiter.join([_cell(row.get(name)) for name in names]) for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        value = msgspec.json.encode(value).decode()
    return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else text(value)


FUNCTIONS = {"xmlToJs": xml_to_js, "jsToXml": js_to_xml, "jsonToCsv": json_to_csv}
