"""Workspaces: what everything else is in. One with e-mail domains is an organization and has teams."""

from __future__ import annotations


from fanfold.work.routes import crud
from fanfold.work.schema import Kind, boolean, items, text


workspace = Kind(
    "workspace",
    fields=(
        text("name"),
        items("email_domains", access="read", default=[]),
        boolean("is_organization", access="read"),
    ),
)
crud(workspace, "read", "update")
