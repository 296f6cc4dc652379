"""One call to a target, as the engine makes it."""

import pytest

from fanfold.errors import RequestError
from fanfold.model import Call, Caller


async def ask(target, method, path, body=None, query=(), **headers):
    """The target's answer."""
    endpoint, params = target.resolve(method, path)
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return await target.send(Call(method, path, query, body, pairs, Caller("test"), endpoint, params))


async def refusal(target, method, path, **more):
    """The status with which the target refuses."""
    with pytest.raises(RequestError) as refused:
        await ask(target, method, path, **more)
    return refused.value.status
