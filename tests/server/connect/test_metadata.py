"""What unified resources are, without an account."""

import pytest


async def test_a_model_is_described_as_an_integration_has_it(platform):
    told = await platform.ok("GET", "/unified/meta/crm/demo")
    assert (told["model"], told["integration"]) == ("crm", "demo")
    assert "list" in told["resources"][0]["methods"]


async def test_a_method_is_described_with_its_mapping(platform):
    told = await platform.ok("GET", "/unified/crm/contacts/demo/meta/list")
    assert told["method"] == "list"
    assert told["response_mapping"]
    assert told["schema"]["properties"]


async def test_a_resource_is_described_by_its_model_alone(platform):
    assert (await platform.ok("GET", "/unified/ticketing/tickets/meta/list"))["schema"]["properties"]


@pytest.mark.parametrize(
    "path",
    [
        "/unified/meta/nothing/demo",
        "/unified/meta/crm/nothing",
        "/unified/crm/nothing/meta/list",
        "/unified/nothing/contacts/meta/list",
        "/unified/crm/contacts/nothing/meta/list",
        "/unified/crm/contacts/demo/meta/nothing",
    ],
)
async def test_what_there_is_not_is_a_404(platform, path):
    await platform.refused(404, "GET", path)
