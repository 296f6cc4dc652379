"""JSON that means one thing only.

Parsers disagree about repeated keys, huge numbers, lone surrogates and NUL; wherever two readers of one body disagree,
something checked can differ from what is done. So whatever is ambiguous is refused. msgspec already refuses what is not
JSON at all: NaN and infinities, overflowing floats, lone surrogates, invalid UTF-8, byte order marks, trailing text.

The rest is checked by comparing the body with the decoded tree written back, which costs a fraction of walking it.
"""

from __future__ import annotations

import msgspec

from fanfold.errors import RequestError

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

_ALL_DIGITS_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19
_LARGEST = 2**63 - 1
_SMALLEST = -(2**63)

INVALID = "Could not parse request data, invalid JSON"


def decode_strict(body: bytes, *, max_depth: int = 64) -> object:
    """The value that ``body`` holds. Raises ``RequestError`` (400) for whatever is not JSON or is ambiguous."""
    try:
        tree: object = _decode(body)
        if body.count(b"{") + body.count(b"[") > max_depth and is_deeper(tree, max_depth):
            raise _refusal(f"nested more than {max_depth} levels deep")
        written_back = _encode(tree)
    except (ValueError, OverflowError, RecursionError):
        raise RequestError(INVALID) from None
    if _LONG_NUMBER in written_back.translate(_ALL_DIGITS_ZERO) and _has_long_integer(tree):
        raise _refusal("an integer does not fit into 64 bits")
    if b"\\u0000" in body and b"\\u0000" in body.replace(b"\\\\", b""):
        raise _refusal("the NUL character is not accepted")
    if written_back != body:
        _check_keys(body, written_back)
    return tree


def _check_keys(body: bytes, written_back: bytes) -> None:
    """Of a repeated key only one is left when the tree is written back, so that two quotes are missing, or more."""
    if b"\\" in body:
        body, written_back = _without_escapes(body), _without_escapes(written_back)
    if body.count(b'"') != written_back.count(b'"'):
        raise _refusal("a key is repeated within an object")


def _refusal(reason: str) -> RequestError:
    return RequestError(f"{INVALID}: {reason}")


def _without_escapes(text: bytes) -> bytes:
    """Drop escaped backslashes, then escaped quotes: what quotes are left open or close a string."""
    return text.replace(b"\\\\", b"").replace(b'\\"', b"")


def is_deeper(tree: object, depth: int) -> bool:
    """Whether lists and objects stand more than ``depth`` levels inside each other."""
    level = [tree]
    for _ in range(depth):
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
    return bool(level)


def _has_long_integer(tree: object) -> bool:
    pending = [tree]
    while pending:
        value = pending.pop()
        if isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
            return True
        pending.extend(_children(value))
    return False


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
