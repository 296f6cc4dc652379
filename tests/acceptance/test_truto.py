"""Clients of the service whose batch requests we speak, with nothing changed but where they go and their token."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import json

try:
    from truto_python_sdk import TrutoApi
except ModuleNotFoundError:
    pytest.skip("the SDK of requirements-sdk.lock is not installed (make setup)", allow_module_level=True)

PUBLISHED = Path(__file__).parents[3] / "shared" / "reference" / "seeds" / "truto-batch-request.txt"
ORIGIN = "https://api.truto.one"

published = pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"the published page is not there: {PUBLISHED}")


@pytest.fixture(scope="module")
def account(live: Any) -> str:
    """The account that a new server begins with, as it was printed."""
    found = re.search(r"^Account +(\S+)", live.output.read_text(), re.MULTILINE)
    assert found, live.output.read_text()
    return found[1]


@pytest.fixture(scope="module")
def demo(live: Any) -> str:
    """An account at the demo API."""
    status, made, _ = live.call("POST", "/integrated-account", {"integration": "demo"})
    assert status == 200, made
    return str(made["id"])


@pytest.fixture
def url(live: Any) -> str:
    return f"http://{live.host}:{live.port}"


def example(title: str, url: str, token: str) -> str:
    """A code example of the published page, with only its base URL and token changed."""
    section = PUBLISHED.read_text().split(f"### {title}\n", 1)[1]
    code = re.search(r"```\w+\n(.*?)```", section, re.DOTALL)
    assert code
    text = code[1].replace("<your_api_token>", token)
    if "TrutoApi(" in text:
        return text.replace("TrutoApi(", f'TrutoApi(base_url="{url}", ')
    return text.replace(ORIGIN, url)


def filled(code: str, account: str) -> str:
    """The same for an account that there is, asking for something."""
    entries = '[{"resource": "workspaces", "method": "list", "persist": True}]'
    if "curl" in code:
        entries = entries.replace("True", "true")
    return code.replace("your_integrated_account_id", account).replace('"resources": []', f'"resources": {entries}')


def ran(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_curl(code: str) -> Any:
    return json.decode(ran("bash", text=code.replace("curl ", "curl -sS ", 1)))


def run_python(code: str) -> Any:
    """What an example prints."""
    return eval(ran(sys.executable, "-c", code))  # a dict that it printed


@published
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_published_curl_command_works(live: Any, url: str, account: str) -> None:
    code = example("curl", url, live.token)
    refused = run_curl(code)
    assert refused["statusCode"] == 400
    assert [failure["path"] for failure in refused["details"]["failures"]] == ["/resources"]
    answer = run_curl(filled(code, account))
    assert [one["name"] for one in answer["result"]["workspaces"]] == ["Fanfold Demo"]
    assert answer["errors"] == {"workspaces": []}


@published
def test_the_published_python_example_works(live: Any, url: str, account: str) -> None:
    code = example("Python", url, live.token)
    assert run_python(code)["statusCode"] == 400
    assert run_python(filled(code, account))["result"]["workspaces"]


@published
def test_the_published_example_of_the_python_sdk_works(live: Any, url: str, account: str) -> None:
    code = example("Truto Python SDK", url, live.token)
    assert run_python(filled(code, account))["result"]["workspaces"]


@published
def test_the_published_example_of_the_typescript_sdk_works(live: Any, url: str, account: str, tmp_path: Path) -> None:
    modules = Path(os.environ.get("FANFOLD_NODE_MODULES", "node_modules"))
    if shutil.which("node") is None or not (modules / "@truto" / "truto-ts-sdk").is_dir():
        pytest.skip("node with @truto/truto-ts-sdk is not there; say where its node_modules is in FANFOLD_NODE_MODULES")
    (tmp_path / "node_modules").symlink_to(modules.resolve())
    code = filled(example("Truto TS SDK", url, live.token), account).replace("True", "true")
    code = code.replace(f"token: '{live.token}',", f"token: '{live.token}', baseUrl: '{url}',")
    script = tmp_path / "example.mjs"
    script.write_text(code.replace("console.log(result)", "console.log(JSON.stringify(result))"))
    assert json.decode(ran("node", str(script)))["result"]["workspaces"]


# -- the Python SDK, all of it that has something to talk to here ----------------------------------------------------


@pytest.fixture
def sdk(live: Any, url: str) -> TrutoApi:
    return TrutoApi(token=live.token, base_url=url)


async def test_a_batch_request(sdk: TrutoApi, demo: str) -> None:
    answer = await sdk.batch_requests.create(
        {
            "integrated_account_id": demo,
            "args": {"ids": ["u_1", "u_none"]},
            "resources": [
                {"resource": "crm/contacts", "method": "list"},
                {"resource": "users", "method": "get", "id": "{{args.ids}}", "loop_on": "ids", "persist": True},
            ],
        }
    )
    assert len(answer["result"]["crm/contacts"]) > 100
    assert [one["id"] for one in answer["result"]["users"]] == ["u_1"]
    assert [error["loop_element"] for error in answer["errors"]["users"]] == ["u_none"]


async def test_lists_of_the_proxy_api_are_iterated_to_their_end(sdk: TrutoApi, demo: str) -> None:
    query = {"integrated_account_id": demo, "limit": 7}
    found = [user["id"] async for user in sdk.proxy_api.list("users", query)]
    assert found == [f"u_{n}" for n in range(1, len(found) + 1)]
    assert len(found) > 7


async def test_lists_of_the_unified_api_are_iterated_to_their_end(sdk: TrutoApi, account: str, demo: str) -> None:
    contacts = await sdk.unified_api.list("crm", "contacts", {"integrated_account_id": demo}).to_array()
    assert len({contact["id"] for contact in contacts}) == len(contacts) > 100
    workspaces = await sdk.unified_api.list("ticketing", "workspaces", {"integrated_account_id": account}).to_array()
    query = {"integrated_account_id": account, "workspace_id": workspaces[0]["id"], "limit": 2}
    collections = await sdk.unified_api.list("ticketing", "collections", query).to_array()
    assert len(collections) > 2


async def test_records_are_made_read_changed_and_deleted(sdk: TrutoApi, demo: str) -> None:
    query = {"integrated_account_id": demo}
    person = {"first_name": "Sdk", "last_name": "Made", "email": "sdk@example.com"}
    made = await sdk.proxy_api.create("contacts", person, query)
    assert (await sdk.proxy_api.get("contacts", made["id"], query))["first_name"] == "Sdk"
    changed = await sdk.proxy_api.update("contacts", made["id"], {"title": "Boss"}, query)
    assert changed["title"] == "Boss"
    assert await sdk.proxy_api.delete("contacts", made["id"], query) == {"id": made["id"]}
    with pytest.raises(aiohttp.ClientResponseError) as refused:
        await sdk.proxy_api.get("contacts", made["id"], query)
    assert refused.value.status == 404


async def test_paths_of_the_api_itself(sdk: TrutoApi, demo: str) -> None:
    page = await sdk.custom_api.get("users", integrated_account_id=demo, page_size=1)
    assert len(page["results"]) == 1


async def test_integrations_and_accounts(sdk: TrutoApi) -> None:
    names = [one["name"] async for one in sdk.integrations.list(limit=1)]
    assert names[:2] == ["demo", "work"]
    config = {"base_url": "https://acme.example.com", "resources": {"things": {"list": {"path": "/things"}}}}
    made = await sdk.integrations.create({"name": "acme-sdk", "category": "crm", "config": config})
    changed = await sdk.integrations.update(made["id"], {"version": 1, "label": "Acme"})
    assert (changed["version"], (await sdk.integrations.get(made["id"]))["label"]) == (2, "Acme")
    installed = await sdk.integrations.install(made["id"], True)
    account = await sdk.integrated_accounts._import(
        {"tenant_id": "t", "environment_integration_id": installed["id"], "context": {"api_key": "secret"}}
    )
    assert (await sdk.integrated_accounts.get(account["id"]))["context"] == {"api_key": "[redacted]"}
    await sdk.integrated_accounts.update(account["id"], {"tenant_id": "u"})
    assert [one["tenant_id"] async for one in sdk.integrated_accounts.list(tenant_id="u")] == ["u"]
    token = await sdk.integrated_accounts.create_integrated_account_token(account["id"])
    assert token["integrated_account_token"]
    await sdk.integrated_accounts.delete(account["id"])
    await sdk.integrations.uninstall(made["id"])
    assert await sdk.integrations.delete(made["id"]) == {"id": made["id"]}


async def test_a_ping_and_the_tokens(sdk: TrutoApi) -> None:
    assert await sdk.ping() == {"status": "ok"}
    (token,) = await sdk.api_tokens.list().to_array()
    assert (await sdk.api_tokens.get(token["id"]))["id"] == token["id"]


async def test_many_at_once(sdk: TrutoApi, demo: str) -> None:
    body = {"integrated_account_id": demo, "resources": [{"resource": "companies", "method": "list", "persist": True}]}
    answers = await asyncio.gather(*[sdk.batch_requests.create(body) for _ in range(10)])
    assert all(answer == answers[0] for answer in answers)
