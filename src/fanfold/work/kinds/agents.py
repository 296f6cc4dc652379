"""Agents: software that works in a workspace beside its people. Only the system makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.routes import crud, under
from fanfold.work.schema import Kind, choice, obj, one, text

if TYPE_CHECKING:
    from fanfold.work.change import Change

agent = Kind(
    "agent",
    compact=("resource_subtype", "name"),
    fields=(
        choice("resource_subtype", "asana_teammate", default="asana_teammate", access="read", nullable=False),
        text("name", access="read", default="", nullable=False),
        text("description", access="read"),
        text("behavior_guidance", access="read"),
        one("workspace", "workspace", access="read"),
        obj("photo", access="read"),
    ),
)
crud(agent, "read")
under(agent, "workspace")


@agent.rule("create")
def knows_its_workspace(change: Change) -> None:
    """An agent works in one workspace."""
    change.after["workspace"] = str(change.workspace)
