"""What the server shows beside the API: whether it is alive, what it offers, and the files that it keeps."""

from __future__ import annotations

import hmac
from os import fstat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import json

from fanfold.errors import NoSuchRoute, RequestError
from fanfold.model import Answer
from fanfold.server.downloads import Download
from fanfold.server.reference import CONTENT_SECURITY_POLICY, page
from fanfold.version import __version__

if TYPE_CHECKING:
    from fanfold.work.api import Api

_HTML = (("content-type", "text/html; charset=UTF-8"), ("content-security-policy", CONTENT_SECURITY_POLICY))


class Pages:
    """The server's own few routes."""

    def __init__(self, api: Api, address: str) -> None:
        self._api = api
        self._address = address
        self._openapi = b""

    def answer(self, method: str, path: str, query: bytes) -> Answer:
        """The page at ``path``; raises ``NoSuchRoute`` where there is none."""
        if method not in ("GET", "HEAD"):
            raise NoSuchRoute
        if path == "/healthz":
            return Answer(200, b'{"status":"ok","version":"%b"}' % __version__.encode())
        if path == "/openapi.json":
            return Answer(200, self._describe())
        if path in ("/", "/docs"):
            return Answer(200, page(), _HTML)
        if path.startswith("/files/"):
            return self._file(path, query)
        raise NoSuchRoute

    def _describe(self) -> bytes:
        if not self._openapi:
            from fanfold.work.openapi import describe  # noqa: PLC0415 - it loads what else a server never needs

            document = describe(self._api.operations(), self._api.kinds, base=self._api.base)
            self._openapi = json.encode(document)
        return self._openapi

    def _file(self, path: str, query: bytes) -> Answer:
        """An uploaded file or an export, for whoever was given a link to it that is still good."""
        expires, _, signature = query.decode("latin-1").removeprefix("expires=").partition("&signature=")
        wanted = self._api.sign(f"{path}?{expires}")
        if not hmac.compare_digest(signature.encode(), wanted.encode()) or not expires.isdigit():
            raise RequestError("This link is not valid.", status=403)
        if int(expires) < self._api.now().timestamp():
            raise RequestError("This link has expired; get the attachment or export again for a fresh one.", status=403)
        gid = path.removeprefix("/files/").partition("/")[0]
        if self._api.files is None or not gid.isdigit():
            raise NoSuchRoute
        found = sorted((self._api.files / gid).glob("*"))
        if not found:
            raise NoSuchRoute
        return _download(found[0])


def _download(path: Path) -> Download:
    headers = (
        ("content-type", "application/octet-stream"),
        ("content-disposition", f"attachment; filename*=UTF-8''{quote(path.name)}"),
        ("x-content-type-options", "nosniff"),
    )
    file = path.open("rb")
    return Download(200, b"", headers, file=file, size=fstat(file.fileno()).st_size)
