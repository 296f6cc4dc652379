"""The count of what is served agrees with the descriptors, and names what is not there."""

import json
from importlib import resources

from fanfold.server.coverage import as_json, as_text
from fanfold.work.coverage import coverage
from fanfold.work.kinds import KINDS
from fanfold.work.pending import pending

ROUTES = [route for kind in KINDS for route in kind.routes]


def test_what_is_served_is_the_routes_and_the_batch():
    assert coverage().served == len(ROUTES) + 1


def test_what_is_missing_is_named_with_method_path_and_operation():
    missing = {line for group in coverage().groups for line in group.missing}
    assert missing == {f"{route.method} {route.template} ({route.operation})" for route in pending(ROUTES)}
    assert coverage().total == coverage().served + len(missing)


def test_the_groups_add_up():
    found = coverage()
    assert sum(group.total for group in found.groups) == found.total
    assert all(group.total == group.served + len(group.missing) for group in found.groups)
    assert any(group.name == "batch" and group.served == 1 for group in found.groups)


def test_every_published_operation_is_counted_once():
    listed = resources.files("fanfold.work").joinpath("pending.txt").read_text().split()[2::3]
    assert coverage().total == len({*listed, *(route.operation for route in ROUTES)}) + 1


def test_the_text_ends_with_the_sum_and_the_json_holds_the_same():
    found = json.loads(as_json())
    assert as_text().splitlines()[-1].startswith(f"{found['served']}/{found['total']} ")
