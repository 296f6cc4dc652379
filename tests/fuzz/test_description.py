"""Requests made up after the API description, most of them wrong: no crash, no answer that the description lacks."""

import re
import subprocess
import sys

import pytest

from tests.acceptance.conftest import running

pytestmark = pytest.mark.fuzz

ENOUGH = 2_000

CONFIG = """
[parameters]
"path.project_gid" = "1025"
"path.section_gid" = "1028"
"path.tag_gid" = "1019"
"path.task_gid" = "1030"
"path.user_gid" = "me"
"path.workspace_gid" = "1005"

# What a valid request leads to depends on which records there are, which no schema can say.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 403, 404, 412]

# The service answers a wrong method like a wrong path, 404, and never 405.
[checks.unsupported_method]
enabled = false

# What is wrong with an action is told in its own result; the batch is answered with 200.
[[operations]]
include-name = "POST /batch"
checks.negative_data_rejection.enabled = false
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_made_up_requests_get_documented_answers(tmp_path, seed):
    """Seed 1 asks about records of the demo data by path, seed 2 makes up every gid."""
    config = CONFIG if seed == 1 else CONFIG.partition("[parameters]")[0] + CONFIG[CONFIG.index("# What") :]
    (tmp_path / "schemathesis.toml").write_text(config)
    with running(tmp_path, "--limits", "off", "--access-log", "off") as live:
        address = f"http://{live.host}:{live.port}"
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml")),
            *("run", f"{address}/openapi.json", "--url", live.api, "--header", f"Authorization: Bearer {live.token}"),
            *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "10"),
            *("--seed", str(seed), "--continue-on-failure", "--no-color", "--warnings", "off"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    generated = re.search(r"(\d+) generated", done.stdout)
    print(f"\nseed {seed}: {done.stdout[done.stdout.index('API Operations:') :].strip()}")  # noqa: T201
    assert generated
    assert int(generated[1]) >= ENOUGH
