"""A working week in one test: what people did, and everything that must be found of it afterwards, counted."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from msgspec import json

TASKS = 500
COMPLETED = 200
COMMENTED = 40
TIMED = 30
DELETED = 1


class Week:
    """What was done, and the gids of what it was done to."""

    def __init__(self, live: Any) -> None:
        self.live = live
        self.workspace = live.data("GET", "/workspaces")[0]["gid"]
        self.ada = live.data("GET", "/users/me")["gid"]
        self.place = self.token(f"/workspaces/{self.workspace}/events?")
        self.grace = live.data("POST", f"/workspaces/{self.workspace}/addUser", user="grace@example.com")["gid"]
        self.alan = live.data("POST", f"/workspaces/{self.workspace}/addUser", user="alan@example.com")["gid"]
        self.team = live.data("POST", "/teams", name="Crew", organization=self.workspace)["gid"]
        for user in (self.grace, self.alan):
            live.data("POST", f"/teams/{self.team}/addUser", user=user)
        self.template = self.pattern()
        self.portfolio = live.data("POST", "/portfolios", name="Launches", workspace=self.workspace)["gid"]
        self.projects = [self.instance(name) for name in ("North", "South", "West")]
        for project in self.projects:
            live.data("POST", f"/portfolios/{self.portfolio}/addItem", item=project)
        self.sync = {project: self.token(f"/events?resource={project}") for project in self.projects}
        self.goal, self.parts = self.goals()
        self.tasks = self.work()
        self.talk()
        live.data(
            "POST", "/status_updates", parent=self.projects[0], title="Week 1", text="Well", status_type="on_track"
        )
        live.data("POST", "/status_updates", parent=self.portfolio, title="All", text="Fine", status_type="at_risk")
        self.deleted = self.tasks[-1]
        live.data("DELETE", f"/tasks/{self.deleted}")
        self.export = self.exported()

    # -- what was done -----------------------------------------------------------------------------------------------

    def finished(self, job: dict[str, Any]) -> dict[str, Any]:
        until = time.monotonic() + 30
        while job["status"] == "in_progress":
            assert time.monotonic() < until
            job = self.live.data("GET", f"/jobs/{job['gid']}")
        assert job["status"] == "succeeded", job
        return job

    def pattern(self) -> str:
        """A template made of a project with a start, an end, three sections and a task for Grace in each."""
        dates = {"start_on": "2026-03-02", "due_on": "2026-03-20"}
        project = self.live.data("POST", "/projects", name="Pattern", team=self.team, **dates)["gid"]
        for number, name in enumerate(("Plan", "Build", "Ship")):
            section = self.live.data("POST", f"/projects/{project}/sections", name=name)["gid"]
            place = [{"project": project, "section": section}]
            due = f"2026-03-{number + 10}"
            self.live.data("POST", "/tasks", name=name, memberships=place, assignee=self.grace, due_on=due)
        path = f"/projects/{project}/saveAsTemplate"
        job = self.finished(self.live.data("POST", path, name="Launch", public=True, team=self.team))
        return str(job["new_project_template"]["gid"])

    def instance(self, name: str) -> str:
        """A project made from the template, a month later, with Alan in Grace's role."""
        template = self.live.data("GET", f"/project_templates/{self.template}")
        (role,) = template["requested_roles"]
        job = self.live.data(
            "POST",
            f"/project_templates/{self.template}/instantiateProject",
            name=name,
            requested_dates=[{"gid": "1", "value": "2026-04-01"}],
            requested_roles=[{"gid": role["gid"], "value": self.alan}],
        )
        return str(self.finished(job)["new_project"]["gid"])

    def goals(self) -> tuple[str, list[str]]:
        """A goal whose three parts are as far as the three projects are."""
        made = []
        for name in ("Launch everywhere", "Launch north", "Launch south", "Launch west"):
            goal = self.live.data("POST", "/goals", name=name, workspace=self.workspace, team=self.team)["gid"]
            source = "subgoal_progress" if not made else "project_task_completion"
            path = f"/goals/{goal}/setMetric"
            self.live.data("POST", path, unit="percentage", precision=2, progress_source=source)
            made.append(goal)
        whole, *parts = made
        for part, project in zip(parts, self.projects, strict=True):
            for supported, supporting in ((whole, part), (part, project)):
                path = f"/goals/{supported}/addSupportingRelationship"
                self.live.data("POST", path, supporting_resource=supporting, contribution_weight=1)
        return whole, parts

    def batches(self, actions: list[dict[str, Any]]) -> list[Any]:
        """The results of any number of actions, ten at a time; all have to succeed."""
        found = []
        for start in range(0, len(actions), 10):
            found += self.live.batch(*actions[start : start + 10])
        assert {result["status_code"] for result in found} <= {200, 201}, found
        return [result["body"]["data"] for result in found]

    def post(self, path: str, **data: Any) -> dict[str, Any]:
        return {"method": "post", "relative_path": path, "data": data}

    def work(self) -> list[str]:
        made = [
            self.post("/tasks", name=f"Item {number}", projects=[self.projects[number % 3]], assignee=self.grace)
            for number in range(TASKS)
        ]
        tasks = [task["gid"] for task in self.batches(made)]
        done = {"completed": True}
        self.batches([{"method": "put", "relative_path": f"/tasks/{t}", "data": done} for t in tasks[:COMPLETED]])
        return tasks

    def talk(self) -> None:
        texts = [self.post(f"/tasks/{task}/stories", text="Looks good") for task in self.tasks[:COMMENTED]]
        times = [
            self.post(f"/tasks/{task}/time_tracking_entries", duration_minutes=15, entered_on="2026-04-02")
            for task in self.tasks[:TIMED]
        ]
        self.batches([action for pair in zip(texts, times, strict=False) for action in pair])
        self.batches(texts[TIMED:])

    def exported(self) -> list[dict[str, Any]]:
        export = self.live.data("POST", "/organization_exports", organization=self.workspace)
        until = time.monotonic() + 30
        while export["state"] != "finished":
            assert time.monotonic() < until
            export = self.live.data("GET", f"/organization_exports/{export['gid']}")
        with urlopen(export["download_url"]) as response:
            return [json.decode(line) for line in gzip.decompress(response.read()).splitlines()]

    # -- what is found -----------------------------------------------------------------------------------------------

    def get(self, path: str, **query: str) -> Any:
        return self.live.data("GET", f"{path}?{urlencode(query)}")

    def pages(self, path: str, **query: str) -> list[Any]:
        found, offset = [], {}
        while True:
            asked = urlencode({"limit": "100", **query, **offset})
            status, body, _ = self.live.call("GET", f"/api/1.0{path}?{asked}")
            assert status == 200, body
            found += body["data"]
            if not body["next_page"] or not body["data"]:
                return found
            offset = {"offset": body["next_page"]["offset"]}

    def token(self, path: str) -> str:
        status, body, _ = self.live.call("GET", f"/api/1.0{path}")
        assert status == 412
        return str(body["sync"])

    def events(self, path: str, sync: str, most: int) -> list[Any]:
        """What happened since a token was given, read to its end."""
        found, more = [], True
        while more:
            status, body, _ = self.live.call("GET", f"/api/1.0{path}&sync={sync}")
            assert status == 200, body
            assert len(body["data"]) <= most
            found += body["data"]
            sync, more = body["sync"], body["has_more"]
        return found


@pytest.fixture(scope="module")
def week(tmp_path_factory: Any, start_running: Any) -> Any:
    flags = ("--limits", "off", "--seed", "empty", "--access-log", "off")
    with start_running(tmp_path_factory.mktemp("week"), *flags) as live:
        yield Week(live)


def share(of: int) -> tuple[int, int]:
    """Tasks made and completed in one of the three projects."""
    return len(range(of, TASKS, 3)), len(range(of, COMPLETED, 3))


def test_the_template_gave_each_project_its_sections_dates_and_people(week):
    for project in week.projects:
        sections = week.get(f"/projects/{project}/sections")
        assert [section["name"] for section in sections][-3:] == ["Plan", "Build", "Ship"]
        fields = "name,due_on,assignee,memberships.section.name"
        tasks = week.get(f"/projects/{project}/tasks", limit="100", opt_fields=fields)
        first = [task for task in tasks if not task["name"].startswith("Item")]
        assert [(task["name"], task["due_on"]) for task in first] == [
            ("Plan", "2026-04-09"),
            ("Build", "2026-04-10"),
            ("Ship", "2026-04-11"),
        ]
        assert {task["assignee"]["gid"] for task in first} == {week.alan}
        dates = week.get(f"/projects/{project}", opt_fields="start_on,due_on,created_from_template")
        assert (dates["start_on"], dates["due_on"]) == ("2026-04-01", "2026-04-19")
        assert dates["created_from_template"]["gid"] == week.template


def test_the_portfolio_holds_the_three_projects_in_order(week):
    assert [item["name"] for item in week.get(f"/portfolios/{week.portfolio}/items")] == ["North", "South", "West"]
    settings = week.get(f"/portfolios/{week.portfolio}/project_portfolio_settings")
    assert len(settings) == 3
    shown = week.get(f"/portfolios/{week.portfolio}", opt_fields="current_status_update.title")
    assert shown["current_status_update"]["title"] == "All"


def test_tasks_are_counted(week):
    for number, project in enumerate(week.projects):
        made, done = share(number)
        gone = DELETED if number == (TASKS - 1) % 3 else 0
        counts = week.get(f"/projects/{project}/task_counts", opt_fields="num_tasks,num_completed_tasks")
        assert (counts["num_tasks"], counts["num_completed_tasks"]) == (made - gone + 3, done)
        listed = week.pages(f"/projects/{project}/tasks", opt_fields="name")
        names = [task["name"] for task in listed if task["name"].startswith("Item")]
        assert len(names) == made - gone
        assert Counter(names).most_common(1)[0][1] == 1


def test_goals_are_as_far_as_the_projects_that_support_them(week):
    parts = []
    for number, goal in enumerate(week.parts):
        made, done = share(number)
        gone = DELETED if number == (TASKS - 1) % 3 else 0
        metric = week.get(f"/goals/{goal}")["metric"]
        assert metric["current_number_value"] == pytest.approx(done / (made - gone + 3), abs=0.005)
        parts.append(metric["current_number_value"])
    whole = week.get(f"/goals/{week.goal}")["metric"]["current_number_value"]
    assert whole == pytest.approx(sum(parts) / 3, abs=0.005)
    related = week.get("/goal_relationships", supported_goal=week.goal)
    assert [item["supporting_resource"]["gid"] for item in related] == week.parts
    assert [parent["gid"] for parent in week.get(f"/goals/{week.parts[0]}/parentGoals")] == [week.goal]


def test_the_status_is_shown_in_both_its_forms(week):
    project = week.get(f"/projects/{week.projects[0]}", opt_fields="current_status.color,current_status_update.title")
    assert project["current_status"]["color"] == "green"
    assert project["current_status_update"]["title"] == "Week 1"
    (former,) = week.get(f"/projects/{week.projects[0]}/project_statuses")
    (present,) = week.get("/status_updates", parent=week.projects[0])
    assert former["gid"] == present["gid"]


def test_time_is_added_up(week):
    task = week.get(f"/tasks/{week.tasks[0]}", opt_fields="actual_time_minutes")
    assert task["actual_time_minutes"] == 15
    found = [
        entry["duration_minutes"]
        for project in week.projects
        for entry in week.pages("/time_tracking_entries", attributable_to=project)
    ]
    assert found == [15] * TIMED


def test_each_task_tells_its_story(week):
    fields = "resource_subtype,text,created_by"
    told = week.get(f"/tasks/{week.tasks[0]}/stories", opt_fields=fields)
    assert [story["resource_subtype"] for story in told] == ["assigned", "marked_complete", "comment_added"]
    assert told[-1]["text"] == "Looks good"
    assert {story["created_by"]["gid"] for story in told} == {week.ada}
    quiet = week.get(f"/tasks/{week.tasks[-2]}/stories", opt_fields=fields)
    assert [story["resource_subtype"] for story in quiet] == ["assigned"]


def test_the_events_of_each_project_are_complete(week):
    for number, project in enumerate(week.projects):
        made, done = share(number)
        found = week.events(f"/events?resource={project}", week.sync[project], 100)
        tasks = Counter((event["type"], event["action"]) for event in found)
        changed = Counter(event["change"]["field"] for event in found if event["action"] == "changed")
        added = {e["resource"]["gid"] for e in found if (e["type"], e["action"]) == ("task", "added")}
        expected = {gid for index, gid in enumerate(week.tasks) if index % 3 == number}
        assert added >= expected - {week.deleted}
        assert tasks["task", "added"] == made
        assert tasks["task", "deleted"] == (DELETED if number == (TASKS - 1) % 3 else 0)
        assert changed["completed"] == done
        comments = len(range(number, COMMENTED, 3))
        assert tasks["story", "added"] == made + done + comments


def test_the_events_of_the_workspace_are_complete(week):
    found = week.events(f"/workspaces/{week.workspace}/events?", week.place, 1000)
    told = Counter((event["type"], event["action"]) for event in found)
    projects = len(week.projects) + 1  # and the pattern
    sections, first_tasks = 4, 3
    assert told == {
        ("team", "added"): 1,
        ("team_membership", "added"): 3,
        ("workspace_membership", "added"): 2,
        ("user_task_list", "added"): 2,
        ("project", "added"): projects,
        ("project_membership", "added"): projects,
        ("section", "added"): projects * sections,
        ("project_template", "added"): 1,
        ("task", "added"): TASKS + projects * first_tasks,
        ("task", "changed"): COMPLETED,
        ("task", "deleted"): DELETED,
        ("story", "added"): TASKS + projects * first_tasks + COMPLETED + COMMENTED,
        ("story", "deleted"): DELETED,
        ("time_tracking_entry", "added"): TIMED,
        ("portfolio", "added"): 1,
        ("portfolio", "changed"): 3,
        ("portfolio_membership", "added"): 1,
        ("project_portfolio_setting", "added"): 3,
        ("goal", "added"): 4,
        ("goal", "changed"): 4,
        ("membership", "added"): 4,
        ("goal_relationship", "added"): 6,
        ("status_update", "added"): 2,
        ("organization_export", "added"): 1,
        ("job", "added"): 5,
    }
    assert [e["resource"]["gid"] for e in found if (e["type"], e["action"]) == ("task", "added")][-TASKS:] == week.tasks
    assert [e["created_at"] for e in found] == sorted(e["created_at"] for e in found)


def test_what_was_done_is_found_by_searching(week):
    path = f"/workspaces/{week.workspace}/tasks/search"
    found = week.get(path, text="Item 499")
    assert found == []
    (only,) = week.get(path, text="Item 498")
    assert only["gid"] == week.tasks[498]
    done = {"completed": "true", "limit": "100", "sort_by": "created_at", "sort_ascending": "true"}
    listed = week.get(path, **{"projects.any": week.projects[1], "assignee.any": week.grace}, **done)
    assert [task["gid"] for task in listed] == week.tasks[1:COMPLETED:3]
    names = week.get(f"/workspaces/{week.workspace}/typeahead", resource_type="project", query="sou")
    assert [item["name"] for item in names] == ["South"]
    goals = week.get(f"/workspaces/{week.workspace}/typeahead", resource_type="goal", query="launch", count="10")
    assert len(goals) == 4


def test_the_export_holds_everything_once(week):
    gids = Counter(record["gid"] for record in week.export)
    assert gids.most_common(1)[0][1] == 1
    items = [record for record in week.export if str(record.get("name", "")).startswith("Item ")]
    assert len(items) == TASKS - DELETED
    for gid in (*week.projects, week.portfolio, week.goal, *week.parts, week.team):
        assert gid in gids


def test_the_audit_log_has_what_matters(week):
    noted = week.pages(f"/workspaces/{week.workspace}/audit_log_events")
    found = Counter(entry["event_type"] for entry in noted)
    assert found == {
        "user_invited": 3,
        "team_created": 1,
        "team_member_added": 3,
        "project_member_added": 4,
        "task_deleted": DELETED,
        "workspace_export_started": 1,
    }
    joined = [e["details"]["user"]["gid"] for e in noted if e["event_type"] == "team_member_added"]
    assert joined == [week.ada, week.grace, week.alan]
    (gone,) = [entry for entry in noted if entry["event_type"] == "task_deleted"]
    assert (gone["resource"]["gid"], gone["resource"]["name"]) == (week.deleted, f"Item {TASKS - 1}")
    assert gone["actor"]["gid"] == week.ada
    assert [entry["created_at"] for entry in noted] == sorted(entry["created_at"] for entry in noted)
