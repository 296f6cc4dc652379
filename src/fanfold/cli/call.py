"""``fanfold call``: one request to an API, for those who would rather not write a curl command."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from fanfold.cli.batch import URL, Timeout, Token, Url
from fanfold.errors import SetupError


def call(  # noqa: PLR0913 - each is an option
    method: Annotated[str, Parameter(name="METHOD", help="GET, POST, PUT, DELETE, PATCH or HEAD.")],
    path: Annotated[str, Parameter(name="PATH", help="Below the API, such as /tasks/1; may have a query.")],
    /,
    *,
    data: Annotated[
        list[str] | None,
        Parameter(name=["--data", "-d"], negative="", help="JSON, or name=value, which may be given again."),
    ] = None,
    fields: Annotated[str, Parameter(help="Names of fields to show, with commas (opt_fields).")] = "",
    url: Url = URL,
    token: Token = "",
    json: Annotated[bool, Parameter(negative="", help="Print the whole body, on one line, without colour.")] = False,
    timeout: Timeout = 60.0,
) -> None:
    """Send one request, print its data. Exit code 0 if it succeeded, 1 if not, 2 for a mistake or no usable answer."""
    import asyncio  # noqa: PLC0415 - help starts without all this

    from msgspec import json as encoding  # noqa: PLC0415

    from fanfold.cli.batches.carrying import where  # noqa: PLC0415
    from fanfold.cli.batches.inert import inert, inert_json  # noqa: PLC0415
    from fanfold.cli.batches.telling import is_foreign, why_unusable  # noqa: PLC0415
    from fanfold.cli.batches.waterfall import console_for  # noqa: PLC0415
    from fanfold.client import ClientError  # noqa: PLC0415

    at = where(url, token, timeout)
    outcome = asyncio.run(_asked(at, _request(method, path, _value(data or []), fields)))
    if isinstance(outcome, ClientError) or is_foreign(outcome):
        raise SetupError(why_unusable([outcome], at).partition(" 1 of 1 actions")[0])
    if json:
        print(inert_json(encoding.encode(outcome.body).decode()))
    elif outcome.ok and outcome.body is not None:
        text = inert_json(encoding.format(encoding.encode(outcome.data), indent=2).decode())
        console = console_for(sys.stdout)
        if console.is_terminal:
            console.print_json(text, ensure_ascii=False)
        else:
            print(text)
    if outcome.error is not None:
        print(inert(f"{outcome.status} {outcome.error.message}".rstrip()), file=sys.stderr)
        sys.exit(1)


async def _asked(at: Any, request: Any) -> Any:
    from fanfold.cli.batches.carrying import client_of  # noqa: PLC0415
    from fanfold.client import ClientError  # noqa: PLC0415

    async with client_of(at) as client:
        try:
            return await client.request(request, alone=True)
        except ClientError as error:
            return error


def _request(method: str, path: str, data: Any, fields: str) -> Any:
    from urllib.parse import parse_qsl  # noqa: PLC0415

    from fanfold.client.request import make  # noqa: PLC0415

    bare, _, query = path.partition("?")
    params = dict(parse_qsl(query, keep_blank_values=True))
    names = [name for name in fields.split(",") if name]
    reads = method.upper() in ("GET", "HEAD", "DELETE")
    if reads and data is not None and not isinstance(data, dict):
        raise SetupError("-d: a read takes names and values.")
    try:
        return make(
            method,
            bare if bare.startswith("/") else f"/{bare}",
            params=params | (data or {} if reads else {}),
            data=None if reads else data,
            fields=names,
        )
    except ValueError as error:
        raise SetupError(f"{error}.") from None


def _value(pieces: list[str]) -> Any:
    """What ``-d`` says: one piece of JSON, or values by name that are JSON or else text."""
    from msgspec import DecodeError  # noqa: PLC0415
    from msgspec import json as encoding  # noqa: PLC0415

    if not pieces:
        return None
    if len(pieces) == 1 and pieces[0].lstrip()[:1] in ("{", "["):
        try:
            return encoding.decode(pieces[0])
        except (DecodeError, RecursionError, UnicodeEncodeError) as error:
            raise SetupError(f"-d: not JSON: {error}.") from None
    found: dict[str, Any] = {}
    for piece in pieces:
        name, mark, value = piece.partition("=")
        if not mark or not name:
            raise SetupError(f"-d expects JSON or name=value, not {piece!r}.")
        try:
            found[name] = encoding.decode(value)
        except (DecodeError, RecursionError, UnicodeEncodeError):
            found[name] = value
    return found
