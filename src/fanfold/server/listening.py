"""Where a server listens: one socket, or one for each of several workers that share an address."""

from __future__ import annotations

import socket
import sys
from typing import Protocol

from fanfold.errors import SetupError

BACKLOG = 2048
"""Connections that may wait to be accepted."""


class Place(Protocol):
    """Where to listen."""

    @property
    def host(self) -> str:
        """An address."""

    @property
    def port(self) -> int:
        """A TCP port; 0 takes a free one."""


def listen(place: Place) -> socket.socket:
    """The listening socket; raises ``SetupError`` where the address is taken or not ours."""
    listener = _bound(place.host, place.port)
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def listen_apart(place: Place, workers: int) -> list[socket.socket]:
    """A socket for each worker, bound to the same address; the kernel deals connections out among those that listen.

    Workers that accept from one socket would be given very different numbers of connections, and clients keep theirs.
    A worker listens once it is ready. Where the kernel does not deal out all workers have the same socket. Raises
    ``SetupError`` as ``listen``.
    """
    first = _bound(place.host, place.port)
    if not sys.platform.startswith("linux"):
        return [first] * workers
    # One that is bound as only one can be has found the address free; with the others it could be somebody else's too.
    address = first.getsockname()
    first.close()
    return [_bound(place.host, address[1], shared=True) for _ in range(workers)]


def address_of(listener: socket.socket) -> str:
    """The URL that the socket is reached at."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SetupError(
            f"Port {port} on {host} cannot be used ({error.strerror}); choose another with --port."
        ) from None
    except OverflowError:
        listener.close()
        raise SetupError(f"The port must be a number from 0 to 65535, not {port}.") from None
    return listener
