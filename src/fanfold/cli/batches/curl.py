"""Pasted ``curl`` commands as actions: what people have at hand when they first meet a batch.

Who asks, and how the answer is shown, is for the options of our own command; these parts of a command are left out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import DecodeError, json

from fanfold.integrations.places import Document, Place, WrongDocument

_WITH_VALUE = {
    "-X": "method",
    "--request": "method",
    "-d": "data",
    "--data": "data",
    "--data-raw": "data",
    "--data-ascii": "data",
    "--data-binary": "data",
    "--data-urlencode": "data",
    "--json": "data",
    "-H": "header",
    "--header": "header",
    "--url": "url",
}
_PLAIN = ("-s", "-S", "-sS", "-k", "-i", "-v", "-L", "-f", "-g", "-sSL", "--silent", "--show-error", "--compressed")
_PLAIN_LONG = ("--insecure", "--include", "--verbose", "--location", "--fail", "--globoff")
_GET = ("-G", "--get")
_SKIPPED = ("-o", "--output", "-w", "--write-out", "-m", "--max-time", "--connect-timeout", "-A", "--user-agent")
_OURS = ("authorization", "content-type", "accept", "user-agent", "content-length", "host")
"""Headers that we send ourselves, or that are for nobody."""

_KNOWN_BASES = ("/api/1.0",)


class _WrongCommand(Exception):
    """What is wrong with a command."""


def is_curl(text: str) -> bool:
    """Whether a text begins with a ``curl`` command; comments and a prompt may stand before."""
    first = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    return first.lstrip(" $").startswith("curl ")


def read_curl(text: str, source: str, base: str) -> Document:
    """The actions of ``curl`` commands; ``base`` is the path of the API. Raises ``WrongDocument`` with all mistakes."""
    actions: list[Any] = []
    lines: dict[Place, int] = {}
    complaints: list[str] = []
    for line, command in _commands(text):
        try:
            found = _actions(command, base)
        except _WrongCommand as error:
            complaints.append(f"{source}:{line}: {error}")
            continue
        for action in found:
            lines[("actions", len(actions))] = line
            actions.append(action)
    if complaints:
        raise WrongDocument(tuple(complaints))
    return Document({"actions": actions}, source, lines)


def _commands(text: str) -> Iterator[tuple[int, str]]:
    """The commands with their lines; one goes on where a line ends in a backslash or within quotes."""
    command, quote, begun, line = "", "", 1, 1
    characters = iter(text)
    for character in characters:
        line += character == "\n"
        if character == "\\" and quote != "'":
            following = next(characters, "")
            line += following == "\n"
            command += "" if following == "\n" else character + following
        elif character == "\n" and not quote:
            if command.strip():
                yield begun, command
            command, begun = "", line
        else:
            if character in "'\"" and quote in ("", character):
                quote = "" if quote else character
            command += character
    if command.strip():
        yield begun, command


def _actions(command: str, base: str) -> list[Any]:
    try:
        words = shlex.split(command.lstrip().removeprefix("$ "), comments=True)
    except ValueError as error:
        raise _WrongCommand(f"a shell could not read this: {error}.") from None
    if not words:
        return []
    if words[0] != "curl":
        raise _WrongCommand(f"expected a curl command, not {words[0]!r}.")
    told = _told(words[1:])
    if len(told["url"]) != 1:
        raise _WrongCommand(f"expected one URL, not {len(told['url'])}.")
    try:
        parts = urlsplit(told["url"][0])
    except ValueError as error:
        raise _WrongCommand(f"{told['url'][0]!r} is no URL: {error}.") from None
    path = _below(parts.path, base)
    data = _data(told["data"])
    method = (told["method"] or ["POST" if told["data"] and not told["get"] else "GET"])[-1].upper()
    if method == "POST" and path.rstrip("/") == "/batch":
        return _of_batch(data)
    query = f"?{parts.query}" if parts.query else ""
    action: dict[str, Any] = {"method": method, "relative_path": path + query}
    if isinstance(data, dict):
        action["data"] = data if method == "GET" else data.get("data", data)
    headers = _headers(told["header"])
    return [action | ({"headers": headers} if headers else {})]


def _told(words: list[str]) -> dict[str, list[str]]:
    """The values of the options that we know."""
    told: dict[str, list[str]] = {name: [] for name in ("method", "data", "header", "url", "get")}
    rest = iter(words)
    for word in rest:
        name, mark, value = word.partition("=") if word.startswith("--") else (word, "", "")
        short = word[:2]
        if name in _WITH_VALUE or name in _SKIPPED:
            value = value if mark else next(rest, "")
            told.get(_WITH_VALUE.get(name, ""), []).append(value)
        elif word in _GET:
            told["get"].append(word)
        elif word.startswith("-") and word not in (*_PLAIN, *_PLAIN_LONG):
            if word.startswith("--") or short not in _WITH_VALUE:
                raise _WrongCommand(f"{word}: this option of curl is not read.")
            told[_WITH_VALUE[short]].append(word[2:])
        elif not word.startswith("-"):
            told["url"].append(word)
    return told


def _below(path: str, base: str) -> str:
    """A path below the API's base."""
    for known in (base.rstrip("/"), *_KNOWN_BASES):
        if path == known or path.startswith(f"{known}/"):
            return path[len(known) :] or "/"
    raise _WrongCommand(f"{path} is not below {base or '/'}, where --url says that the API is.")


def _data(pieces: list[str]) -> Any:
    if not pieces:
        return None
    if any(piece.startswith("@") for piece in pieces):
        raise _WrongCommand("-d @file is not read: paste what is in the file.")
    text = "&".join(pieces)
    try:
        value = json.decode(text)
    except (DecodeError, RecursionError, UnicodeEncodeError):
        pairs = parse_qsl(text, keep_blank_values=True)
        if not pairs:
            raise _WrongCommand(f"-d: neither JSON nor a form: {text[:40]!r}.") from None
        return {name: unquote(each) for name, each in pairs}
    if not isinstance(value, dict):
        raise _WrongCommand("-d: expected an object.")
    return value


def _of_batch(data: Any) -> list[Any]:
    within = data.get("data", data) if isinstance(data, dict) else None
    actions = within.get("actions") if isinstance(within, dict) else None
    if not isinstance(actions, list):
        raise _WrongCommand("a batch without actions.")
    if isinstance(within, dict) and within.get("options"):
        raise _WrongCommand("a batch with options: put it into a file, and its options beside the actions.")
    return actions


def _headers(written: list[str]) -> dict[str, str]:
    pairs = [header.partition(":") for header in written]
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip().lower() not in _OURS}
