"""Whatever is not theirs does not exist for them: a hidden gid is answered like one that was never given out.

Every operation is asked with the gid of a hidden record in each of its places, and once more with a gid that there is
not. The two answers, and what the two requests left in the database, differ in nothing but that gid.
"""

import re

import pytest

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.work.kinds import KINDS
from fanfold.work.store import connection
from tests.guard.homes import Home
from tests.work.conftest import World

ROUTES = [route for kind in KINDS for route in kind.routes]
KINDS_BY_NAME = frozenset(kind.name for kind in KINDS)
ABSENT = "788888888"

DEFAULTS = {
    "boolean": True,
    "integer": 1,
    "number": 1,
    "date": "2026-02-02",
    "datetime": "2026-02-02T10:00:00Z",
    "text": "Name",
    "object": {},
    "list": [],
}

NAMED = {
    "parent": "project",
    "target": "project",
    "resource": "task",
    "member": "user",
    "item": "project",
    "assignee": "user",
    "supporting_resource": "project",
    "workspace": "workspace",
    "organization": "workspace",
    "user": "user",
    "team": "team",
    "portfolio": "portfolio",
    "task": "task",
    "project": "project",
}
"""Of which kind a record is that stands in a place where several kinds may."""

GIVEN = {
    "createTask": {"workspace": "{workspace}"},
    "createTeam": {"name": "Team", "organization": "{workspace}"},
    "createTag": {"workspace": "{workspace}"},
    "createGoal": {"workspace": "{workspace}"},
    "createProject": {"workspace": "{workspace}", "team": "{team}"},
    "createProjectForWorkspace": {"team": "{team}"},
    "createStoryForTask": {"text": "Well"},
    "createStoryForGoal": {"text": "Well"},
    "createStatusForObject": {"text": "Well"},
    "createCustomField": {"resource_subtype": "text", "name": "Length"},
    "createMembership": {"parent": "{goal}", "member": "{team}"},
    "createRate": {"resource": "{placeholder}"},
    "createAttachmentForObject": {"resource_subtype": "external", "url": "https://files.test/a", "name": "A"},
    "createAllocation": {"end_date": "2026-02-06"},
    "createTimesheetApprovalStatus": {"start_date": "2026-02-02", "end_date": "2026-02-08"},
    "createWebhook": {"target": "https://hook.test/2", "resource": "{project}"},
    "createResourceExport": {"export_request_parameters": [{"resource_type": "task", "filters": {}}]},
    "insertSectionForProject": {"after_section": "{section}"},
    "insertEnumOptionForCustomField": {"after_enum_option": "{enum_option}"},
    "setParentForTask": {"parent": None},
    "addDependenciesForTask": {"dependencies": []},
    "addDependentsForTask": {"dependents": []},
    "updateGoalMetric": {"current_number_value": 1},
    "getPortfolioMemberships": {"portfolio": "{portfolio}"},
    "getMemberships": {"parent": "{project}"},
    "getTeamMemberships": {"team": "{team}"},
    "getTasks": {"project": "{project}"},
    "getTaskTemplates": {"project": "{project}"},
    "getAllocations": {"parent": "{project}"},
    "getRates": {"parent": "{project}"},
    "getTimeTrackingEntries": {"task": "{task}"},
    "getAttachmentsForObject": {"parent": "{task}"},
    "getReactionsOnObject": {"target": "{story}", "emoji_base": "\N{THUMBS UP SIGN}"},
    "typeaheadForWorkspace": {"resource_type": "task"},
    "getFavoritesForUser": {"resource_type": "project"},
}
"""What else a request needs to be a good one."""

NEVER_GOOD = {
    # There is none in these workspaces, or there is one already.
    *("getProjectStatus", "deleteProjectStatus", "getOrganizationExport", "getTaskForCustomID"),
    *("createBudget", "createProjectBrief", "addCustomFieldSettingForProject"),
    *("removeCustomFieldSettingForPortfolio", "removeCustomFieldSettingForGoal", "removeSupportingRelationship"),
    *("createAccessRequest", "approveAccessRequest", "rejectAccessRequest", "removeUserForWorkspace", "deleteStory"),
    # The first answer is 412, with the token to ask with.
    *("getEvents", "getWorkspaceEvents"),
}

OUT_OF_SIGHT = (
    *("team", "team_membership", "project", "project_membership", "section", "custom_field_setting", "task", "story"),
    *("reaction", "attachment", "status_update", "project_brief", "rule_trigger", "task_template", "project_template"),
    *("portfolio", "portfolio_membership", "project_portfolio_setting", "allocation", "rate", "budget"),
    *("time_tracking_entry", "webhook", "job", "graph_export", "export_request"),
)
"""The kinds that are hidden from colleagues with what they hang on, or because they are their maker's alone."""

ASKING = ("getAccessRequests", "createAccessRequest")
"""Operations with which one asks to be let in on what one does not see: that it is there is what they are about."""


class Ground:
    """Somebody who asks, what is theirs, and what is hidden from them."""

    def __init__(self, world, user, own, hidden):
        self.world, self.user, self.own, self.hidden = world, user, own, hidden
        self.victims = {kind: gids[0] for kind, gids in hidden.items() if gids}
        self.api, self.store = world.api, world.store
        world.call("GET", f"/workspaces/{own['workspace']}/tasks/search", user=user)  # the index is made by that

    def ask(self, route, path, query, data):
        """The answer and what it left behind, which is then undone."""
        api, store = self.api, self.store
        if not route.write:
            return *self._answer(route, path, query, data), ""
        numbers = store._gid, store._gid_end
        store.begin_action()
        try:
            answered = self._answer(route, path, query, data)
            left = self._left() if answered[0] < "300" else ""
        finally:
            store.undo_action()
            store._gid, store._gid_end = numbers
            api._begun.clear()
            api._view = None
        return *answered, left

    def _answer(self, route, path, query, data):
        endpoint, params = self.api.resolve(route.method, path)
        body = None if data is None else {"data": data}
        call = Call(route.method, path, tuple(query.items()), body, (), Caller("test", self.user), endpoint, params)
        try:
            answer = self.api.answer(call, "s" * 64 if route.operation == "createWebhook" else None)
        except RequestError as error:
            return str(error.status), f"{error.message} {error.extra}"
        return str(answer.status), answer.body.decode()

    def _left(self):
        tables = ("record", "link", "event", "event_of", "audit", "delivery")
        return "\n".join(
            f"{table} {row}"
            for table in tables
            for row in self.store.look(lambda cursor, table=table: cursor.execute(f"SELECT * FROM {table}").fetchall())
        )

    # -- good requests -----------------------------------------------------------------------------------------------

    def good(self, route):
        """Path, query and data of a request about what is theirs."""
        given = {
            name: re.sub(r"^\{(\w+)\}$", lambda match: self.own[match[1]], value) if isinstance(value, str) else value
            for name, value in GIVEN.get(route.operation, {}).items()
        }
        query = {f.name: str(self.valid(f)) for f in route.query if f.required}
        data = {f.name: self.valid(f) for f in route.takes if f.required} if route.method in ("POST", "PUT") else None
        if data is None:
            return self.filled(route, {}), query | given, None
        return self.filled(route, {}), query, data | given

    def filled(self, route, other):
        def gid(match):
            name = match[1].removesuffix("_gid")
            return other.get(name) or self.own.get(name) or self.own["task"]

        return re.sub(r"\{(\w+)\}", gid, route.template)

    def valid(self, field):
        if field.type in ("one", "many") or field.name in NAMED:
            gid = self.own[field.kind or NAMED.get(field.name, "task")]
            return [gid] if field.type == "many" else gid
        return field.choices[0] if field.choices else DEFAULTS[field.type]


def first_of(gids):
    return {kind: found[0] for kind, found in gids.items() if found}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """Eve, who has a workspace of her own, and Ada, whose workspace she knows nothing of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "FIRST_GID", 700_000_001)
        world = World()
        world.api.files = tmp_path_factory.mktemp("files")
        hidden = Home(world, world.ada, world.bob)
        own = Home(world, world.eve, world.person("Ed", "ed@elsewhere.test"))
        del hidden.gids["time_period"]  # they are the same calendar for everybody, by the workspace
        yield Ground(world, world.eve, first_of(own.gids), hidden.gids)
        world.store.close()


@pytest.fixture(scope="module")
def colleague(tmp_path_factory):
    """Bob, who is in Ada's workspace but was not let in on what she keeps private there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "FIRST_GID", 700_000_001)
        world = World()
        world.api.files = tmp_path_factory.mktemp("files")
        carl = world.person("Carl", "carl@fanfold.test")
        hidden = Home(world, world.ada, carl, world.bob, private=True)
        own = Home(world, world.bob, workspace=hidden.workspace)
        unseen = {kind: hidden.gids[kind] for kind in OUT_OF_SIGHT}
        yield Ground(world, world.bob, first_of(hidden.gids) | first_of(own.gids), unseen)
        world.store.close()


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
