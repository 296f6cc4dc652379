"""Whatever is not theirs does not exist for them: a hidden gid is answered like one that was never given out.

Every operation is asked with the gid of a hidden record in each of its places, and once more with a gid that there is
not. The two answers, and what the two requests left in the database, differ in nothing but that gid.
"""

import re

import pytest

from tests.guard.ground import ABSENT, KINDS_BY_NAME, NAMED, NEVER_GOOD, ROUTES

ASKING = ("getAccessRequests", "createAccessRequest")
"""Operations with which one asks to be let in on what one does not see: that it is there is what they are about."""


FORMS = {
    "plain": lambda gid: gid,
    "in a list": lambda gid: [gid],
    "as an object": lambda gid: {"gid": gid},
    "as a key": lambda gid: {gid: "1"},
    "within": lambda gid: [{"project": gid, "section": gid, "custom_field": gid, "gid": gid, "value": gid}],
}
"""How a body may hold a gid."""


def places(route):
    """The places in a request where a gid may stand: a name, and a function that puts it there."""
    for name in re.findall(r"\{(\w+)\}", route.template):

        def put(ground, path, query, data, gid, name=name):
            return ground.filled(route, {name.removesuffix("_gid"): gid}), query, data

        yield f"path {name}", put
    for field in route.query:

        def put(ground, path, query, data, gid, name=field.name):
            return path, {**query, name: gid}, data

        yield f"query {field.name}", put
    for field in route.takes:
        for form, wrap in FORMS.items():

            def put(ground, path, query, data, gid, name=field.name, wrap=wrap):
                return path, query, {**data, name: wrap(gid)}

            yield f"field {field.name} {form}", put


def _likely(route, place):
    """The kinds worth trying in a place: where one kind is asked for that and another, elsewhere all or just a few."""
    where, name, *_ = place.split(" ")
    field = next(f for f in (route.query if where == "query" else route.takes) if f.name == name)
    named = {field.kind or NAMED.get(name), *(kind for kind in KINDS_BY_NAME if kind in name), "task", "project"}
    mixed = field.type in ("one", "object", "list") and not field.kind
    return KINDS_BY_NAME if mixed or name in NAMED else named


def differences(ground, route):
    good = ground.good(route)
    for place, put in places(route):
        absent = ground.ask(route, *put(ground, *good, ABSENT))
        for kind, gid in ground.victims.items():
            if not (place.startswith("path") or kind in _likely(route, place)):
                continue
            answered = ground.ask(route, *put(ground, *good, gid))
            pairs = [[part.replace(gid, ABSENT) for part in both] for both in zip(answered, absent, strict=True)]
            for what, (got, wanted) in zip(("status", "answer", "left"), pairs, strict=True):
                if got != wanted:
                    yield f"{place}: a hidden {kind}: {what}", got[:300], wanted[:300]
                    break


by_name = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)


@by_name
def test_what_is_of_another_workspace_is_answered_as_if_it_were_not_there(stranger, route):
    assert list(differences(stranger, route)) == []


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.operation not in ASKING], ids=lambda route: route.operation
)
def test_what_a_colleague_keeps_private_is_answered_as_if_it_were_not_there(colleague, route):
    assert list(differences(colleague, route)) == []


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.operation not in NEVER_GOOD], ids=lambda route: route.operation
)
def test_the_same_request_about_what_is_ones_own_is_a_good_one(stranger, route):
    status, said, _ = stranger.ask(route, *stranger.good(route))
    assert status < "300", said
