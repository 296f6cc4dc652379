"""What a client sends in a field is either right or refused by name, and a refused request leaves nothing behind."""

import pytest

from tests.guard.ground import NEVER_GOOD, ROUTES


def nested(depth):
    return [nested(depth - 1)] if depth else []


def nested_objects(depth):
    return {"gid": nested_objects(depth - 1)} if depth else {}


WRONG = {
    "true": True,
    "negative": -1,
    "huge": 2**62,
    "beyond all bounds": 10**90,
    "fraction": 1.5,
    "far": 1e300,
    "null": None,
    "empty list": [],
    "list of null": [None],
    "list of lists": [[]],
    "no object": {},
    "object": {"gid": "1"},
    "deep": nested(60),
    "deep object": nested_objects(60),
    "a NUL": "a\x00b",
    "word": "x",
    "a megabyte": "a" * 1_000_000,
    "many": ["1"] * 100_000,
    "many numbers": [1] * 100_000,
    "many keys": {str(number): number for number in range(20_000)},
}
"""More than decoders let pass is never asked: that is refused for the whole body."""

OF_SEVERAL_FIELDS = (
    *("You may only provide one of ", "You should specify one of ", "Missing required team field"),
    # A field of its own that is made on the way, and values by the gid of a field.
    *("name: Missing input", "Custom field with ID "),
)

MOST_STORED = 200_000
"""Characters that one field may add to the database, a few times over: record, short form, story and audit log."""


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.write and route.takes], ids=lambda route: route.operation
)
def test_a_wrong_value_is_refused_by_its_fields_name_and_nothing_is_left_of_it(stranger, route):
    path, query, data = stranger.good(route)
    before = stranger.left()
    faults = []
    for field in route.takes:
        for what, value in WRONG.items():
            status, said, left = stranger.ask(route, path, query, {**data, field.name: value})
            if status < "300":
                faults += [(field.name, what, "grew")] * (len(left) - len(before) > MOST_STORED)
                continue
            faults += [(field.name, what, "left something")] * (stranger.left() != before)
            faults += [(field.name, what, len(said))] * (len(said) > 500)
            named = said.startswith((f"{field.name}: ", *OF_SEVERAL_FIELDS)) or status == "403"
            faults += [(field.name, what, said)] * (not named and route.operation not in NEVER_GOOD)
    assert faults == []


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.write and route.takes], ids=lambda route: route.operation
)
def test_what_only_the_server_sets_is_ignored(stranger, route):
    taken = {field.name for field in route.takes}
    fields = [
        field
        for field in stranger.api.kinds[route.kind].fields.values()
        if field.access == "read" and field.name not in taken
    ]
    path, query, data = stranger.good(route)
    plain = stranger.ask(route, path, query, data)
    for field in fields:
        for value in ("x", 1, None, [], {}, stranger.own["user"]):
            assert stranger.ask(route, path, query, {**data, field.name: value}) == plain, (field.name, value)
