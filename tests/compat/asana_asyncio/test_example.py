"""The example of the generated client's documentation, with nothing but its imports changed."""

import textwrap

import pytest

from fanfold.compat.asana_asyncio import configuration as module

EXAMPLE = r"""
import time
import os
import asana_asyncio
from asana_asyncio.models.create_batch_request200_response import CreateBatchRequest200Response
from asana_asyncio.models.create_batch_request_request import CreateBatchRequestRequest
from asana_asyncio.rest import ApiException
from pprint import pprint

# Defining the host is optional and defaults to https://app.asana.com/api/1.0
# See configuration.py for a list of all supported configuration parameters.
configuration = asana_asyncio.Configuration(
    host = "https://app.asana.com/api/1.0"
)

# Configure Bearer authorization: personalAccessToken
configuration = asana_asyncio.Configuration(
    access_token = os.environ["BEARER_TOKEN"]
)

configuration.access_token = os.environ["ACCESS_TOKEN"]

# Enter a context with an instance of the API client
async with asana_asyncio.ApiClient(configuration) as api_client:
    # Create an instance of the API class
    api_instance = asana_asyncio.BatchAPIApi(api_client)
    create_batch_request_request = asana_asyncio.CreateBatchRequestRequest() # CreateBatchRequestRequest | The requests to batch together via the Batch API.
    opt_pretty = true # bool | Provides “pretty” output. (optional)
    opt_fields = ['[\"body\",\"headers\",\"status_code\"]'] # List[str] | (optional)

    try:
        # Submit parallel requests
        api_response = await api_instance.create_batch_request(create_batch_request_request, opt_pretty=opt_pretty, opt_fields=opt_fields)
        print("The response of BatchAPIApi->create_batch_request:\n")
        pprint(api_response)
    except Exception as e:
        print("Exception when calling BatchAPIApi->create_batch_request: %s\n" % e)
"""  # noqa: E501 - as it is published, comments shortened

IMPORTS = {
    "import asana_asyncio\n": "from fanfold.compat import asana_asyncio\n",
    "from asana_asyncio.": "from fanfold.compat.asana_asyncio.",
}

ACTIONS = """asana_asyncio.CreateBatchRequestRequest(data={"actions": [
        {"method": "get", "relative_path": "/users/me", "options": {"fields": ["name"]}}]})"""


@pytest.fixture
def at_home(server, monkeypatch):
    """The example names Asana's own address: here that leads to the server of the test."""
    monkeypatch.setattr(module, "ASANA", server.url)
    monkeypatch.setenv("BEARER_TOKEN", "another")
    monkeypatch.setenv("ACCESS_TOKEN", server.token)


async def run(example):
    for old, new in IMPORTS.items():
        assert old in example
        example = example.replace(old, new)
    names = {"true": True}  # as the generator wrote it
    exec(f"async def main():\n{textwrap.indent(example, '    ')}", names)
    await names["main"]()


@pytest.mark.usefixtures("at_home")
async def test_it_runs_with_only_its_imports_changed(capsys):
    await run(EXAMPLE)
    said = capsys.readouterr().out
    assert said.startswith("Exception when calling BatchAPIApi->create_batch_request: (400)\nReason: Bad Request\n")
    assert "data: Missing input" in said


@pytest.mark.usefixtures("at_home")
async def test_it_shows_results_when_there_are_actions(capsys):
    example = EXAMPLE.replace("asana_asyncio.CreateBatchRequestRequest()", ACTIONS)
    await run(example.replace(r"""['[\"body\",\"headers\",\"status_code\"]']""", '["body", "status_code"]'))
    said = capsys.readouterr().out
    assert said.startswith("The response of BatchAPIApi->create_batch_request:\n")
    assert "BatchResponse(status_code=200" in said
