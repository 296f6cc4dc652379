"""One request to the platform, as far as it has been read."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.integrations.accounts import Account
from fanfold.model import Caller
from fanfold.server.connect.query import nested_query
from fanfold.serving.bodies import Receive, Scope, header, read_body, read_json


class Asked(Struct, frozen=True):
    """``parts`` are the segments of the path, decoded. ``opened`` is the account that the token opens, if it opens one.

    ``caller`` is the user, or the account that acts in the user's name.
    """

    scope: Scope
    receive: Receive
    method: str
    parts: tuple[str, ...]
    caller: Caller
    opened: Account | None = None
    max_body: int = 0
    body_timeout: float = 30.0

    @property
    def account(self) -> str:
        """The id of the account that the token opens, empty for one that opens all that is its user's."""
        return "" if self.opened is None else self.opened.id

    @property
    def path(self) -> str:
        """The path as it came."""
        return str(self.scope["raw_path"].decode("latin-1"))

    def header(self, name: bytes) -> str:
        """The value of a header, empty where it is not there."""
        return header(self.scope["headers"], name).decode("latin-1")

    def query(self) -> dict[str, Any]:
        """The query, nested as it is written with brackets."""
        return nested_query(self.scope["query_string"])

    async def body(self) -> bytes:
        """The body as bytes, bounded in size and time."""
        return await read_body(self.scope, self.receive, self.max_body, self.body_timeout)

    async def json(self) -> Any:
        """The body as JSON, None where there is none."""
        return read_json(await self.body())

    async def members(self) -> dict[str, Any]:
        """The body as a JSON object; raises ``RequestError`` for anything else."""
        value = await self.json()
        if not isinstance(value, dict):
            raise RequestError("The body has to be a JSON object")
        return value


def parts_of(raw_path: bytes) -> tuple[str, ...]:
    """The segments of a path, each decoded on its own so that none becomes two; raises ``RequestError`` 404."""
    try:
        parts = tuple([unquote(part, errors="strict") for part in raw_path.decode("ascii")[1:].split("/")])
    except ValueError:
        raise RequestError("There is no such path: it must be percent-encoded UTF-8", status=404) from None
    return parts[:-1] if len(parts) > 1 and not parts[-1] else parts


def text_of(members: dict[str, Any], name: str, *, required: bool = False, most: int = 1000) -> str:
    """A member that is text, empty where it is absent; raises ``RequestError``."""
    value = members.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value) or len(value) > most:
        raise failed(f"/{name}", f"Must be text of at most {most} characters")
    return value


def failed(path: str, message: str) -> RequestError:
    """A refusal (400) that says where in the body the mistake is."""
    return RequestError(
        f"{path[1:].replace('/', '.') or 'body'}: {message}",
        extra={"details": {"failures": [{"path": path, "message": message}]}},
    )
