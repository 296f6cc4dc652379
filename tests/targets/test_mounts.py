"""Several targets under one roof."""

import pytest

from fanfold.engine import Engine
from fanfold.errors import NoSuchRoute
from fanfold.model import Action, Answer, Batch, Caller
from fanfold.targets import Mounts
from fanfold.targets.asgi import AsgiEndpoint


class Named:
    def __init__(self, name):
        self.name = name

    def resolve(self, method, path):
        return AsgiEndpoint(write=method == "POST", costs=(self.name,)), (path,)

    async def send(self, call):
        return Answer(200, f"{self.name} {call.path}".encode())


def mounts(*prefixes):
    return Mounts({prefix: Named(prefix) for prefix in prefixes})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        *(("/a", b"/a /"), ("/a/", b"/a /"), ("/a/x/y", b"/a /x/y"), ("/a/b", b"/a/b /"), ("/a/b/c", b"/a/b /c")),
        *(("/ab", b"/ /ab"), ("/", b"/ /"), ("/%61/x", b"/ /%61/x")),
    ],
)
async def test_the_longest_prefix_wins_and_is_cut_off(path, body):
    (result,) = await Engine(mounts("/", "/a", "/a/b")).run(Batch((Action("GET", path),)), Caller("x"))
    assert result.answer.body == body


def test_what_is_below_no_prefix_is_unknown():
    with pytest.raises(NoSuchRoute):
        mounts("/a", "/b").resolve("GET", "/ab")


def test_an_endpoint_is_as_its_target_says():
    endpoint, params = mounts("/a").resolve("POST", "/a/x")
    assert (endpoint.write, endpoint.costs, endpoint.inline, params) == (True, ("/a",), False, ("/x",))
