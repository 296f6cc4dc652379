"""``fanfold run``: a plan file, carried out by a server, with records on standard output and progress beside."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from fanfold.errors import SetupError

URL = "http://127.0.0.1:8480"


def run(  # noqa: PLR0913 - each is an option
    plan: Annotated[Path, Parameter(name="PLAN", help="A plan in YAML, JSON or TOML.")],
    /,
    *,
    args: Annotated[
        list[str] | None,
        Parameter(negative="", consume_multiple=True, help="Values such as site=acme limit=5: JSON, or else text."),
    ] = None,
    args_file: Annotated[Path | None, Parameter(help="A file with values, in YAML, JSON or TOML.")] = None,
    account: Annotated[str, Parameter(help="The account that is asked, where the plan does not say it.")] = "",
    url: Annotated[str, Parameter(help="The server.", env_var="FANFOLD_URL")] = URL,
    token: Annotated[str, Parameter(help="A token of the server.", env_var="FANFOLD_TOKEN", show_default=False)] = "",
    format: Annotated[  # noqa: A002 - the option's name
        Literal["ndjson", "json"], Parameter(help="A line of JSON for each record, or one document at the end.")
    ] = "ndjson",
    out: Annotated[Path | None, Parameter(help="Where records go; standard output unless told.")] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Show what would be asked, and ask nothing.")] = False,
) -> None:
    """Carry out a plan. Exit code 0 if nothing failed, 1 if something did, 2 for a mistake in what was told."""
    from fanfold.cli.asking import Server  # noqa: PLC0415 - help starts without it
    from fanfold.cli.following import Follower, outlet, show_preview  # noqa: PLC0415
    from fanfold.integrations.plan_files import read_plan_file  # noqa: PLC0415

    found = read_plan_file(plan)
    body = found.body | ({"integrated_account_id": account} if account else {})
    if not body.get("integrated_account_id"):
        raise SetupError("Say whom to ask: --account, or integrated_account_id in the plan.")
    given = {**body.get("args", {}), **_from_file(args_file), **_from_words(args or [])}
    body |= {"args": given} if given else {}
    server = Server(url, token)
    if dry_run:
        show_preview(server.preview(found, {**body, "dry_run": True}))
        return
    whole = format == "json"
    names = [str(each.get("name") or each.get("resource")) for each in found.entries]
    with outlet(out) as to, server.asked(found, body, whole=whole) as answer:
        code = Follower(to, names, whole=whole).follow(answer)
    sys.exit(code)


def _from_file(path: Path | None) -> dict[str, Any]:
    from fanfold.integrations.documents import read_file  # noqa: PLC0415

    if path is None:
        return {}
    value = read_file(path).value
    if not isinstance(value, dict):
        raise SetupError(f"{path}: expected an object of values by name.")
    return value


def _from_words(words: list[str]) -> dict[str, Any]:
    """Values of ``name=value``: JSON where it is JSON, else text."""
    from msgspec import DecodeError, json  # noqa: PLC0415

    found: dict[str, Any] = {}
    for word in words:
        name, mark, value = word.partition("=")
        if not mark or not name:
            raise SetupError(f"--args expects name=value, not {word!r}.")
        try:
            found[name] = json.decode(value)
        except (DecodeError, RecursionError, UnicodeEncodeError):
            found[name] = value
    return found
