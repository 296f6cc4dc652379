"""Somebody who asks the work API, one question after the other, and leaves everything as it was."""

import re

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.work.kinds import KINDS

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
            left = self.left() if answered[0] < "300" else ""
        finally:
            store.undo_action()
            store._gid, store._gid_end = numbers
            api.session._begun.clear()
            api.session._view = None
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

    def left(self):
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
