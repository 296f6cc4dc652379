"""Several worker processes behind one address, and the signals that they are told with."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from msgspec import json

from tests.upstreams import upstream_running

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks up processes in /proc")


class Gateway:
    """``fanfold gateway`` before an upstream, as a process with processes of its own."""

    def __init__(self, directory, upstream, *flags, **environment):
        self.output = directory / f"gateway-{time.monotonic_ns()}.out"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}
        command = [
            *(sys.executable, "-m", "fanfold", "gateway", "--port", "0"),
            *("--upstream", upstream.url, "--allow-private", *flags),
        ]

        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=out,
                env=inherited | {"FANFOLD_ACCESS_LOG": "off"} | environment,
            )
        self.port = int(self.printed(r"listening on http://\S+:(\d+)"))

    def printed(self, pattern, times=1):
        """What it has printed for the ``times``th time, once it has."""
        return self.until(lambda: (re.findall(pattern, self.said()) + [""] * times)[times - 1])

    def said(self):
        return self.output.read_text()

    def until(self, found, within=40):
        end = time.monotonic() + within
        while not (value := found()):
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)
        return value

    def workers(self):
        """The processes of its workers that answer by now."""
        pids = [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]
        return {pid for pid in pids if self.name(pid)}

    @staticmethod
    def name(pid):
        try:
            return b"fanfold.server.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    def connect(self):
        return closing(HTTPConnection("127.0.0.1", self.port, timeout=30))

    def get(self, path):
        """Status, headers and body of one request on a connection of its own."""
        with self.connect() as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    def serves(self):
        return self.answers("/users/1")

    def answers(self, path):
        try:
            return self.get(path)[0] == 200
        except (OSError, HTTPException):
            return False

    def answering(self):
        """Which processes answer, as their request ids tell."""
        ids = [self.get("/-/healthz")[1]["fanfold-request-id"].partition("-")[0] for _ in range(30)]
        return set(ids)

    def send(self, number):
        self.process.send_signal(number)

    def code(self):
        return self.process.wait(40)


@pytest.fixture(scope="module")
def upstream():
    with upstream_running() as running:
        yield running


@pytest.fixture
def start(tmp_path, upstream):
    started = []

    def begin(*flags, **more):
        gateway = Gateway(tmp_path, upstream, *flags, **more)
        started.append(gateway)
        return gateway

    yield begin
    for gateway in started:
        if gateway.process.poll() is None:
            gateway.send(signal.SIGTERM)
            assert gateway.code() == 0, gateway.said()
        assert "Traceback" not in gateway.said()


def two(start, *flags, **more):
    """A gateway whose two workers serve."""
    gateway = start("--workers", "2", *flags, **more)
    gateway.until(lambda: len(gateway.workers()) == 2 and len(gateway.answering()) == 2)
    return gateway


def test_several_workers_serve_one_address_and_greet_once(start):
    gateway = two(start)
    assert gateway.said().count("Fanfold is listening on") == 1
    assert re.search(r"^Workers +2$", gateway.said(), re.MULTILINE)
    assert gateway.get("/-/readyz")[2] == b'{"status":"ready","parts":{}}'


def test_a_worker_that_is_killed_comes_back_and_the_other_serves_meanwhile(start):
    gateway = two(start)
    before = gateway.workers()
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    gateway.printed(r"process \d+ ended by SIGKILL\. The next one is started\.")
    for _ in range(20):
        assert gateway.serves()
    gateway.until(lambda: len(gateway.workers() - {killed}) == 2 and len(gateway.answering()) == 2)


def test_a_worker_that_somebody_stops_is_replaced_too(start):
    gateway = two(start)
    stopped = min(gateway.workers())
    os.kill(stopped, signal.SIGTERM)
    gateway.printed(r"process \d+ ended with exit code 0\. The next one is started\.")
    gateway.until(lambda: len(gateway.workers() - {stopped}) == 2)


def test_no_worker_outlives_its_supervisor(start):
    gateway = two(start)
    workers = gateway.workers()
    gateway.send(signal.SIGKILL)
    assert gateway.code() == -signal.SIGKILL
    gateway.until(lambda: not any(gateway.name(pid) for pid in workers))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_request_in_flight_is_answered_before_all_of_it_ends(start, upstream, workers, number):
    gateway = start("--workers", workers)
    with ThreadPoolExecutor(1) as pool:
        asked = len(upstream.seen)
        slow = pool.submit(gateway.get, "/slices/800/1")
        gateway.until(lambda: len(upstream.seen) > asked)
        gateway.send(number)
        status, headers, _ = slow.result()
    assert (status, headers["connection"]) == (200, "close")
    assert gateway.code() == 0, gateway.said()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_looks_is_told_before_the_door_is_closed(start, workers):
    gateway = start("--workers", workers, FANFOLD_DRAIN_DELAY="1.5")
    with gateway.connect() as kept:
        kept.request("GET", "/users/1")
        assert kept.getresponse().read()
        gateway.send(signal.SIGTERM)
        gateway.until(lambda: gateway.get("/-/readyz")[0] == 503)
        assert gateway.get("/-/readyz")[2] == b'{"status":"draining","parts":{}}'
        assert gateway.get("/-/healthz")[0] == 200
        assert gateway.serves()
        kept.request("GET", "/users/1")
        response = kept.getresponse()
        assert (response.status, response.getheader("connection")) == (200, "close")
        response.read()
    assert gateway.code() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_told_to_stop_twice_it_ends_at_once(start, upstream, workers):
    gateway = start("--workers", workers)
    with ThreadPoolExecutor(1) as pool:
        asked = len(upstream.seen)
        hanging = pool.submit(gateway.answers, "/hang")
        gateway.until(lambda: len(upstream.seen) > asked)
        pids = gateway.workers()
        gateway.send(signal.SIGTERM)
        gateway.until(lambda: not gateway.answers("/-/readyz"))
        gateway.send(signal.SIGTERM)
        assert gateway.process.wait(5) == -signal.SIGTERM
        assert not hanging.result()
    gateway.until(lambda: not any(gateway.name(pid) for pid in pids), within=2)


def test_a_reload_replaces_all_workers_and_gives_them_the_settings_of_now(start, tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text("max_actions = 2\n")
    gateway = two(start, "--config", str(file))
    body = json.encode({"data": {"actions": [{"method": "get", "relative_path": "/users/1"}] * 3}})

    def batch():
        with gateway.connect() as connection:
            connection.request("POST", "/batch", body, {"Content-Type": "application/json"})
            return connection.getresponse().status

    assert batch() == 400
    before = gateway.workers()
    file.write_text("max_actions = 3\n")
    gateway.send(signal.SIGHUP)
    gateway.printed("All 2 workers have been replaced")
    assert not gateway.workers() & before
    assert {batch() for _ in range(8)} == {200}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("max_actions = 'many'\n", "The setting max_actions cannot be 'many'"),
        ("workers = 3\n", "workers can only change when all of it is started anew"),
        ("upstream = 'http://169.254.169.254'\n", "169.254.169.254"),
        ("max_actions = = 2\n", "is not TOML"),
    ],
)
def test_a_bad_reload_is_refused_and_the_old_settings_go_on(start, tmp_path, upstream, written, told):
    file = tmp_path / "gateway.toml"
    good = f"workers = 2\nupstream = '{upstream.url}'\nallow_private = true\nport = 0\n"
    file.write_text(good)
    gateway = Gateway.__new__(Gateway)
    gateway.output = tmp_path / "gateway.out"
    with gateway.output.open("wb") as out:
        command = [sys.executable, "-m", "fanfold", "gateway", "--config", str(file)]
        gateway.process = subprocess.Popen(command, stdout=out, stderr=out)
    gateway.port = int(gateway.printed(r"listening on http://\S+:(\d+)"))
    gateway.until(lambda: len(gateway.workers()) == 2 and len(gateway.answering()) == 2)
    before = gateway.workers()
    name = written.partition(" ")[0]
    file.write_text("".join(line for line in good.splitlines(True) if not line.startswith(name)) + written)
    gateway.send(signal.SIGHUP)
    said = gateway.printed(r"The new settings are refused: (.*) The old ones go on\.")
    assert told in said
    os.kill(min(before), signal.SIGKILL)
    gateway.until(lambda: len(gateway.workers() - {min(before)}) == 2 and len(gateway.answering()) == 2)
    assert gateway.serves()
    gateway.send(signal.SIGTERM)
    assert gateway.code() == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("serve", "--workers", "2"), ("fanfold.db", "postgresql://", "--workers")),
        (("serve", "--workers", "2", "--db", ":memory:"), (":memory:", "postgresql://")),
        (("serve", "--workers", "2", "--db", "postgresql://h/d", "--admin"), ("--admin", "--workers")),
        (("serve", "--workers", "0"), ("workers",)),
        (("gateway", "--workers", "2"), ("--upstream",)),
        (("gateway", "--workers", "2", "--upstream", "http://127.0.0.1:1"), ("--allow-private",)),
        (("gateway", "--workers", "2", "--upstream", "http://127.0.0.1:1", "--host", "256.1.1.1"), ("256.1.1.1",)),
    ],
)
def test_what_cannot_be_served_by_several_is_refused_in_one_sentence(tmp_path, flags, words):
    result = subprocess.run(
        [sys.executable, "-m", "fanfold", *flags, *(("--port", "0") if "serve" not in flags else ())],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1), result
    assert all(word in result.stderr for word in words)
    assert list(tmp_path.iterdir()) == []


def test_a_busy_port_is_refused_though_others_could_share_it(start, tmp_path, upstream):
    gateway = two(start)
    result = subprocess.run(
        [
            *(sys.executable, "-m", "fanfold", "gateway", "--workers", "2", "--port", str(gateway.port)),
            *("--upstream", upstream.url, "--allow-private"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert str(gateway.port) in result.stderr


def test_the_metrics_of_all_workers_are_shown_by_each_and_outlive_them(start):
    pytest.importorskip("prometheus_client")
    gateway = two(start, FANFOLD_METRICS="1")

    def counted():
        shown = gateway.get("/-/metrics")[2].decode()
        return sum(map(float, re.findall(r"^fanfold_action_seconds_count\{.*\} (.*)$", shown, re.MULTILINE)))

    for _ in range(12):
        gateway.get("/users/1")
    assert [counted() for _ in range(8)] == [12.0] * 8
    os.kill(min(gateway.workers()), signal.SIGKILL)
    gateway.send(signal.SIGHUP)
    gateway.printed("All 2 workers have been replaced")
    gateway.get("/users/1")
    assert [counted() for _ in range(8)] == [13.0] * 8


def test_all_workers_know_the_token_that_was_printed(start, tmp_path, upstream):
    file = tmp_path / "gateway.toml"
    file.write_text(f"[upstreams.one]\nurl = '{upstream.url}'\nheaders = {{ authorization = 'Bearer ${{SECRET}}' }}\n")
    gateway = two(start, "--config", str(file), SECRET="the-upstreams")
    token = gateway.printed(r"Token +(\S+)")
    for _ in range(12):
        with gateway.connect() as connection:
            connection.request("GET", "/one/users/1", headers={"Authorization": f"Bearer {token}"})
            assert connection.getresponse().status == 200


def test_limits_are_divided_and_that_is_said(start):
    gateway = two(start, FANFOLD_LIMITS="requests=20")
    assert re.search(r"^Workers +2, each with its share of the limits$", gateway.said(), re.MULTILINE)
    answers = [gateway.get("/users/1")[0] for _ in range(60)]
    assert answers.count(200) == 20


def test_more_connections_than_files_may_be_open_are_survived(start):
    gateway = start()
    resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (64, 64))
    crowd = []
    for _ in range(200):
        connection = socket.socket()
        connection.settimeout(5)
        try:
            connection.connect(("127.0.0.1", gateway.port))
        except OSError:
            connection.close()
        else:
            crowd.append(connection)
    began = _cpu(gateway.process.pid)
    time.sleep(1)
    assert _cpu(gateway.process.pid) - began < 0.5, "it spins"
    assert sum(map(held, crowd)) < 64
    for connection in crowd:
        connection.close()
    gateway.until(gateway.serves, within=15)


def held(connection):
    """Whether a connection is there still: it was let in, or waits for that."""
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def _cpu(pid):
    """Seconds of CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
