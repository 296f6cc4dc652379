"""Where an upstream is, and which paths may be asked for there: what was configured, never what a client wrote."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote, urlsplit

from fanfold.errors import RequestError, SetupError

_PATH = re.compile(r"/(?:[!$&'()*+,;=:@A-Za-z0-9._~/-]|%[0-9A-Fa-f]{2})*")
_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
"""A path that can be taken for nothing else at a glance."""


def origin_of(parts: SplitResult) -> tuple[str, str | None, int]:
    """Scheme, host and port: what credentials are meant for."""
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def read_origin(url: str) -> SplitResult:
    """The parts of an upstream's URL; raises ``SetupError`` for one that is none, or holds what belongs elsewhere."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise SetupError("An upstream's URL has to be like https://api.example.com or https://api.example.com/v1.")
    if parts.username is not None or parts.query or parts.fragment or "?" in url or "#" in url:
        raise SetupError("An upstream's URL holds no user, password, query or fragment; credentials are headers.")
    return parts


def check_path(path: str) -> None:
    """Refuse a path that could be taken for anything but one below the upstream's base."""
    if _PLAIN.fullmatch(path):
        return
    decoded = path
    while "%" in decoded and (again := unquote(decoded)) != decoded:
        decoded = again
    pieces = decoded.replace("\\", "/").split("/")
    whole = bool(_PATH.fullmatch(path)) and not path.startswith("//") and decoded.isprintable()
    if not whole or "\\" in decoded or "." in pieces or ".." in pieces:
        raise RequestError("The path is not one that can be passed on")
