"""What docs/gateway.md says is true: its requests are sent, its file is read, its settings exist."""

import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from fanfold.server.gateway import Gateway
from fanfold.server.gateway_settings import GatewaySettings, Upstream
from fanfold.targets.terms import Terms
from tests.server.conftest import ask
from tests.server.test_guides import fits, sent_by

GUIDE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text()
EXAMPLES = re.findall(r"```sh\n(curl .*?)```\n\n```json\n(.*?)```", GUIDE, re.DOTALL)
(FILE,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize(("curl", "answer"), EXAMPLES)
async def test_what_is_sent_is_answered_as_written(curl, answer, upstream):
    gateway = Gateway(GatewaySettings(upstream=upstream.url, allow_private=True, access_log="off"), {})
    try:
        reply = await ask(gateway, *sent_by(curl))
    finally:
        await gateway.close()
    assert fits(json.loads(answer), reply.json), json.dumps(reply.json, indent=1)


def test_there_are_examples():
    assert len(EXAMPLES) == 2


async def test_the_file_is_one(upstream):
    told = tomllib.loads(FILE.replace("https://api.example.com", upstream.url)) | {"allow_private": True}
    settings = msgspec.convert(told | {"gateway_token": "ours", "access_log": "off"}, GatewaySettings)
    gateway = Gateway(settings, {"SHOP_TOKEN": "lent"})
    try:
        assert (await ask(gateway, "GET", "/shop/users/3", token="ours")).json["id"] == 3
    finally:
        await gateway.close()
    assert upstream.seen[-1].headers["authorization"] == "Bearer lent"


def test_every_setting_it_names_exists():
    names = {name for kind in (GatewaySettings, Upstream) for name in kind.__struct_fields__}
    assert {"limits_window", "pass_authorization", "max_response", "redirects"} <= names
    assert set(re.findall(r"`([a-z]+_[a-z_]+)(?: = [^`]*)?`", GUIDE)) - {"content_type", "status_code"} <= names


def test_the_defaults_it_names_are_those():
    assert (Upstream(url="").timeout, Upstream(url="").attempts, Terms().failures, Terms().keep_alive) == (25, 3, 5, 4)
    assert GatewaySettings().port == 8481
