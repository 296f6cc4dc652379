"""Documents that people write in YAML, JSON or TOML, read within bounds, so that every mistake in them has a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fanfold.integrations.notations import MAX_DEPTH, read_json, read_toml, read_yaml
from fanfold.integrations.places import Document, DocumentError

ENDINGS = (".yaml", ".yml", ".json", ".toml")

MAX_SIZE = 1024 * 1024
"""Bytes of a document, unless told otherwise."""


def read_file(path: Path, *, limit: int = MAX_SIZE) -> Document:
    """The document in a file; raises ``DocumentError`` where it cannot be read, or is none."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}.") from None
    return read_document(data, str(path), limit=limit)


def read_document(data: bytes, source: str, *, limit: int = MAX_SIZE, ending: str = "") -> Document:
    """What ``data`` holds; ``ending``, else that of ``source``, says how it is written, YAML where it says nothing.

    Raises ``DocumentError``, with the line where one is known.
    """
    if len(data) > limit:
        raise DocumentError(f"{source}: larger than the {limit} bytes that are read.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(f"{source}:{line}: not UTF-8.") from None
    written = ending or source
    if written.endswith(".json"):
        value, lines = read_json(text, source)
    elif written.endswith(".toml"):
        value, lines = read_toml(text, source)
    else:
        value, lines = read_yaml(text, source)
    if too_deep(value):
        raise DocumentError(f"{source}: more than {MAX_DEPTH} levels deep.")
    return Document(value, source, lines)


def too_deep(value: Any) -> bool:
    """Whether a value is nested too deeply to be looked through."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for each in level:
            below += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        if not below:
            return False
        level = below
    return True
