"""Sealing what accounts hold, so that whoever finds the database finds no credentials in it.

AES-256-GCM. What is sealed begins with a version and the id of its key, so that keys can be changed: the first of
several seals, all of them open.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import importlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from fanfold.errors import SetupError

KEY_BYTES = 32
VARIABLE = "FANFOLD_KEY"

_VERSION = b"\x01"
_ID = 8
_NONCE = 12
_SAY = (
    f"A key is {KEY_BYTES} bytes as base64, such as python -c 'import os, base64; "
    f"print(base64.b64encode(os.urandom({KEY_BYTES})).decode())' prints."
)


class Seal:
    """Seals with ``key``, and opens what was sealed with it or with one of ``former``. Each has 32 bytes."""

    def __init__(self, key: bytes, *former: bytes) -> None:
        try:
            cipher: Any = importlib.import_module("cryptography.hazmat.primitives.ciphers.aead").AESGCM
        except ImportError:
            raise SetupError("Keeping accounts needs more than the core: pip install 'fanfold[server]'.") from None
        if any(len(one) != KEY_BYTES for one in (key, *former)):
            raise SetupError(f"The key has the wrong length. {_SAY}")
        self._ciphers = {_id(one): cipher(one) for one in (*former, key)}
        self._current = _id(key)

    def seal(self, value: Mapping[str, Any], about: str = "") -> bytes:
        """A value of JSON, sealed. ``about`` is what it belongs to, such as an account's id: it opens for that only."""
        head = _VERSION + self._current
        nonce = os.urandom(_NONCE)
        sealed: bytes = self._ciphers[self._current].encrypt(nonce, msgspec.json.encode(value), head + about.encode())
        return head + nonce + sealed

    def open(self, sealed: bytes, about: str = "") -> dict[str, Any]:
        """What was sealed; raises ``SetupError`` where the key is another, or what was sealed was changed."""
        head, nonce, rest = sealed[: 1 + _ID], sealed[1 + _ID : 1 + _ID + _NONCE], sealed[1 + _ID + _NONCE :]
        cipher = self._ciphers.get(head[1:])
        if head[:1] != _VERSION or cipher is None:
            raise SetupError(
                f"The accounts were sealed with another key than this one ({self._current.hex()}). Start with the key "
                f"that they were sealed with, in {VARIABLE} or in the key file beside the database."
            )
        try:
            plain = cipher.decrypt(nonce, rest, head + about.encode())
        except Exception:  # noqa: BLE001 - InvalidTag, or that it is too short; the library is imported late
            raise SetupError("What was kept of an account is damaged or belongs to another one.") from None
        value: dict[str, Any] = msgspec.json.decode(plain, type=dict[str, Any])
        return value

    def __repr__(self) -> str:
        return f"Seal({self._current.hex()})"


def _id(key: bytes) -> bytes:
    return hashlib.sha256(b"fanfold seal " + key).digest()[:_ID]


def read_key(variables: Mapping[str, str], file: Path) -> tuple[bytes, ...]:
    """The keys that are set: those in ``FANFOLD_KEY``, current first, with commas between; else those in ``file``.

    A file that is not there is made, with a new key and for its owner's eyes only. Raises ``SetupError``.
    """
    written = variables.get(VARIABLE, "")
    if written.strip():
        return _keys(written, VARIABLE)
    try:
        return _keys(_kept(file), str(file))
    except OSError as error:
        raise SetupError(f"The key file {file} cannot be used: {error.strerror}.") from None


def _kept(file: Path) -> str:
    if not file.exists():
        _make(file)
    if os.name == "posix" and file.stat().st_mode & 0o077:
        raise SetupError(f"Others may read the key file {file}. Run chmod 600 on it.")
    return file.read_text("utf-8")


def _make(file: Path) -> None:
    """Make the file, unless another process is quicker. It is never there without a key in it."""
    making = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(f"{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n")
        with contextlib.suppress(FileExistsError):
            os.link(making, file)
    finally:
        making.unlink()


def _keys(written: str, where: str) -> tuple[bytes, ...]:
    pieces = [piece for piece in written.replace(",", " ").split() if piece]
    try:
        keys = tuple([base64.b64decode(piece, validate=True) for piece in pieces])
    except binascii.Error:
        raise SetupError(f"{where} holds no key. {_SAY}") from None
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise SetupError(f"{where} holds no key. {_SAY}")
    return keys
