"""Memberships: that a user or team belongs to a project, portfolio, goal, custom field or custom type.

One set of operations over all of them. Those of projects and portfolios are the records that the kinds
``project_membership`` and ``portfolio_membership`` show too, under the same gids; all others are of this kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import touching
from fanfold.work.membership import LEVELS, chosen, join, leave, memberships_of, roll
from fanfold.work.membership import membership as membership_in
from fanfold.work.references import belongs
from fanfold.work.request import EMPTY, brief
from fanfold.work.routes import PAGING
from fanfold.work.schema import Document, Kind, boolean, choice, computed, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import read, value_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.membership import Owner
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet
    from fanfold.work.store import Row

KINDS = ("membership", "project_membership", "portfolio_membership")
"""The kinds whose records are memberships here."""

ROLES = {"project": ("admin", "editor", "commenter"), "goal": ("editor", "commenter")}
"""What the former name of the level of access may be, where it is known."""


def _subtype(_: Sheet, __: int, document: Document) -> str:
    return str(document.get("resource_subtype") or "project_membership")


membership = Kind(
    "membership",
    compact=("resource_subtype", "parent", "member", "access_level", "role", "goal"),
    fields=(
        computed("resource_subtype", _subtype, of="text"),
        one("parent", "", access="read"),
        one("member", "", access="read"),
        choice("access_level", *dict.fromkeys(level for levels in LEVELS.values() for level in levels), access="read"),
        choice("role", *ROLES["goal"], access="read", omitted=True),
        one("goal", "goal", access="read", omitted=True),
        one("user", "user", access="read", omitted=True),
        one("workspace", "workspace", access="read", omitted=True),
        boolean("is_commenter", default=None, access="read", opt_in=True),
        boolean("is_editor", default=None, access="read", opt_in=True),
    ),
    within="parent",
)

_PARENT = text("parent", required=True, nullable=False)
_MEMBER = text("member", required=True, nullable=False)
_LEVEL, _ROLE = text("access_level", nullable=False), text("role", nullable=False)
_SUBTYPE = choice("resource_subtype", "project_membership")


@membership.rule("create", "update")
def goals_have_former_names(change: Change) -> None:
    """What the membership of a goal shows under its present names it shows under the former ones too."""
    after = change.after
    if after.get("resource_subtype") != "goal_membership":
        return
    after |= {
        "goal": after["parent"],
        "user": after["member"] if after.get("member_type") != "team" else None,
        "workspace": str(change.workspace),
        "role": "editor" if after["access_level"] in ("admin", "editor") else "commenter",
    }


@membership.verb(
    "GET",
    "/memberships",
    "getMemberships",
    query=(text("parent"), text("member"), _SUBTYPE, *PAGING),
    answers="list",
    paged=True,
)
def list_all(request: Request) -> Answer:
    """List the memberships of a project, portfolio, goal, custom field or custom type, or those of a team.

    Of a team these are its memberships of projects, with `resource_subtype` and without `parent`.
    """
    query, view = request.query, request.view
    if query.get("resource_subtype"):
        value_of(_SUBTYPE, query["resource_subtype"])
    member = _member(request, query["member"]) if query.get("member") else None
    if query.get("parent"):
        parent = _parent(request, query["parent"])
        return roll(request, _of(parent), parent.gid, None if member is None else member.gid)
    if member is None or not query.get("resource_subtype"):
        raise RequestError("You should specify one of parent, parent + member, member + resource_subtype")
    if member.kind != "team":
        raise RequestError(f"member: Not a valid GID type: {member.kind}")
    memberships = memberships_of(view, "project", member.gid, team=True)
    return chosen(request, (memberships[gid] for gid in view.rows(memberships)))


@membership.verb("POST", "/memberships", "createMembership", takes=(_LEVEL, _MEMBER, _PARENT, _ROLE), status=201)
def create(request: Request) -> Answer:
    """Make a user or team a member."""
    view = request.view
    given = read(request, (_PARENT, _MEMBER, _LEVEL, _ROLE)).values
    parent = _parent(request, given["parent"])
    member = _member(request, given["member"])
    of = _of(parent)
    level = _level(of, "access_level", given.get("access_level"), LEVELS[of])
    role = _level(of, "role", given.get("role"), ROLES.get(of, LEVELS[of]))
    change = touching(view, parent)
    if not belongs(change, member):
        raise RequestError(f"member: Not in the same workspace: {member.gid}")
    if not join(change, member.gid, level=level or role, team=member.kind == "team"):
        raise RequestError(f"member: Already a member of this {parent.kind}: {member.gid}")
    change.write()
    gid = membership_in(view, of, parent.gid, member.gid)
    row = None if gid is None else view.store.record(gid)
    if row is None:
        raise LookupError(member.gid)
    headers = (("location", f"/api/1.0/memberships/{row.gid}"),)
    return request.record(row.gid, row.document, status=201, headers=headers)


@membership.verb("GET", "/memberships/{membership_gid}", "getMembership")
def read_one(request: Request) -> Answer:
    """Get a membership."""
    row = _found(request)
    return request.record(row.gid, row.document)


@membership.verb("PUT", "/memberships/{membership_gid}", "updateMembership", takes=(_LEVEL,))
def update(request: Request) -> Answer:
    """Change what a member may do."""
    change = touching(request.view, _found(request))
    level = read(request, (_LEVEL,)).values.get("access_level")
    if level is not None:
        of = _of(request.view.find("parent", change.before["parent"], ""))
        change.after["access_level"] = _level(of, "access_level", level, LEVELS[of])
    change.write()
    row = _found(request)
    return request.record(row.gid, row.document)


@membership.verb("DELETE", "/memberships/{membership_gid}", "deleteMembership", answers="empty")
def delete(request: Request) -> Answer:
    """End a membership."""
    document = decode(_found(request).document)
    change = touching(request.view, request.view.find("parent", document["parent"], ""))
    leave(change, int(document["member"]))
    change.write()
    return EMPTY


# -- who, of what, with which access ---------------------------------------------------------------------------------


def _found(request: Request) -> Row:
    """The membership that the path names, of whichever kind."""
    text = request.params[0]
    row = request.view.find("membership", text, "")
    if row.kind not in KINDS:
        raise RequestError(f"membership: Unknown object: {text}", status=404)
    return row


def _parent(request: Request, text: str) -> Row:
    row = request.view.find("parent", text, "", status=400)
    if row.kind not in LEVELS:
        raise RequestError(f"parent: Not a valid GID type: {row.kind}")
    return row


def _of(parent: Row) -> Owner:
    of: Owner = parent.kind  # type: ignore[assignment]  # it is one of LEVELS
    return of


def _member(request: Request, text: str) -> Row:
    row = request.view.find("member", text, "user" if text == "me" or "@" in text else "", status=400)
    if row.kind not in ("user", "team"):
        raise RequestError(f"member: Not a valid GID type: {row.kind}")
    return row


def _level(of: str, name: str, value: str | None, levels: tuple[str, ...]) -> str:
    """A level of access that there is for members of such a parent; empty where none is given."""
    if value is None:
        return ""
    if value not in levels:
        words = of.replace("_", " ")
        raise RequestError(f"{name}: Must be one of {', '.join(levels)} for a {words}, not: {brief(value)}")
    return value
