"""Where things are found outside the API: the links in answers that people follow."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from fanfold.work.view import View

API = "/api/1.0"

FILE_LINK_LIFETIME = 120
"""How long a link to a file is good for, in seconds."""


def permalink(view: View, gid: int) -> str:
    """The page of a record."""
    return f"{view.base.removesuffix(API)}/0/0/{gid}"


def file_path(gid: int, name: str) -> str:
    """Where the server offers a file, not escaped."""
    return f"/files/{gid}/{name}"


def file_link(view: View, gid: int, name: str) -> str:
    """An address at which whoever holds it can fetch a file for a while."""
    path = file_path(gid, name)
    expires = int(view.clock().timestamp()) + FILE_LINK_LIFETIME
    signature = view.store.sign(f"{path}?{expires}")
    return f"{view.base.removesuffix(API)}{quote(path)}?expires={expires}&signature={signature}"
