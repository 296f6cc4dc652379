"""A real gateway process before real upstreams."""

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from msgspec import json

from tests.upstreams import upstream_running


@contextmanager
def gateway_running(directory, *flags, **environment):
    """Its address for the length of a block; it has to end well, and must not have crashed on the way."""
    output = directory / "gateway.out"
    command = [sys.executable, "-m", "fanfold", "gateway", "--port", "0", *flags]
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
