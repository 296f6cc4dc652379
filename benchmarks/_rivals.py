"""What others have made of the same idea, fetched when a benchmark runs and kept out of the project's own lock.

Everything goes into one folder: a Python environment for the frameworks, another for what needs a later Python than
the oldest that this project runs on, and a folder of Node.js. Where a registry or an interpreter is missing,
``Missing`` says so and the case is left out; nothing stands in for it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent / "rivals"
SOURCE = Path(__file__).parent.parent / "src"

PACKAGES = (
    *("starlette==1.10.0", "fastapi==0.165.0", "pydantic==2.14.3"),
    *("granian==2.8.9", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0", "msgspec==0.22.0"),
    *("django==5.2.19", "djangorestframework==3.18.3", "drf-batch-requests==0.9.5"),
)
"""Ours on frameworks, and rivals that run beside them."""

LATER = ("fastapi-batch==1.0.1", "fastapi==0.165.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0")
"""What wants Python 3.12."""

NODE = ("@hapi/hapi@21.4.10", "bassmaster@3.2.0")


class Missing(Exception):
    """Something cannot be compared here; the message says why."""


class Rivals:
    """Everything under ``folder``, each part installed when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._failed: dict[str, str] = {}

    def python(self) -> Path:
        """An interpreter with the frameworks, and with what this project's own code needs."""
        return self._environment("python", sys.executable, PACKAGES)

    def later_python(self) -> Path:
        """One of Python 3.12 or later."""
        found = sys.executable if sys.version_info >= (3, 12) else None
        for version in ("3.12", "3.13", "3.14"):
            found = found or _works(f"python{version}")
        if found is None:
            raise Missing("fastapi-batch needs Python 3.12 or later, and there is no python3.12, 3.13 or 3.14 here")
        return self._environment("later", found, LATER)

    def node(self) -> tuple[str, Path]:
        """Node.js and the folder of its packages."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise Missing("bassmaster needs Node.js and npm, which are not here")
        folder = self._folder / "node"
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        self._install(folder, NODE, [[npm, "install", "--prefix", str(folder), *quiet, *NODE]])
        return node, folder / "node_modules"

    def _environment(self, name: str, base: str, packages: tuple[str, ...]) -> Path:
        folder = self._folder / name
        python = folder / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        self._install(folder, packages, [[base, "-m", "venv", "--clear", str(folder)], [*pip, *packages]])
        return python

    def _install(self, folder: Path, packages: tuple[str, ...], commands: list[list[str]]) -> None:
        """Run the commands unless that has been done; what did not work is not tried again for the next case."""
        stamp = folder / ".installed"
        if stamp.exists() and stamp.read_text() == "\n".join(packages):
            return
        if folder.name in self._failed:
            raise Missing(self._failed[folder.name])
        for command in commands:
            print(f"installing: {' '.join(command)}", file=sys.stderr, flush=True)
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                said = [line for line in (done.stderr or done.stdout).splitlines() if line and "log" not in line]
                why = f"could not be installed (is the registry out of reach?): {''.join(said[-1:])}"
                self._failed[folder.name] = why
                raise Missing(why)
        stamp.write_text("\n".join(packages))


def _works(name: str) -> str | None:
    """The path of an interpreter that is there and runs; some that are found only say which they would rather be."""
    path = shutil.which(name)
    if path is None or subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode:
        return None
    return path
