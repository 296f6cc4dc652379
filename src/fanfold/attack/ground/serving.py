"""The proving ground as a server of its own, on loopback and nowhere else."""

from __future__ import annotations

import contextlib
import socket

from fanfold.attack.ground.app import app
from fanfold.errors import SetupError


def serve_ground(port: int) -> None:
    """Serve until told to stop. Raises ``SetupError`` where the port is taken."""
    import uvicorn  # noqa: PLC0415 - whoever mounts the ground in an application needs no server

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise SetupError(f"The proving ground cannot listen on port {port}: {error.strerror}.") from None
    print(f"The proving ground is listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201
    config = uvicorn.Config(app, log_level="critical", access_log=False, server_header=False, ws="none", lifespan="off")
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
