"""Project templates: what a project looked like when it was saved as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work import richtext
from fanfold.work.kinds.project_words import COLORS
from fanfold.work.routes import crud
from fanfold.work.schema import Kind, boolean, choice, computed, items, one, text

if TYPE_CHECKING:
    from fanfold.work.change import Change

project_template = Kind(
    "project_template",
    fields=(
        text("name", access="read", default="", nullable=False),
        text("description", access="read", default="", nullable=False),
        computed("html_description", richtext.show("description", "html_description"), of="text", nullable=False),
        boolean("public", access="read"),
        one("owner", "user", access="read"),
        one("team", "team", access="read", omitted=True),
        items("requested_dates", of="object", access="read", default=[], nullable=False),
        choice("color", *COLORS, access="read"),
        items("requested_roles", of="object", access="read", default=[], nullable=False),
    ),
)
crud(project_template, "read")


@project_template.rule("create")
def belongs_to_whoever_saved_it(change: Change) -> None:
    """Unless it is public, nobody else sees it."""
    change.after["owner"] = str(change.view.user)
    change.private = int(not change.after["public"])
