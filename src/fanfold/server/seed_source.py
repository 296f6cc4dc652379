"""Where first data come from: ``demo``, ``empty``, or a seed file in YAML or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import DecodeError, json

from fanfold.errors import SetupError
from fanfold.server.yaml_source import read_yaml
from fanfold.work import SqliteStore
from fanfold.work.clock import Clock, utc_now
from fanfold.work.seed import seed
from fanfold.work.seed_file import load
from fanfold.work.seed_keys import SeedError

BUILT_IN = ("demo", "empty")


def first_data(which: str, clock: Clock = utc_now) -> SqliteStore:
    """A database in memory with what ``which`` says. Raises ``SetupError`` where a file cannot be read or is wrong."""
    if which in BUILT_IN:
        store = SqliteStore()
        seed(store, which, clock)
        return store
    try:
        text = Path(which).read_bytes()
    except OSError as error:
        raise SetupError(f"The seed file {which} cannot be read: {error.strerror}.") from None
    return filled(parsed(text, which, is_json=which.endswith(".json")), which, clock)


def filled(document: Any, source: str, clock: Clock = utc_now) -> SqliteStore:
    """A database in memory with what a seed file says."""
    store = SqliteStore()
    try:
        load(store, document, source=source, clock=clock)
    except BaseException:
        store.close()
        raise
    return store


def parsed(text: bytes, source: str, *, is_json: bool) -> Any:
    """What a seed file holds: JSON or YAML."""
    if is_json:
        try:
            return json.decode(text)
        except (DecodeError, UnicodeDecodeError) as error:
            raise SeedError(f"{source}: not JSON: {error}.") from None
    return read_yaml(text, source)
