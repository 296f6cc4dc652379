"""What an app keeps on a task for itself: the gid that the task has in another system, and data that mean nothing here.

Wherever the gid of a task is asked for, ``external:`` and the other system's gid will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.request import Request, brief
from fanfold.work.store.links import external_field

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.schema import Document

MAX_EXTERNAL_GID = 1024
"""Characters of the gid that a task has in another system."""


def read_external(_: Request, value: Any) -> Document:
    """The body field ``external``: a gid, data, or both."""
    if not isinstance(value, dict):
        raise RequestError(f"external: Value is not a JSON object: {brief(value)}")
    kept = {name: value[name] for name in ("gid", "data") if value.get(name) is not None}
    for name, part in kept.items():
        if not isinstance(part, str) or len(part) > 32_768:
            raise RequestError(f"external: [{name}]: Value is not a string of at most 32768 characters: {brief(part)}")
    if "\0" in kept.get("gid", ""):
        raise RequestError("external: [gid]: Text must not hold the character NUL")
    if len(kept.get("gid", "")) > MAX_EXTERNAL_GID:
        raise RequestError(f"external: [gid]: Must be at most {MAX_EXTERNAL_GID} characters long")
    return kept


def is_found_by_its_external_gid(change: Change) -> None:
    """The gid that a task has elsewhere leads to it from anywhere in its workspace, so no two may have the same."""
    if not change.moved("external"):
        return
    store, workspace = change.store, change.workspace
    old, new = (((document.get("external") or {}).get("gid")) for document in (change.before, change.after))
    if old:
        store.unlink(workspace, external_field(old), change.gid)
    if new:
        if store.targets(workspace, external_field(new)):
            raise RequestError(f"external: [gid]: Another task has it: {brief(new)}")
        store.append(workspace, external_field(new), change.gid)
