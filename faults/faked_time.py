"""A wall clock that is set while a server runs; what measures durations, and all that waits, goes on as it is.

It is put before the system's own with ``LD_PRELOAD``, from a few lines of C that are compiled when they are needed.
(``libfaketime`` changes how long threads sleep as well, and has them fail where the clock jumps.)
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from datetime import datetime
from pathlib import Path

from faults.server import Server
from faults.setting import UnableError

SOURCE = Path(__file__).with_suffix(".c")
BILLION = 1_000_000_000


def _compiled(folder: Path) -> Path:
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise UnableError("the clock cannot be set: there is no C compiler (apt install gcc libc6-dev)")
    made = folder / "faked_time.so"
    done = subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(SOURCE)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UnableError(f"the clock cannot be set: {done.stderr[:300]}")
    return made


class FakedTime:
    """The clock of some servers."""

    def __init__(self, folder: Path) -> None:
        self._library = _compiled(folder)
        self._path = folder / "clock"
        self._path.write_bytes(bytes(16))
        file = os.open(self._path, os.O_RDWR)
        self._map = mmap.mmap(file, 16)
        os.close(file)

    def give(self, server: Server) -> None:
        """Have a server go by this clock from its next start on."""
        server.environment |= {"LD_PRELOAD": str(self._library), "FAULTS_CLOCK": str(self._path)}

    def set(self, seconds: float) -> None:
        """So many seconds ahead of the real time, or behind it."""
        self._map[:] = struct.pack("qq", int(seconds * BILLION), 0)

    def freeze(self, at: datetime) -> None:
        """Stand still."""
        self._map[:] = struct.pack("qq", 0, int(at.timestamp() * BILLION))
