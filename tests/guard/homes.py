"""A workspace with at least one record of every kind, to be kept from those who have no business there."""

import asyncio
from collections import defaultdict

import msgspec

from fanfold.model import Call, Caller
from fanfold.work.change import born
from fanfold.work.posting import Reply


async def confirm(url, headers, body, within):
    """A webhook target that agrees to everything."""
    return Reply(200, {"x-hook-secret": headers.get("X-Hook-Secret", "")})


class Home:
    """All that one person made in a workspace, be it one that there is; ``private``: nobody else was let in."""

    def __init__(self, world, owner, *others, workspace="", private=False):
        self.world, self.owner, self.others = world, owner, others
        before = self._last()
        self.hosted = bool(workspace)
        self.workspace = workspace or world.workspace("Home", owner, *others, is_organization=True)
        self._people()
        self._work(private)
        self._plans()
        self._money()
        self._copies()
        self.gids = self._since(before)
        self.gids["job"].insert(0, self.job)  # before those that the system started
        self.gids["user"].append(owner)
        self.gids["workspace"].append(self.workspace)

    def made(self, path, **data):
        return self.world.made(path, data, self.owner)

    def does(self, path, *, method="POST", **data):
        status, shown = self.world.call(method, path, data, self.owner)
        assert status < 300, (path, shown)
        return shown

    def born(self, kind, **values):
        return str(born(self.world.system, kind, int(self.workspace), **values).gid)

    def _people(self):
        self.team = self.made("/teams", name="Crew", organization=self.workspace, visibility="secret")
        self.agent = self.born("agent", name="Robot")
        self.placeholder = self.born("placeholder", name="Somebody")
        if not self.hosted:
            role = {"name": "Cook", "description": "Cooks", "base_role_type": "member"}
            self.made("/roles", workspace=self.workspace, **role)
        week = {"start_date": "2026-01-05", "end_date": "2026-01-11"}
        self.made("/ooo_entries", user=self.owner, workspace=self.workspace, **week)
        self.made("/timesheet_approval_statuses", user=self.owner, workspace=self.workspace, **week)

    def _work(self, private):
        world, workspace = self.world, self.workspace
        privacy = {"privacy_setting": "private"} if private else {}
        self.project = self.made("/projects", name="Secret plan", workspace=workspace, team=self.team, **privacy)
        self.section = self.made(f"/projects/{self.project}/sections", name="First")
        self.field = self.made(
            "/custom_fields", workspace=workspace, name=f"Size for {self.owner}", resource_subtype="enum"
        )
        self.option = self.made(f"/custom_fields/{self.field}/enum_options", name="Small")
        self.does(f"/projects/{self.project}/addCustomFieldSetting", custom_field=self.field)
        self.type = self.born("custom_type", name="Bug", projects=[self.project])
        self.born("custom_type_status_option", name="Open", custom_type=self.type, completion_state="Incomplete")
        self.tag = self.made("/tags", name="Urgent", workspace=workspace)
        self.task = self.made(
            "/tasks",
            name="Secret task",
            projects=[self.project],
            tags=[self.tag],
            custom_fields={self.field: self.option},
        )
        self.other = self.made("/tasks", name="Another task", projects=[self.project])
        self.does(f"/sections/{self.section}/addTask", task=self.task)
        self.made(f"/tasks/{self.task}/subtasks", name="Secret step")
        self.does(f"/tasks/{self.task}/addDependencies", dependencies=[self.other])
        self.story = self.made(f"/tasks/{self.task}/stories", text="Secret word")
        self.born("reaction", target=self.story, user=self.owner, emoji="\N{THUMBS UP SIGN}")
        link = {"resource_subtype": "external", "url": "https://files.test/a.pdf", "name": "A plan"}
        self.made("/attachments", parent=self.task, **link)
        self.made("/status_updates", parent=self.project, text="Secretly well", status_type="on_track")
        self.made(f"/projects/{self.project}/project_briefs", text="Secret brief")
        self.trigger = self.born("rule_trigger", name="Deploy", project=self.project)
        self.template = self.born("task_template", name="Secret pattern", project=self.project, task=self.other)
        world.api.post = confirm
        self.webhook = self.slowly("POST", "/webhooks", {"resource": self.project, "target": "https://hook.test/"})

    def _plans(self):
        self.portfolio = self.made("/portfolios", name="Secret folio", workspace=self.workspace)
        self.does(f"/portfolios/{self.portfolio}/addItem", item=self.project)
        self.goal = self.made("/goals", name="Win", workspace=self.workspace)
        below = self.made("/goals", name="Win a bit", workspace=self.workspace)
        self.does(f"/goals/{self.goal}/addSupportingRelationship", supporting_resource=below)
        self.does(f"/goals/{below}/addSupportingRelationship", supporting_resource=self.project)
        self.does(f"/goals/{self.goal}/setMetric", unit="none", precision=0)
        self.period = self.world.call("GET", "/time_periods", None, self.owner, workspace=self.workspace)[1][0]["gid"]
        asked = {"target": self.project, "message": "Please"}
        for other in self.others:
            self.world.call("POST", "/access_requests", asked, other)

    def _money(self):
        span = {"start_date": "2026-02-02", "end_date": "2026-02-06"}
        self.made("/allocations", parent=self.project, assignee=self.owner, **span)
        self.made("/rates", parent=self.project, resource=self.owner, rate=1)
        self.made("/budgets", parent=self.project, budget_type="time", total={"value": 5})
        self.category = self.made("/time_tracking_categories", name="Thinking", workspace=self.workspace)
        self.made(f"/tasks/{self.task}/time_tracking_entries", duration_minutes=5, categories=[self.category])

    def _copies(self):
        self.does(f"/projects/{self.project}/saveAsTemplate", name="Pattern", public=False, team=self.team)
        self.job = self.does(f"/tasks/{self.other}/duplicate", name="Copy")["gid"]
        self.does("/exports/graph", parent=self.goal)
        part = {"resource_type": "task", "filters": {}}
        self.does("/exports/resource", workspace=self.workspace, export_request_parameters=[part])

    def slowly(self, method, path, data):
        """Makes what has to wait for somebody else."""
        endpoint, params = self.world.api.resolve(method, path)
        call = Call(method, path, (), {"data": data}, (), Caller("test", self.owner), endpoint, params)
        return msgspec.json.decode(asyncio.run(self.world.api.send(call)).body)["data"]["gid"]

    # -- what there is -----------------------------------------------------------------------------------------------

    def _last(self):
        return self.world.store.peek_gid()

    def _since(self, first):
        """All gids made since, by kind."""
        gids = defaultdict(list)
        rows = self.world.store.look(
            lambda cursor: cursor.execute(
                "SELECT kind, gid FROM record WHERE gid >= ? ORDER BY gid", (first,)
            ).fetchall()
        )
        for kind, gid in rows:
            gids[kind].append(str(gid))
        gids["time_period"].append(self.period)
        return gids
