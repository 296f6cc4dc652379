"""YAML as seed files are written in it: as declarations are, and with their bounds but that of size."""

from __future__ import annotations

from typing import Any

from fanfold.integrations.documents import read_document
from fanfold.integrations.places import DocumentError
from fanfold.work.seed_keys import SeedError

MAX_SIZE = 64 * 1024 * 1024
"""Bytes of the largest seed file."""


def read_yaml(text: bytes, source: str) -> Any:
    """What a YAML text holds; raises ``SeedError`` with its line where it is none."""
    try:
        return read_document(text, source, limit=MAX_SIZE, ending=".yaml").value
    except DocumentError as error:
        raise SeedError(error.message) from None
