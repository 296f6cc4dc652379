"""Host names that stand for what a scenario says, in a server that is tampered with: no name server is asked.

A table of names is a file that is read anew with each look-up, so that a name can change at any moment. Each look-up is
a line in a file beside it. Names that are not in the table are asked for as always.
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

from msgspec import Struct, json


class Name(Struct, frozen=True, kw_only=True):
    """What a name stands for: with each look-up the next of ``addresses``, after ``delay`` seconds.

    Without any there is no such name (NXDOMAIN).
    """

    addresses: tuple[str, ...] = ()
    delay: float = 0.0


class Names:
    """The table of a server. ``path`` is what the server is told in ``FAULTS_NAMES``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._asked = path.with_suffix(".asked")

    def write(self, **names: Name) -> None:
        """From now on names stand for this; ``a_test`` is the name ``a.test``."""
        part = self.path.with_suffix(".part")
        part.write_bytes(json.encode({name.replace("_", "."): stands for name, stands in names.items()}))
        part.rename(self.path)

    def asked(self, name: str) -> int:
        """How often a name has been looked up."""
        return self._asked.read_text().split().count(name) if self._asked.exists() else 0

    def find(self, name: str) -> Name | None:
        """What a name stands for now; None for one that is not in the table. Notes that it was looked up."""
        table = json.decode(self.path.read_bytes(), type=dict[str, Name])
        if (found := table.get(name)) is None:
            return None
        number = self.asked(name)
        with self._asked.open("a") as out:
            out.write(f"{name}\n")
        turn = found.addresses[number % len(found.addresses) :][:1] if found.addresses else ()
        return Name(addresses=turn, delay=found.delay)


def place_names(path: Path) -> None:
    """Have the event loops of this process look names up in the table first."""
    import uvloop  # noqa: PLC0415 - only where it is done

    names = Names(path)
    for loop in (uvloop.Loop, asyncio.BaseEventLoop):
        _place(loop, names)


def _place(loop: Any, names: Names) -> None:
    plain = loop.getaddrinfo

    async def getaddrinfo(self: Any, host: Any, port: Any, **more: Any) -> Any:
        found = names.find(host) if isinstance(host, str) else None
        if found is None:
            return await plain(self, host, port, **more)
        await asyncio.sleep(found.delay)
        if not found.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found.addresses]

    loop.getaddrinfo = getaddrinfo
