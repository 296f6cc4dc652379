"""The pages about frameworks are true: each application runs as it stands there, and answers as it is written."""

import json
import re
import shlex
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.frameworks.houses import HOUSES, everywhere
from tests.server.test_guides import fits, sent_by

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGES = ROOT / "docs" / "frameworks"
PATIENCE = 60


def page_of(house):
    return (PAGES / f"{house.name}.md").read_text()


def headers_of(curl):
    words = shlex.split(curl.replace("\\\n", " "))
    pairs = [words[place + 1].partition(": ") for place, word in enumerate(words) if word == "-H"]
    return {name: value for name, _, value in pairs}


@contextmanager
def served(house):
    """The example, served by uvicorn; its port."""
    command = [sys.executable, "-m", "uvicorn", "--app-dir", "examples", f"{house.name}_app:app", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    told = []
    try:
        for line in process.stderr:
            told.append(line)
            if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
                yield int(found[1])
                break
        else:
            pytest.fail("".join(told))
    finally:
        timer.cancel()
        process.terminate()
        process.communicate()


def ask(port, curl):
    method, target, body = sent_by(curl)
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, target, body, headers_of(curl))
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


@everywhere
def test_the_page_shows_the_example_that_is_run(house):
    (shown,) = re.findall(r"```python\n(.*?)```", page_of(house).partition("\n## ")[0], re.DOTALL)
    assert shown == (EXAMPLES / f"{house.name}_app.py").read_text()


@everywhere
def test_what_is_sent_is_answered_as_written(house):
    examples = re.findall(r"```sh\n(curl .*?)```\n[^`]*```json\n(.*?)```", page_of(house), re.DOTALL)
    assert len(examples) == 2
    with served(house) as port:
        for curl, answer in examples:
            received = ask(port, curl)
            assert fits(json.loads(answer), received), json.dumps(received, indent=1)


def test_every_framework_has_a_page_and_an_example():
    names = {house.name for house in HOUSES}
    assert {page.stem for page in PAGES.glob("*.md")} == names
    assert {script.name for script in EXAMPLES.glob("*_app.py")} == {f"{name}_app.py" for name in names}
    middleware = (ROOT / "docs" / "middleware.md").read_text()
    assert set(re.findall(r"\]\(frameworks/(\w+)\.md\)", middleware)) == names
