"""Nothing is ever below, before or inside of itself, however it was put together and however much at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from tests.work.conftest import World

SIZE = 4

RELATIONS = {
    "setParent": ("task", "/tasks/{0}/setParent", lambda gid: {"parent": gid}),
    "parent": ("task", "PUT /tasks/{0}", lambda gid: {"parent": gid}),
    "dependencies": ("task", "/tasks/{0}/addDependencies", lambda gid: {"dependencies": [gid]}),
    "dependents": ("task", "/tasks/{0}/addDependents", lambda gid: {"dependents": [gid]}),
    "goals": ("goal", "/goals/{0}/addSupportingRelationship", lambda gid: {"supporting_resource": gid}),
    "portfolios": ("portfolio", "/portfolios/{0}/addItem", lambda gid: {"item": gid}),
}
FOREST = ("setParent", "parent")
"""Relations in which a second one takes the place of the first."""


@pytest.fixture(scope="module")
def tangle():
    """A world, and a few records of each kind that can hang together."""
    world = World()
    space = world.workspace("Space", world.ada)
    gids = {
        kind: [world.made(f"/{kind}s", {"name": str(number), "workspace": space}) for number in range(SIZE)]
        for kind in ("task", "goal", "portfolio")
    }
    yield world, gids
    world.store.close()


def leads_back(edges):
    """Whether from some node one comes back to it."""
    reached = {node: {b for a, b in edges if a == node} for node in range(SIZE)}
    for _ in range(SIZE):
        for node, further in reached.items():
            reached[node] = further.union(*(reached[other] for other in further))
    return any(node in further for node, further in reached.items())


@pytest.mark.parametrize("relation", RELATIONS)
@given(edges=st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=10))
@settings(max_examples=60)
def test_changes_of_one_batch_make_no_cycle_and_all_others_succeed(tangle, relation, edges):
    world, gids = tangle
    kind, path, data = RELATIONS[relation]
    method, _, template = path.rpartition(" ")
    world.store.begin_action()
    try:
        kept = set()
        for a, b in edges:
            # Within a batch nothing is committed before the last action has answered.
            refused = _refused(world, method or "POST", template.format(gids[kind][a]), data(gids[kind][b]))
            others = {edge for edge in kept if edge[0] != a} if relation in FOREST else kept
            fits = not leads_back({*others, (a, b)})
            # What is there already may be refused too.
            assert refused == (0 if fits else 400) or (a, b) in kept, (a, b, kept)
            if not refused:
                kept = {*others, (a, b)}
    finally:
        world.store.undo_action()
        world.api.session._view = None


def _refused(world, method, path, data):
    """The status of a refusal, or 0."""
    endpoint, params = world.api.resolve(method, path)
    try:
        world.api.answer(Call(method, path, (), {"data": data}, (), Caller("test", world.ada), endpoint, params))
    except RequestError as error:
        return error.status
    return 0
