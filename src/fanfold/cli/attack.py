"""``fanfold attack``: the security kit against a batch server, or the ground that such a server is put before."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated

from cyclopts import Parameter

from fanfold.errors import SetupError

_NEITHER = "Say what is to be attacked, such as fanfold attack http://127.0.0.1:8480/batch, or serve the --ground."


def attack(  # noqa: PLR0913 - each is an option
    url: Annotated[str, Parameter(help="The batch endpoint.")] = "",
    *,
    token: Annotated[
        str, Parameter(help="A token that the server wants to see.", env_var="FANFOLD_ATTACK_TOKEN", show_env_var=True)
    ] = "",
    read: Annotated[str, Parameter(help="A path that may be read, where the server is not before the ground.")] = "",
    write: Annotated[
        str, Parameter(help="A write that does nothing if it is sent without data, such as 'POST /tasks'.")
    ] = "",
    base: Annotated[
        str | None, Parameter(help="What paths of actions are below: the endpoint's own, unless told.")
    ] = None,
    only: Annotated[str, Parameter(help="Lines to try, such as S1,S7; all unless told.")] = "",
    limit: Annotated[int, Parameter(help="How many requests the server allows a caller in a minute, if it does.")] = 0,
    log: Annotated[
        Path | None, Parameter(help="The file that the server writes its log to, to be looked through.")
    ] = None,
    ask: Annotated[str, Parameter(help="Where the ground is, if single requests do not pass the server.")] = "",
    big: Annotated[int, Parameter(help="The largest answer that the ground gives, in MB.")] = 1000,
    patience: Annotated[float, Parameter(help="Seconds that an answer without end is waited for.")] = 70.0,
    yes: Annotated[bool, Parameter(negative="", help="The server is elsewhere, and its owner has agreed.")] = False,
    json: Annotated[bool, Parameter(negative="", help="Print JSON rather than lines.")] = False,
    ground: Annotated[bool, Parameter(negative="", help="Serve the proving ground instead, until stopped.")] = False,
    port: Annotated[int, Parameter(help="Where the ground listens on loopback; 0 takes a free port.")] = 8490,
) -> None:
    """Attack a batch server of your own with everything that has broken others. Exit code 1 if anything got through."""
    if ground:
        from fanfold.attack.ground.serving import serve_ground  # noqa: PLC0415

        serve_ground(port)
        return
    if not url:
        raise SetupError(_NEITHER)
    from fanfold.attack.kit import Orders  # noqa: PLC0415 - help starts without it
    from fanfold.attack.kit import attack as run  # noqa: PLC0415
    from fanfold.attack.report import as_json, as_text, exit_code  # noqa: PLC0415

    orders = Orders(
        token=token,
        base=base,
        read=read,
        write=write,
        ground=ask,
        log=str(log or ""),
        only=tuple(part.strip().upper() for part in only.split(",") if part.strip()),
        limit=limit,
        patience=patience,
        big=big,
        agreed=yes,
    )
    began = perf_counter()
    outcomes = asyncio.run(run(url, orders))
    print((as_json if json else as_text)(outcomes, perf_counter() - began))
    sys.exit(exit_code(outcomes))
