"""Using a project template: what has to be said of the new project, and how its dates and people follow from that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.kinds.copy_dates import Move, days_between, within_the_calendar
from fanfold.work.kinds.copy_project import use_content
from fanfold.work.kinds.project_templates import DUE, START, as_of_now, span
from fanfold.work.people import is_organization, must_belong
from fanfold.work.request import Request, brief
from fanfold.work.schema import Document, boolean, choice, items, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import Given, day, moment, read

if TYPE_CHECKING:
    from fanfold.work.kinds.copying import Copying

UNPROCESSABLE = 422

PRIVACY = ("public_to_workspace", "private_to_team", "private")


def _pairs(label: str, value: Any) -> dict[str, Any]:
    """A list of objects with ``gid`` and ``value``, as values by gid."""
    if not isinstance(value, list):
        raise RequestError(f"{label}: Value is not an array: {brief(value)}")
    found: dict[str, Any] = {}
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise RequestError(f"{label}: [{index}]: Value is not a JSON object: {brief(item)}")
        if item.get("gid") is None:
            raise RequestError(f"{label}: [{index}]: gid: Missing input")
        found[str(item["gid"])] = item.get("value")
    return found


def _dates(_: Request, value: Any) -> dict[str, str]:
    given = _pairs("requested_dates", value)
    label = "requested_dates: value"
    return {
        gid: day(label, text) if len(str(text)) <= len("YYYY-MM-DD") else moment(label, text)[:10]
        for gid, text in given.items()
        if text is not None
    }


def _roles(request: Request, value: Any) -> dict[str, str]:
    given = _pairs("requested_roles", value)
    return {
        gid: str(request.view.find("requested_roles: value", str(user), "user", status=400).gid)
        for gid, user in given.items()
        if user is not None
    }


INSTANCE = (
    text("name", required=True, nullable=False),
    one("team", "team"),
    boolean("public", default=None),
    choice("privacy_setting", *PRIVACY),
    boolean("is_strict", default=None),
    items("requested_dates", of="object", parse=_dates),
    items("requested_roles", of="object", parse=_roles),
)
"""What ``instantiateProject`` takes."""


def project_of_template(request: Request) -> Copying:
    """A new project of the template that the path names, and how its tasks are to be copied."""
    given, view = read(request, INSTANCE), request.view
    template = as_of_now(view, decode(request.row.document))
    content = view.store.record(int(template["content"]))
    if content is None or not template["ready"]:
        raise RequestError("project_template: It is still being made; try again when the job that makes it is done")
    values = _settings(request, given, template)
    dates = given.values.get("requested_dates") or {}
    _known("requested_dates", dates, template)
    move = _move(request, dates, template, strict=bool(given.values.get("is_strict")))
    start, due = _own_dates(dates, template, move)
    if start is not None and due is not None and due <= start:
        raise RequestError("requested_dates: A project has to be due after it starts")
    roles = given.values.get("requested_roles") or {}
    _known("requested_roles", roles, template)
    must_belong(view, request.row.workspace, map(int, roles.values()), "requested_roles")
    values |= {"start_on": start, "due_on": due, "created_from_template": str(request.row.gid)}
    return use_content(view, content, move, roles, values)


def _settings(request: Request, given: Given, template: Document) -> Document:
    """Name, team and who sees it."""
    workspace = request.row.workspace
    team = given.row("team")
    if team is not None and team.workspace != workspace:
        raise RequestError(f"team: Not in the same workspace: {team.gid}")
    values: Document = {"name": given.values["name"], "team": str(team.gid) if team else template.get("team")}
    if values["team"] is None and is_organization(request.view, workspace):
        raise RequestError("Missing required team field")
    public, privacy = given.values.get("public"), given.values.get("privacy_setting")
    if privacy is None and public is not None:
        privacy = "public_to_workspace" if public else "private"
    return values if privacy is None else {**values, "privacy_setting": privacy}


def _known(label: str, given: dict[str, Any], template: Document) -> None:
    """Refuse what the template does not ask for."""
    asked = {item["gid"] for item in template[label]}
    for gid in given:
        if gid not in asked and not (label == "requested_dates" and gid in (START, DUE)):
            raise RequestError(f"{label}: Unknown object: {brief(gid)}")


def _move(request: Request, given: dict[str, str], template: Document, *, strict: bool) -> Move:
    """By how many days dates move: so that the start, or else the due date, is as given, or else from today on."""
    dates = template["dates"]
    missing = [item for item in template["requested_dates"] if item["gid"] not in given]
    if strict and missing:
        names = ", ".join(f"{item['gid']} ({item['name']})" for item in missing)
        raise RequestError(f"requested_dates: Missing input for: {names}", status=UNPROCESSABLE)
    today = request.view.now[:10]
    for gid, was in ((START, dates["start"] or dates["first"]), (DUE, dates["due"] or dates["last"])):
        if gid in given and was:
            return within_the_calendar(Move(days_between(was, given[gid])), span(template), "requested_dates")
    anchor = dates["start"] or dates["first"]
    return (
        within_the_calendar(Move(days_between(anchor, today)), span(template), "requested_dates") if anchor else Move()
    )


def _own_dates(given: dict[str, str], template: Document, move: Move) -> tuple[str | None, str | None]:
    """Start and due date of the new project: as given, or else moved like all others; no start where none is due."""
    found: list[str | None] = []
    for gid, name in ((START, "start"), (DUE, "due")):
        was = template["dates"][name] if any(item["gid"] == gid for item in template["requested_dates"]) else None
        found.append(given.get(gid) or (move.moved_day(was) if was else None))
    start, due = found
    return (None, None) if due is None else (start, due)
