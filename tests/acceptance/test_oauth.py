"""Apps against a real server process, with the client of the library that most Python apps use."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

requests_client = pytest.importorskip("authlib.integrations.requests_client")

BACK = "http://localhost:9999/done"


@pytest.fixture
def make_app(live: Any) -> Callable[..., dict[str, str]]:
    """Registers an app with the command line, while the server runs."""

    def make(*flags: str) -> dict[str, str]:
        command = [sys.executable, "-m", "fanfold", "app", "create", "Planner", "--redirect", BACK, *flags]
        done = subprocess.run([*command, "--db", str(live.db)], capture_output=True, text=True, check=True, timeout=60)
        return dict(line.split() for line in done.stdout.splitlines())

    return make


def allow(live: Any, url: str) -> str:
    """What a browser does: open the page, fill in the form, follow where it leads."""
    parts = urlsplit(url)
    connection = HTTPConnection(live.host, live.port, timeout=30)
    connection.request("GET", f"{parts.path}?{parts.query}")
    page = connection.getresponse()
    action = re.search(r'action="([^"]+)"', page.read().decode())
    assert page.status == 200
    assert action is not None
    form = urlencode({"token": live.token, "decision": "allow"})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"http://{live.host}:{live.port}",
        "Sec-Fetch-Site": "same-origin",
    }
    connection.request("POST", action[1].replace("&amp;", "&"), form, headers)
    response = connection.getresponse()
    response.read()
    assert response.status == 302
    connection.close()
    return str(response.getheader("location"))


@pytest.mark.parametrize("flags", [(), ("--public",)])
def test_an_app_gets_in_works_renews_and_leaves(
    live: Any, make_app: Callable[..., dict[str, str]], flags: tuple[str, ...]
) -> None:
    app = make_app(*flags)
    at = f"http://{live.host}:{live.port}"
    with requests_client.OAuth2Session(
        app["client_id"],
        app.get("client_secret"),
        token_endpoint_auth_method="none" if flags else "client_secret_basic",
        scope="users:read projects:read openid email",
        redirect_uri=BACK,
        code_challenge_method="S256",
    ) as session:
        verifier = "v" * 64
        url, state = session.create_authorization_url(f"{at}/-/oauth_authorize", code_verifier=verifier)
        back = allow(live, url)
        assert back.startswith(BACK)
        token = session.fetch_token(
            f"{at}/-/oauth_token", authorization_response=back, state=state, code_verifier=verifier
        )
        assert token["data"]["email"] == "ada@example.com"
        assert session.get(f"{live.api}/users/me").json()["data"]["gid"] == token["data"]["gid"]
        assert session.get(f"{live.api}/tasks/1").status_code == 403
        assert session.get(f"{live.api}/openid_connect/userinfo").json()["sub"] == token["data"]["gid"]
        old = token["access_token"]
        renewed = session.refresh_token(f"{at}/-/oauth_token", refresh_token=token["refresh_token"])
        assert renewed["access_token"] != old
        assert session.get(f"{live.api}/users/me").status_code == 200
        refresh = renewed.get("refresh_token", token["refresh_token"])
        assert session.revoke_token(f"{at}/-/oauth_revoke", refresh).status_code == 200
        assert session.get(f"{live.api}/users/me").status_code == 401


def test_the_token_of_a_service_account_can_be_made_while_the_server_runs(live: Any) -> None:
    command = [sys.executable, "-m", "fanfold", "token", "create", "--service-account", "--name", "Backup"]
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    more = ["--workspace", workspace, "--db", str(live.db)]
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=True, timeout=60)
    status, body, _ = live.call("GET", "/api/1.0/users/me", token=done.stdout.strip())
    assert (status, body["data"]["name"]) == (200, "Backup")
