"""Requests made up after the API description, most of them wrong: no crash, no answer that the description lacks."""

import re
import subprocess
import sys

import pytest

from tests.acceptance.conftest import running
from tests.contract import published

pytestmark = pytest.mark.fuzz

ENOUGH = 2_000

DEMO = """
[parameters]
"path.project_gid" = "1025"
"path.section_gid" = "1028"
"path.tag_gid" = "1019"
"path.task_gid" = "1030"
"path.user_gid" = "me"
"path.workspace_gid" = "1005"
"""

OURS = """
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

NOT_OF_THEIRS = (
    *("response_schema_conformance", "response_headers_conformance", "positive_data_acceptance"),
    *("negative_data_rejection", "use_after_free", "ensure_resource_availability", "missing_required_header"),
    *("ignored_auth", "object_level_authorization", "unsupported_method", "allow_header_conformance"),
)
"""Checks against our own description only; answers are compared with the published one in all other tests."""

THEIRS = """
# Described as never answering anything but 200.
[[operations]]
include-name = "GET /workspaces/{workspace_gid}/workspace_memberships"
checks.status_code_conformance.enabled = false

# Said of the other event stream, and forgotten here: 412 without a token.
[[operations]]
include-name = "GET /workspaces/{workspace_gid}/events"
checks.status_code_conformance.enabled = false
"""


@pytest.fixture
def send(tmp_path):
    """Has requests made up after a description and sent to a server; how many, if all answers were as described."""

    def send(config, seed, *flags, description=""):
        (tmp_path / "schemathesis.toml").write_text(config)
        with running(tmp_path, "--limits", "off", "--access-log", "off") as live:
            location = description or f"http://{live.host}:{live.port}/openapi.json"
            command = [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml")),
                *("run", location, "--url", live.api, "--header", f"Authorization: Bearer {live.token}"),
                *("--phases", "examples,coverage,fuzzing,stateful", "--seed", str(seed), *flags),
                *("--continue-on-failure", "--no-color", "--warnings", "off"),
            ]
            done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
        print(f"\nseed {seed}: {done.stdout[done.stdout.index('API Operations:') :].strip()}")  # noqa: T201
        generated = re.search(r"(\d+) generated", done.stdout)
        assert generated
        return int(generated[1])

    return send


def test_requests_about_records_that_exist_get_documented_answers(send):
    assert send(DEMO + OURS, 1, "--max-examples", "10") >= ENOUGH


def test_requests_about_anything_get_documented_answers(send):
    assert send(OURS, 2, "--max-examples", "10") >= ENOUGH


@published.needs_description
def test_requests_made_up_after_the_published_description_get_its_answers(send):
    off = "".join(f"\n[checks.{name}]\nenabled = false\n" for name in NOT_OF_THEIRS)
    assert send(DEMO + off + THEIRS, 3, "--max-examples", "5", description=str(published.FILE)) >= ENOUGH
