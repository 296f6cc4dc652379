"""The guide to plans is true: every request in it is sent, and its answer compared."""

import json
import re
from pathlib import Path

import pytest

from tests.server.test_guides import FENCED, fits, sent_by

GUIDE = (Path(__file__).parents[3] / "docs" / "plans.md").read_text()
EXAMPLES = re.findall(rf"{FENCED}[^`]*```json\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize(("curl", "answer"), EXAMPLES)
async def test_what_is_sent_is_answered_as_written(curl, answer, platform):
    demo = await platform.account()
    curl = curl.replace("'$ACCOUNT'", platform.work).replace("'$DEMO'", demo)
    if "$DEMO" not in curl and "/integrated-account " in curl:
        await platform.ok("DELETE", f"/integrated-account/{demo}")
    method, path, body = sent_by(curl)
    reply = await platform.ask(method, path, body)
    assert fits(json.loads(answer), reply.json), json.dumps(reply.json, indent=1)[:4000]


def test_nothing_that_is_written_down_is_passed_over():
    assert len(EXAMPLES) == len(re.findall(FENCED, GUIDE, re.DOTALL)) == 6
