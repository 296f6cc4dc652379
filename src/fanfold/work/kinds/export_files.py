"""The files that exports are written to: gzip, one more member for each step, so that a step is an append.

How long a file is stands in the state of its job, in the same transaction as what was exported last. A step begins by
cutting the file to that, so that one which is done again leaves no line twice.
"""

from __future__ import annotations

import gzip
import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.addresses import file_link
from fanfold.work.change import new, touching
from fanfold.work.clock import stamp
from fanfold.work.schema import Field, computed
from fanfold.work.shape import decode, encode
from fanfold.work.validate import Given

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fanfold.work.change import Change
    from fanfold.work.schema import Document
    from fanfold.work.shape import Sheet
    from fanfold.work.view import View

KEPT = timedelta(days=30)
"""How long after its end an export can be downloaded."""


def _download_url(sheet: Sheet, gid: int, document: Document) -> str | None:
    done = document.get("completed_at")
    if done is None or document["file"] is None or sheet.view.clock() > datetime.fromisoformat(done) + KEPT:
        return None
    return file_link(sheet.view, gid, document["file"])


def download_url() -> Field:
    """The field of that name: null until the export is complete, and after the time for which it is kept."""
    return computed("download_url", _download_url, of="text")


def is_private(change: Change) -> None:
    """A rule at creation: an export is seen by whoever started it."""
    change.private = 1
    change.after["user"] = str(change.view.user)


def started(view: View, kind: str, workspace: int, suffix: str, **values: Any) -> Change:
    """A new export, written; refused where there is nowhere to keep files."""
    if view.files is None:
        raise RequestError("This server keeps no files, so there is nothing that it could export to.")
    change = new(view, view.kinds[kind], Given(values, {}, {}))
    change.workspace = workspace
    day = view.now[:10].replace("-", "")
    change.after["file"] = f"{kind}_{workspace}_{change.gid}_{day}.{suffix}.gz"
    change.write()
    return change


def note(job: Change, export: int, **values: Any) -> None:
    """Note how far an export has come."""
    row = job.store.record(export)
    if row is not None:
        change = touching(job.view, row)
        change.after |= values
        change.keep()


def completed(job: Change, export: int, **values: Any) -> None:
    """Note that an export is complete."""
    note(job, export, completed_at=job.view.now, **values)


def append(view: View, export: int, size: int, text: bytes) -> int:
    """Add to the file of an export, which is ``size`` bytes long so far; how long it is then."""
    row = view.store.record(export)
    if row is None or view.files is None:
        raise LookupError(f"the export was deleted: {export}")
    directory: Path = view.files / str(export)
    if not size:
        # Whatever a process that died left under this gid.
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
    with (directory / decode(row.document)["file"]).open("r+b" if size else "wb") as file:
        file.truncate(size)
        file.seek(size)
        if text:
            file.write(gzip.compress(text, compresslevel=6, mtime=0))
        return int(file.tell())


def discard_old(view: View, most: int = 20) -> bool:
    """Remove the files of exports that are kept no longer, and of those that broke as long ago.

    At most ``most`` of them; whether there may be more.
    """
    if view.files is None:
        return False
    before = stamp(view.clock() - KEPT)
    gids = view.store.old_exports(before, most)
    for row in view.store.records(gids).values():
        shutil.rmtree(view.files / str(row.gid), ignore_errors=True)
        # Nobody is told of it: nothing that the export shows changes.
        view.store.rewrite(row._replace(document=encode({**decode(row.document), "file": None})))
    return len(gids) == most


def lines(records: Iterable[Any]) -> bytes:
    """Records as JSON Lines."""
    return b"".join([encode(record) + b"\n" for record in records])
