"""What is not there is said in a sentence, and nothing is loaded that is not needed."""

import subprocess
import sys

import pytest


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("module", "missing", "says"),
    [
        ("requests", "requests", "fanfold.compat.requests needs requests, with urllib3 2: pip install -U requests"),
        ("asana", "urllib3", "fanfold.compat.asana needs Asana's client, with urllib3 2: pip install -U asana"),
    ],
)
def test_a_library_that_is_missing_is_named(module, missing, says):
    found = run(f"import sys\nsys.modules[{missing!r}] = None\nimport fanfold.compat.{module}")
    assert found.stderr.splitlines()[-1] == f"fanfold.errors.SetupError: {says}"


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("httpx", {"httpx", "httpx2", "aiohttp", "urllib3", "requests"}),
        ("requests", {"httpx", "aiohttp", "asana"}),
        ("asana", {"httpx", "aiohttp", "requests"}),
        ("asana_asyncio", {"aiohttp", "pydantic", "urllib3"}),
    ],
)
def test_nothing_is_loaded_that_is_not_needed(module, unneeded):
    found = run(f"import sys\nimport fanfold.compat.{module}\nprint(*sorted({unneeded!r} & set(sys.modules)))")
    assert (found.stdout.strip(), found.stderr) == ("", "")
