"""Which paths an action may name.

The router decides what a path leads to, never a comparison of strings: this module only makes sure that a path means
the same to everybody who reads it, and tells somebody who dresses up a refused endpoint (``//batch``, ``/%62atch``,
``/x/../batch``) that it is refused, rather than that it is unknown.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from fanfold.errors import NoSuchRoute, NotBatchable, RequestError
from fanfold.model import Pairs
from fanfold.readings import decode_fully, readings

MAX_LENGTH = 2048
"""Characters in a path."""

_VALID = re.compile(r"/|(?:/(?:[A-Za-z0-9._~:@!$&'()*+,=-]|%[0-9A-Fa-f]{2})+)+/?")
_QUERY = re.compile(r"[!-~]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class PathRules:
    """Reads the path of an action.

    ``refused`` pairs a method (``*`` for every one) with the first segment of paths that may not be called in a batch;
    ``base`` is the prefix of the API, which an action must leave out, or empty; with ``lenient`` a query string is
    read, not refused.
    """

    def __init__(self, refused: tuple[tuple[str, str], ...], base: str, *, lenient: bool = False) -> None:
        self._refused = frozenset(refused)
        self._base = base.strip("/").casefold().split("/") if base.strip("/") else []
        self._prefix = f"/{base.strip('/')}/" if self._base else ""
        self._lenient = lenient
        words = "|".join(re.escape(segment) for segment in sorted({*self._base[:1], *(first for _, first in refused)}))
        self.is_plain = re.compile(
            rf"/(?!(?:{words or '/'})\b)[a-z_]{{1,64}}+(?:/(?!\.)[A-Za-z0-9_.@:~+-]{{1,64}}+){{0,8}}+"
        ).fullmatch
        """Whether a path needs no further look: the only question that most paths are ever asked."""

    def read(self, method: str, written: object) -> tuple[str, Pairs]:
        """The path, percent-encoded as it was written, and its query."""
        if written is None or written == "":
            raise RequestError("relative_path: Missing input")
        if not isinstance(written, str):
            raise RequestError("relative_path: Value is not a string")
        if len(written) > MAX_LENGTH:
            raise RequestError(f"relative_path: Must be at most {MAX_LENGTH} characters long")
        if self._is_refused(method, written):
            raise NotBatchable
        path, mark, query = written.partition("?")
        if mark and not self._lenient:
            raise RequestError("relative_path: Query parameters are not accepted here")
        if not path.startswith("/") and not _SCHEME.match(path):
            path = f"/{path}"
        if not (_VALID.fullmatch(path) and _is_unambiguous(path)):
            raise RequestError(
                f"relative_path: Not a valid path: {ascii(written)[1:-1][:200]}. It has to be relative to the API, "
                "like /tasks/123, with special characters percent-encoded"
            )
        if self._prefix and f"{path}/".startswith(self._prefix):
            raise NoSuchRoute
        return path, _read_query(query)

    def _is_refused(self, method: str, written: str) -> bool:
        for segments in readings(written):
            bare = segments[len(self._base) :] if segments[: len(self._base)] == self._base else segments
            if bare and not self._refused.isdisjoint((("*", bare[0]), (method, bare[0]))):
                return True
        return False


def _is_unambiguous(path: str) -> bool:
    """Whether decoding a path, even twice, can neither climb nor bring up what a reader may stumble over."""
    if "%" not in path and "." not in path:
        return True
    decoded = decode_fully(path)
    pieces = decoded.split("/")
    return (
        decoded.replace(" ", "").isprintable()
        and "\\" not in decoded
        and "\ufffd" not in decoded
        and ".." not in pieces
        and "." not in pieces
    )


def _read_query(query: str) -> Pairs:
    try:
        if not _QUERY.fullmatch(query):
            raise ValueError
        return tuple(parse_qsl(query, keep_blank_values=True, max_num_fields=100, errors="strict"))
    except ValueError:
        raise RequestError("relative_path: Not a valid query string") from None
