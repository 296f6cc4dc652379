"""The count of what is served agrees with the descriptors, and names what is not there."""

import json
from dataclasses import dataclass

from fanfold.server.coverage import as_json, as_text
from fanfold.work import coverage as counting
from fanfold.work.coverage import BATCH, coverage, published
from fanfold.work.kinds import KINDS


@dataclass
class Served:
    """A kind with some routes."""

    routes: list


def test_every_route_and_the_batch_is_published_and_counted_once():
    routes = [(route.method, route.template, route.operation) for kind in KINDS for route in kind.routes]
    assert sorted([*routes, BATCH]) == sorted(published())
    assert coverage().served == coverage().total == len(routes) + 1


def test_what_is_missing_is_named_with_method_path_and_operation(monkeypatch):
    tags = [route for kind in KINDS for route in kind.routes if route.template.startswith("/tags")]
    monkeypatch.setattr(counting, "KINDS", [Served([route for route in tags if route.operation != "getTag"])])
    groups = {group.name: group for group in coverage().groups}
    assert groups["tags"].missing == ("GET /tags/{tag_gid} (getTag)",)
    assert (groups["tags"].served, groups["tags"].total) == (len(tags) - 1, len(tags))
    assert (groups["batch"].served, groups["users"].served) == (1, 0)
    assert coverage().total == len(published())
    assert "          missing: GET /tags/{tag_gid} (getTag)" in as_text().splitlines()


def test_the_groups_add_up():
    found = coverage()
    names = [group.name for group in found.groups]
    assert len(set(names)) == len(names)
    assert sum(group.total for group in found.groups) == found.total
    assert all(group.total == group.served + len(group.missing) for group in found.groups)


def test_the_text_ends_with_the_sum_and_the_json_holds_the_same():
    found = json.loads(as_json())
    assert as_text().splitlines()[-1].startswith(f"{found['served']}/{found['total']} ")
