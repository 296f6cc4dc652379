"""A real gateway process before real upstreams."""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from msgspec import json

from tests.certificates import Authority
from tests.upstreams import upstream_running


@contextmanager
def gateway_running(directory, *flags, **environment):
    """Its address for the length of a block; it has to end well, and must not have crashed on the way."""
    output = directory / "gateway.out"
    command = [sys.executable, "-m", "fanfold", "gateway", *(() if "--port" in flags else ("--port", "0")), *flags]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}
    with output.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=inherited | environment)
    until = time.monotonic() + 30
    try:
        while not (found := re.search(r"listening on (http://\S+:\d+)", output.read_text())):
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < until, output.read_text()
            time.sleep(0.02)
        yield found[1], output
    finally:
        process.terminate()
        code = process.wait(timeout=40)
    assert (code, "Traceback" in output.read_text()) == (0, False), output.read_text()


def call(address, method, path, body=None, **headers):
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Content-Type": "application/json"} | sent)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def batch(address, *actions, **headers):
    status, body = call(address, "POST", "/batch", json.encode({"data": {"actions": actions}}), **headers)
    assert status == 200, body
    return json.decode(body)["data"]


def get(path):
    return {"method": "get", "relative_path": path}


@pytest.fixture(scope="module")
def upstream():
    with upstream_running() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory):
    directory = tmp_path_factory.mktemp("gateway")
    (directory / "fanfold.toml").write_text(
        f'[upstreams.u]\nurl = "{upstream.url}"\nprefix = "/"\ntimeout = 2.0\nattempts = 1\nmax_response = 1000000\n'
    )
    with gateway_running(directory, "--allow-private", "--config", str(directory / "fanfold.toml")) as (address, _):
        yield address


BAD = {
    "/hang": 504,
    "/drip": 504,
    "/interim": 502,
    "/reset": 502,
    "/garbage": 502,
    "/short": 502,
    "/chunk": 502,
    "/bomb": 502,
    "/endless": 502,
    "/fields": 502,
    "/field": 502,
    "/packed/cut": 502,
    "/packed/br": 502,
}


@pytest.mark.parametrize("path", BAD)
def test_what_an_upstream_does_wrong_is_one_actions_error(gateway, path):
    results = batch(gateway, get("/echo/1"), get(path), get("/echo/2"))
    assert [one["status_code"] for one in results] == [200, BAD[path], 200]
    assert results[0]["body"]["path"] == "/echo/1"
    assert results[2]["body"]["path"] == "/echo/2"


def test_the_gateway_still_serves_after_all_that(gateway):
    assert call(gateway, "GET", "/-/healthz") == (200, b'{"status":"ok"}')
    status, body = call(gateway, "PUT", "/echo", b"[1]", Authorization="Bearer mine")
    assert (status, json.decode(body)["headers"]["authorization"]) == (200, "Bearer mine")


def test_an_upstream_at_home_has_to_be_allowed(upstream):
    for url in (upstream.url, upstream.url.replace("127.0.0.1", "localhost"), "http://[::ffff:10.0.0.1]"):
        command = [sys.executable, "-m", "fanfold", "gateway", "--port", "0", "--upstream", url]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
        assert "--allow-private" in ended.stderr


def test_a_gateway_before_itself_does_not_start(upstream, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        flags = ("--port", str(port), "--allow-private", "--upstream", f"http://{host}:{port}/v1")
        command = [sys.executable, "-m", "fanfold", "gateway", *flags]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (ended.returncode, ended.stderr) == (
            2,
            f"The upstream http://{host}:{port}/v1 is this gateway itself.\n",
        )


def test_two_gateways_before_each_other_come_to_an_end(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        second = taken.getsockname()[1]
    (tmp_path / "other").mkdir()
    flags = ("--allow-private", "--upstream", f"http://127.0.0.1:{second}")
    with gateway_running(tmp_path, *flags) as (one, _):
        told = ("--port", str(second), "--allow-private", "--upstream", one)
        with gateway_running(tmp_path / "other", *told):
            assert call(one, "GET", "/anything")[0] == 508


def test_certificates_are_checked_by_name_with_an_authority_of_ones_own(tmp_path):
    authority = Authority(tmp_path)
    with authority.upstream("localhost") as (good, asked), authority.upstream("localhost", age=9) as (old, _):
        places = {
            "good": f"https://localhost:{good.port}",
            "name": f"https://127.0.0.1:{good.port}",
            "old": f"https://localhost:{old.port}",
        }
        lines = [f'[upstreams.{name}]\nurl = "{url}"\nca_file = "{authority.file}"\n' for name, url in places.items()]
        lines.append(f'[upstreams.unknown]\nurl = "https://localhost:{good.port}"\n')
        (tmp_path / "fanfold.toml").write_text("".join(lines))
        flags = ("--allow-private", "--config", str(tmp_path / "fanfold.toml"))
        with gateway_running(tmp_path, *flags) as (address, output):
            results = batch(address, *(get(f"/{name}/echo") for name in ("good", "name", "old", "unknown")))
        assert [one["status_code"] for one in results] == [200, 502, 502, 502]
        assert [
            one["body"]["errors"][0]["message"].removeprefix("The upstream's certificate ") for one in results[1:]
        ] == [
            "is for another address",
            "has expired",
            "comes from an authority that is not trusted",
        ]
        assert set(asked) == {"localhost", None}
        assert (len(good.seen), len(old.seen)) == (1, 0)
    assert "certificate has expired" in output.read_text()


@pytest.mark.parametrize("written", [None, "", "not a certificate"])
def test_certificates_that_cannot_be_read_are_one_sentence(tmp_path, written):
    if written is not None:
        (tmp_path / "ca.pem").write_text(written)
    file = tmp_path / "fanfold.toml"
    file.write_text(f'[upstreams.u]\nurl = "https://api.example.com"\nca_file = "{tmp_path / "ca.pem"}"\n')
    command = [sys.executable, "-m", "fanfold", "gateway", "--port", "0", "--config", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert "ca.pem" in ended.stderr


def test_lent_credentials_are_neither_printed_nor_free(upstream, tmp_path):
    (tmp_path / "fanfold.toml").write_text(
        f'[upstreams.u]\nurl = "{upstream.url}"\nheaders = {{authorization = "Bearer ${{SECRET}}"}}\n'
    )
    flags = ("--allow-private", "--config", str(tmp_path / "fanfold.toml"))
    with gateway_running(tmp_path, *flags, SECRET="lent-secret") as (address, output):
        token = re.search(r"^Token +(\S+)", output.read_text(), re.MULTILINE)[1]
        assert call(address, "GET", "/u/echo")[0] == 401
        status, body = call(address, "GET", "/u/echo", Authorization=f"Bearer {token}")
        assert (status, json.decode(body)["headers"]["authorization"]) == (200, "Bearer lent-secret")
        assert call(address, "GET", "/u/reset", Authorization=f"Bearer {token}")[0] == 502
    assert "lent-secret" not in output.read_text()


def test_a_batch_goes_through_to_a_server_of_our_own(live, tmp_path):
    (tmp_path / "fanfold.toml").write_text(f'[upstreams.work]\nurl = "{live.api}"\nprefix = "/"\nwrap = "data"\n')
    flags = ("--allow-private", "--config", str(tmp_path / "fanfold.toml"))
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    with gateway_running(tmp_path, *flags) as (address, _):
        create = {"method": "post", "relative_path": "/tasks", "data": {"name": "through", "workspace": workspace}}
        made, me = batch(address, create, get("/users/me"), Authorization=f"Bearer {live.token}")
    assert (made["status_code"], me["status_code"]) == (201, 200)
    assert live.data("GET", f"/tasks/{made['body']['data']['gid']}")["name"] == "through"
