"""Attachments: files that were uploaded, and links to files elsewhere, on a task or a project."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.addresses import file_link
from fanfold.work.change import Relation, new, touching
from fanfold.work.request import Form, Request, Upload
from fanfold.work.routes import PAGING, crud, linked_page
from fanfold.work.schema import Document, Kind, boolean, choice, computed, datetime, integer, one, text
from fanfold.work.validate import Given, read

if TYPE_CHECKING:
    from pathlib import Path

    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.shape import Sheet
    from fanfold.work.store import Row
    from fanfold.work.view import View

ATTACHMENTS = "attachments"
"""Link field: what is attached to a task or project, in the order in which it came."""

MAX_SIZE = 100_000_000
"""Largest file that is kept, in bytes."""

MAX_NAME = 200
"""Longest file name on disk, in bytes: what every file system takes."""

PARENTS = ("task", "project", "project_brief")

_SCHEME = re.compile(r"https?://[^\s/]", re.IGNORECASE)


def _download_url(sheet: Sheet, gid: int, document: Document) -> str | None:
    return None if document.get("url") else file_link(sheet.view, gid, document["file"])


def _view_url(sheet: Sheet, gid: int, document: Document) -> str | None:
    return document.get("url") or _download_url(sheet, gid, document)


attachment = Kind(
    "attachment",
    compact=("name", "resource_subtype"),
    fields=(
        text("name", access="read"),
        choice("resource_subtype", "asana", "external", default="asana", access="read"),
        datetime("created_at", access="read"),
        computed("download_url", _download_url, of="text"),
        computed("permanent_url", _view_url, of="text"),
        text("host", access="read", default="asana"),
        one("parent", "", access="read"),
        integer("size", access="read", omitted=True),
        computed("view_url", _view_url, of="text"),
        boolean("connected_to_app", access="read"),
    ),
    within="parent",
)
crud(attachment, "read", "delete")

_PARENT = one("parent", "", required=True, nullable=False)
_TAKES = (
    choice("resource_subtype", "asana", "external", nullable=False),
    text("file"),
    _PARENT,
    text("url"),
    text("name", max_length=1024),
    boolean("connect_to_app", default=None),
)


@attachment.verb("GET", "/attachments", "getAttachmentsForObject", query=(_PARENT, *PAGING), answers="list", paged=True)
def list_of_parent(request: Request) -> Answer:
    """List what is attached to a task or project."""
    return linked_page(request, request.require("parent", "").gid, ATTACHMENTS)


@attachment.verb("POST", "/attachments", "createAttachmentForObject", takes=_TAKES, batchable=False)
def create(request: Request) -> Answer:
    """Attach a file, or a link to one elsewhere, to a task or project."""
    upload = request.body.files.get("file") if type(request.body) is Form else None
    given = read(request, tuple(field for field in _TAKES if field.name != "file"))
    parent = given.rows[int(given.values["parent"])]
    if parent.kind not in PARENTS:
        raise RequestError(f"parent: Not a valid GID type: {parent.kind}")
    if given.values.get("resource_subtype") == "external":
        change = _attached(request.view, parent, _external(given))
    else:
        change = _keep(request.view, parent, given, upload)
    return request.reread(change.gid)


def _external(given: Given) -> Document:
    for name in ("url", "name"):
        if not given.values.get(name):
            raise RequestError(f"{name}: Missing input")
    url = given.values["url"]
    if not _SCHEME.match(url):
        raise RequestError("url: Must begin with http:// or https://")
    app = bool(given.values.get("connect_to_app"))
    return {
        "name": given.values["name"],
        "resource_subtype": "external",
        "host": "external",
        "url": url,
        "connected_to_app": app,
    }


def _keep(view: View, parent: Row, given: Given, upload: Upload | None) -> Change:
    if upload is None:
        raise RequestError("file: Missing input")
    if upload.size > MAX_SIZE:
        raise RequestError("The file is too large", status=413)
    if view.files is None:
        raise RequestError("file: This server keeps no files")
    name = given.values.get("name") or upload.name or "file"
    stored = file_name(name)
    change = _attached(view, parent, {"name": name, "file": stored, "size": upload.size})
    directory = view.files / str(change.gid)
    directory.mkdir(parents=True, exist_ok=True)
    shutil.move(upload.path, directory / stored)
    return change


def _attached(view: View, parent: Row, values: Document) -> Change:
    change = new(view, attachment, Given({**values, "parent": str(parent.gid)}, {}, {}))
    change.workspace = parent.workspace
    view.store.append(parent.gid, ATTACHMENTS, change.gid)
    change.write()
    touched = touching(view, parent)
    touched.relations.append(Relation("added", ATTACHMENTS, change.gid))
    touched.write()
    return change


def file_name(name: str) -> str:
    """The name that a file gets on disk: one segment of a path, short, and never one with a meaning of its own."""
    name = re.sub(r"[^\w.\- ()]", "_", name).strip(". ") or "file"
    while len(name.encode()) > MAX_NAME:
        name = name[1:].strip(". ") or "file"
    return name


@attachment.rule("delete")
def file_goes_too(change: Change) -> None:
    """The uploaded file is deleted with its record."""
    if change.view.files is not None and "file" in change.before:
        _discard(change.view.files / str(change.gid))


def _discard(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
