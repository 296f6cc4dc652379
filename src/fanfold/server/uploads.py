"""Uploads: multipart bodies streamed to disk by a library, bounded in size, number and time."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from fanfold.errors import NO_ROOM, NoRoom, RequestError
from fanfold.serving.bodies import ClientLeftError, Receive, Scope, check_head, header
from fanfold.settings import Settings
from fanfold.work.request import Form, Upload

INCOMING = "incoming"
"""Where, below the directory of all files, uploads are until they are dealt with, each in a directory of its own."""

MAX_PARTS = 20
"""Most fields of one form."""

MAX_FIELD = 65_536
"""Largest field that is no file, in bytes."""

OLD = 24 * 3600.0
"""Seconds after which an upload that was not dealt with is nobody's any more."""


class _Reader:
    """Collects the parts of one form. Files go straight to disk, under names of our own."""

    def __init__(self, content_type: bytes, directory: Path) -> None:
        self.fields: dict[str, str] = {}
        self.files: list[tuple[str, File]] = []
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise RequestError("Content-Type: The boundary is missing")
        self.parser = FormParser(
            "multipart/form-data",
            self._keep_field,
            self._keep_file,
            boundary=boundary,
            config={
                "MAX_FIELDS": MAX_PARTS,
                "MAX_FIELD_SIZE": MAX_FIELD,
                "MAX_MEMORY_FILE_SIZE": 0,
                "UPLOAD_DIR": str(directory),
                "UPLOAD_DELETE_TMP": False,
            },
        )

    def _keep_field(self, field: Field) -> None:
        name, value = field.field_name or b"", field.value or b""
        if len(self.fields) + len(self.files) >= MAX_PARTS:
            raise FormParserError("too many parts")
        self.fields[name.decode()] = value.decode()

    def _keep_file(self, file: File) -> None:
        if len(self.fields) + len(self.files) >= MAX_PARTS:
            raise FormParserError("too many parts")
        self.files.append(((file.field_name or b"").decode(), file))

    def write(self, data: bytes) -> None:
        """Feed the parser."""
        self.parser.write(data)

    def form(self) -> Form:
        """What was sent, complete."""
        self.parser.finalize()
        files = {}
        for name, file in self.files:
            if file.in_memory:
                file.flush_to_disk()
            path = Path(_text(file.actual_file_name))
            files[name] = Upload(_text(file.file_name), path, file.size, file.content_type or "")
            file.close()
        return Form(self.fields, files)


def _text(name: bytes | None) -> str:
    return (name or b"").decode(errors="replace")


async def read_upload(scope: Scope, receive: Receive, files: Path, most: int, seconds: float) -> Form:
    """A multipart body; raises ``RequestError``: 413 for a file over ``most`` bytes, 507 where there is no room."""
    try:
        return await _read_upload(scope, receive, files, most, seconds)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise NoRoom from None
        raise


async def _read_upload(scope: Scope, receive: Receive, files: Path, most: int, seconds: float) -> Form:
    check_head(scope, most + MAX_PARTS * MAX_FIELD)
    incoming = files / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=incoming))
    try:
        async with asyncio.timeout(seconds * 10):
            form = await _read(scope, receive, directory, most)
    except BaseException as error:
        shutil.rmtree(directory, ignore_errors=True)
        if isinstance(error, TimeoutError):
            raise RequestError("The request body took too long to arrive.", status=408) from None
        if isinstance(error, ValueError):
            raise RequestError("Could not parse request data, invalid multipart form") from None
        raise
    if not form.files:
        shutil.rmtree(directory, ignore_errors=True)
    return form


async def _read(scope: Scope, receive: Receive, directory: Path, most: int) -> Form:
    reader = _Reader(header(scope["headers"], b"content-type"), directory)
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        size += len(message.get("body", b""))
        if size > most + MAX_PARTS * MAX_FIELD:
            raise RequestError("The file is too large", status=413)
        reader.write(message.get("body", b""))
        if not message.get("more_body"):
            return reader.form()


def discard(form: Form) -> None:
    """Remove what is left on disk of a form that has been dealt with."""
    for upload in form.files.values():
        shutil.rmtree(upload.path.parent, ignore_errors=True)


def discard_left(files: Path, *, alone: bool) -> None:
    """Remove what uploads left behind when a process died; where others use the directory too, only what is old."""
    if alone:
        shutil.rmtree(files / INCOMING, ignore_errors=True)
        return
    for left in (files / INCOMING).glob("*"):
        with suppress(OSError):  # another process may have removed it
            if time.time() - left.stat().st_mtime > OLD:
                shutil.rmtree(left, ignore_errors=True)


def files_of(settings: Settings) -> Path:
    """The directory that uploads go to."""
    if settings.files:
        return Path(settings.files)
    if settings.beside is None:
        return Path("fanfold-files")
    return Path(f"{settings.beside}-files")


def remove_files(files: Path) -> None:
    """Remove all uploaded files, each in a directory named for its attachment; whatever else is there stays."""
    for path in files.glob("*") if files.is_dir() else ():
        if path.name.isdigit() or path.name == INCOMING:
            shutil.rmtree(path, ignore_errors=True)
