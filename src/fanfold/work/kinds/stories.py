"""Stories: what was said about a task or goal, and what happened to a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.change import Relation, creation, deletion, touching
from fanfold.work.kinds.likes import is_liked, like_fields
from fanfold.work.kinds.reactions import reaction_summary, takes_reactions_along
from fanfold.work.request import EMPTY
from fanfold.work.richtext import show, twins
from fanfold.work.routes import crud, under, update
from fanfold.work.schema import (
    Document,
    Field,
    Kind,
    Ref,
    boolean,
    choice,
    computed,
    datetime,
    integer,
    items,
    obj,
    one,
    text,
)
from fanfold.work.stories import STORIES

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet
    from fanfold.work.store import Row
    from fanfold.work.view import View

LIKES = "story.likes"
"""Link field: who likes a story; the note is the like's own gid."""

COMMENT = "comment_added"

STICKERS = (
    *("green_checkmark", "people_dancing", "dancing_unicorn", "heart", "party_popper", "people_waving_flags"),
    *("splashing_narwhal", "trophy", "yeti_riding_unicorn", "celebrating_people", "determined_climbers"),
    "phoenix_spreading_love",
)


def _is_mine(sheet: Sheet, _: int, document: Document) -> bool:
    return document["resource_subtype"] == COMMENT and document.get("created_by") == str(sheet.view.user)


def _told(maker: Any, *names: str, **more: Any) -> tuple[Field, ...]:
    """Fields that only stories of some sorts have: left out of all others."""
    return tuple(maker(name, access="read", omitted=True, **more) for name in names)


def _related(kind: str, *names: str) -> tuple[Field, ...]:
    return tuple(one(name, kind, access="read", omitted=True) for name in names)


def _target(_: Sheet, __: int, document: Document) -> Ref:
    return Ref(int(document["target"]), named="on_goal" in document)


story = Kind(
    "story",
    collection="stories",
    compact=("created_at", "created_by", "resource_subtype", "text"),
    fields=(
        datetime("created_at", access="read"),
        one("created_by", "user", access="read"),
        text("resource_subtype", access="read", default=COMMENT),
        text("text", default="", nullable=False),
        text("html_text", nullable=False, opt_in=True, compute=show("text", "html_text")),
        boolean("is_pinned"),
        choice("sticker_name", *STICKERS, nullable=False, omitted=True),
        computed("type", lambda _, __, d: "comment" if d["resource_subtype"] == COMMENT else "system", of="text"),
        computed("is_editable", _is_mine, of="boolean"),
        boolean("is_edited", access="read"),
        *like_fields(LIKES),
        reaction_summary(),
        computed("previews", lambda *_: [], of="list"),
        *_told(text, "old_name", "new_name"),
        *_told(obj, "old_dates", "new_dates"),
        *_told(text, "old_resource_subtype", "new_resource_subtype"),
        *_related("story", "story"),
        *_related("user", "assignee", "follower"),
        *_related("section", "old_section", "new_section"),
        *_related("task", "task"),
        *_related("project", "project"),
        *_related("tag", "tag"),
        *_related("custom_field", "custom_field"),
        *_told(text, "old_text_value", "new_text_value"),
        *_told(integer, "old_number_value", "new_number_value"),
        *_related("enum_option", "old_enum_value", "new_enum_value"),
        *_told(obj, "old_date_value", "new_date_value"),
        *_told(items, "old_people_value", "new_people_value", "old_multi_enum_values", "new_multi_enum_values"),
        *_told(text, "new_approval_status", "old_approval_status"),
        *_related("task", "duplicate_of", "duplicated_from", "dependency"),
        choice("source", "web", "email", "mobile", "api", "unknown", default="api", access="read"),
        one("target", "", access="read", compute=_target),
    ),
    within="target",
)
crud(story, "read")
story.rule("create", "update")(twins("text", "html_text"))
story.rule("create", "update")(is_liked(LIKES))
story.rule("delete")(takes_reactions_along)

_TAKES = tuple(story.fields[name] for name in ("text", "html_text", "is_pinned", "sticker_name"))

story.route(
    "PUT", "/stories/{story_gid}", "updateStory", update, subject="story", takes=_TAKES, summary="Update a story"
)
for _parent in ("task", "goal"):
    under(story, _parent, STORIES, operation=f"getStoriesFor{_parent.capitalize()}")


def create(request: Request) -> Answer:
    """Comment on a task or goal."""
    parent = request.row
    change = creation(request, story, target=str(parent.gid))
    change.workspace = parent.workspace
    change.after["created_by"] = str(request.view.user)
    if parent.kind == "goal":
        change.after["on_goal"] = True
    request.view.store.link(parent.gid, STORIES, change.gid, change.gid)
    change.write()
    _touch(request.view, parent, Relation("added", "stories", change.gid))
    return request.reread(change.gid, status=201)


for _parent, _operation in (("task", "createStoryForTask"), ("goal", "createStoryForGoal")):
    _path = f"/{_parent}s/{{{_parent}_gid}}/stories"
    story.verb("POST", _path, _operation, subject=_parent, takes=_TAKES, status=201)(create)


@story.rule("create", "update")
def says_something(change: Change) -> None:
    """A comment has words or a sticker."""
    after = change.after
    if after.get("resource_subtype") == COMMENT and not after.get("text") and not after.get("sticker_name"):
        raise RequestError("text: Missing input")


@story.rule("update")
def only_comments_change(change: Change) -> None:
    """A comment's words are its writer's; what the system tells stays as it is. Anybody may like and pin."""
    given = change.given.values
    comment = change.before["resource_subtype"] == COMMENT
    if given.keys() & {"text", "html_text", "sticker_name"}:
        if not comment:
            raise RequestError("text: Only comments can be edited")
        _check_mine(change)
        change.after["is_edited"] = True
    if "is_pinned" in given and not comment:
        raise RequestError("is_pinned: Only comments can be pinned")


@story.verb("DELETE", "/stories/{story_gid}", "deleteStory", subject="story", answers="empty")
def delete(request: Request) -> Answer:
    """Delete a comment: only whoever wrote it may."""
    change = deletion(request.view, request.row)
    _check_mine(change)
    change.write()
    task = request.view.store.record(int(change.before["target"]))
    if task is not None:
        _touch(request.view, task, Relation("removed", "stories", change.gid))
    return EMPTY


def _touch(view: View, parent: Row, relation: Relation) -> None:
    change = touching(view, parent)
    change.relations.append(relation)
    change.write()


def _check_mine(change: Change) -> None:
    if change.before.get("created_by") != str(change.view.user) or change.before["resource_subtype"] != COMMENT:
        raise RequestError("You do not have access to this story.", status=403)
