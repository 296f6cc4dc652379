"""Calls that are carried out once: what they write and what is kept of them is one."""

import asyncio

import pytest
from msgspec import json

from fanfold.errors import RequestError
from fanfold.model import Answer, Call, Caller
from fanfold.work.store.shelves import Shelved


class Kept:
    """Keeps an answer on a shelf; fails if it is told to."""

    def __init__(self, fails=False):
        self.fails = fails

    def known(self, store):
        found = store.shelved("once", "k")
        return None if found is None else Answer(201, found.document, trusted=True)

    def keep(self, store, answer):
        store.shelve("once", Shelved("k", 1, None, answer.body))
        if self.fails:
            raise OSError


@pytest.fixture
def send(world, project):
    def send(once, path="/tasks", **data):
        endpoint, params = world.api.resolve("POST", path)
        body = {"data": {"name": "T", "projects": [project], **data}}
        call = Call("POST", path, (), body, (), Caller("t", world.ada), endpoint, params)
        return asyncio.run(world.api.send(call, once))

    return send


def tasks(world):
    return world.store.of_kind("task")


def test_what_was_carried_out_before_is_answered_and_not_done_again(world, send):
    first = send(Kept())
    again = send(Kept())
    assert json.decode(first.body) == json.decode(again.body)
    assert len(tasks(world)) == 1


def test_what_cannot_be_kept_is_not_done(world, send):
    with pytest.raises(OSError):  # noqa: PT011 - nothing more is said
        send(Kept(fails=True))
    assert tasks(world) == []
    assert world.store.shelved("once", "k") is None
    send(Kept())
    assert len(tasks(world)) == 1


def test_of_what_is_refused_nothing_is_kept(world, send):
    with pytest.raises(RequestError):
        send(Kept(), assignee="999999")
    assert world.store.shelved("once", "k") is None
