"""Bytes as text, which is what they are in JSON."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from typing import Any

from fanfold.expressions.casts import text
from fanfold.expressions.functions.arguments import NULL, Unsuitable, string

_MORE = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".md": "text/markdown",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".webp": "image/webp",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
}
# The built-in table alone: what the machine it runs on says in its files is not the same everywhere.
_TYPES = mimetypes.MimeTypes()


def base64_encode(value: Any = None) -> Any:
    """The bytes of text in UTF-8, in base64."""
    return None if value is None else base64.b64encode(text(value).encode("utf-8", "replace")).decode()


def base64_decode(value: Any = None) -> Any:
    """The text whose bytes these are in base64, of either alphabet and with or without padding."""
    if value is None:
        return None
    written = string(value, "base64decode").translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise Unsuitable("$base64decode takes text in base64") from None


def get_mime_type(value: Any = None) -> Any:
    """The media type that a file's name stands for; null for none."""
    name = string(value, "getMimeType").lower()
    known = next((kind for ending, kind in _MORE.items() if name.endswith(ending)), None)
    return known or _TYPES.guess_type(name.replace(":", "_"))[0] or NULL


FUNCTIONS = {"base64encode": base64_encode, "base64decode": base64_decode, "getMimeType": get_mime_type}
