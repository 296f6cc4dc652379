"""``fanfold attack`` as a person types it."""

import os
import re
import subprocess
import sys
import time
from http.client import HTTPConnection

from msgspec import json

from fanfold import BatchMiddleware
from fanfold.attack.ground import Ground
from tests.attack.naive import Naive
from tests.attack.servers import serving


def fanfold(*arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}
    command = [sys.executable, "-m", "fanfold", "attack", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def test_a_server_without_holes_is_exit_code_0():
    with serving(BatchMiddleware(Ground())) as address:
        ended = fanfold(f"{address}/batch", "--only", "s5,S10", "--json")
    told = json.decode(ended.stdout)
    assert ended.returncode == 0, ended.stdout
    assert told["lines"]["S5"]["passed"] > 10
    assert told["lines"]["S1"] == {}


def test_a_server_with_holes_is_exit_code_1():
    with serving(Ground()) as ground, serving(Naive(ground), lifespan="on") as naive:
        ended = fanfold(f"{naive}/batch", "--only", "S5", "--ask", ground)
    assert ended.returncode == 1
    assert "S5 FAILED: " in ended.stdout
    assert "a hole " in ended.stdout


def test_mistakes_are_exit_code_2_and_one_sentence():
    for arguments in ((), ("ftp://x",), ("http://example.com/batch",), ("http://127.0.0.1:1", "--only", "S99")):
        ended = fanfold(*arguments)
        assert (ended.returncode, ended.stderr.count("\n"), ended.stdout) == (2, 1, ""), ended.stderr


def test_the_ground_is_served_until_it_is_stopped():
    command = [sys.executable, "-m", "fanfold", "attack", "--ground", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())[1])
        until = time.monotonic() + 20
        while time.monotonic() < until:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/-ground/")
                told = json.decode(connection.getresponse().read())
                break
            except ConnectionError:
                time.sleep(0.05)
            finally:
                connection.close()
        assert told["port"] == port
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()
