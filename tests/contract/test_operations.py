"""The served operations against the published ones: method, path, parameters, fields."""

from fanfold.work.coverage import published as listed_as_published
from fanfold.work.kinds import KINDS
from fanfold.work.openapi import describe
from tests.contract import published
from tests.contract.exceptions import ADDED

pytestmark = published.needs_description

ROUTES = [route for kind in KINDS for route in kind.routes]
KINDS_BY_NAME = {kind.name: kind for kind in KINDS}
DOCUMENT = describe(ROUTES, KINDS_BY_NAME, base="/api/1.0")
SERVED = {
    operation["operationId"]: {**operation, "method": method.upper(), "path": path}
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
IMPLICIT = {"opt_fields", "opt_pretty"}


def name_of(parameter: dict) -> str:
    if "$ref" in parameter:
        parameter = DOCUMENT["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
    return f"{{{parameter['name']}}}" if parameter["in"] == "path" else parameter["name"]


def parameters(operation: dict) -> set[str]:
    return {name_of(parameter) for parameter in operation["parameters"]} - IMPLICIT


def in_prose(operation: dict, names: set[str]) -> set[str]:
    """Those of the names that the prose of the operation has as parameters, whether they are listed or not."""
    return {name for name in names if f"`{name}`" in operation["description"]}


def sent(operation: dict) -> set[str]:
    content = operation.get("requestBody", {}).get("content", {})
    for schema in (media["schema"] for media in content.values()):
        return set(schema["properties"].get("data", schema)["properties"])
    return set()


def compared(operation: str, what: str, ours: set, theirs: set) -> list[str]:
    missing = [f"{operation}: {what} {name} is missing" for name in theirs - ours]
    return missing + [f"{operation}: {what} {name} is not published" for name in ours - theirs]


def compared_answer(route, theirs: dict) -> list[str]:
    status, schema = published.success(theirs)
    found = [] if status == route.status else [f"{route.operation}: status {route.status} instead of {status}"]
    fields = published.fields(published.data_of(schema))
    is_list = "items" in published.flat(published.flat(schema)["properties"]["data"])
    if is_list != (route.answers in ("list", "mixed", "stream")):
        found.append(f"{route.operation}: one of both answers with a list")
    if route.answers == "empty":
        return found + compared(route.operation, "response field", set(), fields)
    if route.answers in ("stream", "other") or not route.kind:
        return found
    kind = KINDS_BY_NAME[route.kind]
    head = {"gid", "resource_type"} if kind.typed else {"gid"}
    shown = head | set(kind.compact if route.answers in ("list", "mixed") else kind.full)
    extra = [f"{route.operation}: response field {name} is not published" for name in shown - fields]
    return (
        found
        + extra
        + [f"{route.operation}: response field {name} is missing" for name in fields - head - set(kind.fields)]
    )


def differences() -> list[str]:
    found = []
    for name, ours in SERVED.items():
        theirs = published.operations().get(name)
        if theirs is None:
            found.append(f"{name}: not a published operation")
            continue
        if (ours["method"], ours["path"]) != (theirs["method"], theirs["path"]):
            found.append(f"{name}: {ours['method']} {ours['path']} instead of {theirs['method']} {theirs['path']}")
        found += compared(name, "parameter", parameters(ours), parameters(theirs) | in_prose(theirs, parameters(ours)))
        found += compared(name, "request field", sent(ours), published.writable(theirs))
    for route in ROUTES:
        if route.operation in published.operations():
            found += compared_answer(route, published.operations()[route.operation])
    return found


def test_every_published_operation_is_served_and_no_other():
    assert sorted(published.operations()) == sorted(SERVED)


def test_the_list_of_published_operations_is_that_of_the_description():
    theirs = {(operation["method"], operation["path"], name) for name, operation in published.operations().items()}
    assert set(listed_as_published()) == theirs


def test_served_operations_are_as_published():
    found = sorted(set(differences()) - ADDED.keys())
    assert found == [], f"{len(found)} differences:\n" + "\n".join(found)
