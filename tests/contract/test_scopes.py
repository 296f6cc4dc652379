"""The scopes that apps need, against the published ones."""

from fanfold.work.scopes import EVERYTHING, SCOPES, scope_of
from tests.contract import published

pytestmark = published.needs_description


def published_scope(operation):
    (asked,) = [way["oauth2"] for way in operation["security"] if "oauth2" in way]
    return asked[0] if asked else EVERYTHING


def test_every_operation_asks_for_the_published_scope():
    wrong = {
        name: (ours, theirs)
        for name, operation in published.operations().items()
        if (ours := scope_of(operation["method"], operation["path"], name)) != (theirs := published_scope(operation))
    }
    assert wrong == {}


def test_every_published_scope_can_be_asked_for():
    asked = {published_scope(operation) for operation in published.operations().values()}
    flows = published.description()["components"]["securitySchemes"]["oauth2"]["flows"]
    assert asked | set(flows["authorizationCode"]["scopes"]) == set(SCOPES)
