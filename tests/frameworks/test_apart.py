"""Nothing of one action or caller is seen by another, however many there are at once."""

import asyncio
import re

from tests.frameworks.houses import everywhere
from tests.frameworks.stage import CROWD

CALLERS = 100


@everywhere
async def test_a_context_variable_of_one_action_is_not_seen_by_another(visitor):
    words = "a", "b"
    results = await visitor.batch(*(f"/whisper/{word}" for word in words))
    assert [result["body"]["heard"] for result in results] == [[None, word] for word in words]


@everywhere
async def test_a_hundred_callers_each_see_their_own_alone(visitor):
    tokens = [f"good-{number}-" for number in range(CALLERS)]
    inside = {"data": {"actions": [{"method": "get", "relative_path": "/secret"}] * (CROWD // CALLERS)}}

    async def call(token):
        return await visitor.ask("POST", "/batch", inside, authorization=f"Bearer {token}", cookie=f"mine={token}")

    replies = await asyncio.gather(*map(call, tokens))
    for token, reply in zip(tokens, replies, strict=True):
        for result in reply.json["data"]:
            assert result["body"] == {"token": token, "heard": [None, token], "cookies": {"mine": token}}
            assert f"secret={token}" in result["headers"]["set-cookie"]
        assert set(re.findall(r"good-\d+-", f"{reply.headers} {reply.body}")) == {token}
