"""Rule triggers: addresses at which other programs set off a rule of a project. Only the system makes them.

Made with ``born``: the ``name`` of the rule, the gid of its ``project`` and, where the rule is to say something of its
own, ``comment``: a text with ``{names}`` from the payload. What a rule does here is to leave that comment on the task.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import born
from fanfold.work.hanging import hangs_on
from fanfold.work.kinds.sections import TASKS
from fanfold.work.kinds.stories import COMMENT
from fanfold.work.request import encode
from fanfold.work.schema import Kind, obj, one, text
from fanfold.work.shape import decode
from fanfold.work.stories import STORIES
from fanfold.work.validate import MAX_TEXT, read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.schema import Document

TRIGGERS = "project.rule_triggers"
"""Link field: the rule triggers of a project."""

TRIGGERED = "rule_triggered"
"""The sort of story that tells of a rule which has nothing of its own to say."""

MAX_PAYLOAD = 32_768
"""Longest payload, in bytes of JSON."""

_NAME = re.compile(r"\{([\w.-]{1,100})\}")

rule_trigger = Kind(
    "rule_trigger",
    fields=(
        text("name", access="read", default="", nullable=False),
        one("project", "project", access="read"),
        text("comment", access="read"),
    ),
    within="project",
)
rule_trigger.rule("create")(hangs_on("project", TRIGGERS))

_TAKES = (
    one("resource", "task", required=True, nullable=False),
    obj("action_data", required=True, nullable=False),
)


@rule_trigger.verb(
    "POST",
    "/rule_triggers/{rule_trigger_gid}/run",
    "triggerRule",
    subject="rule_trigger",
    takes=_TAKES,
    answers="other",
)
def run(request: Request) -> Answer:
    """Set off a rule for a task of its project."""
    given = read(request, _TAKES).values
    view, task, trigger = request.view, int(given["resource"]), decode(request.row.document)
    if int(trigger["project"]) not in (project for _, project in view.store.owners(task, TASKS)):
        raise RequestError(f"resource: Not in the project of the rule: {task}")
    payload = given["action_data"]
    if len(encode(payload)) > MAX_PAYLOAD:
        raise RequestError(f"action_data: Must be at most {MAX_PAYLOAD} bytes long")
    told = born(
        view,
        "story",
        request.row.workspace,
        resource_subtype=COMMENT if trigger.get("comment") else TRIGGERED,
        text=_words(trigger, payload)[:MAX_TEXT],
        created_by=str(view.user),
        target=str(task),
    )
    view.store.link(task, STORIES, told.gid, told.gid)
    return request.value({"message": "The payload was saved and the rule has run"})


def _words(trigger: Document, payload: Document) -> str:
    values = {name: value if isinstance(value, str) else encode(value).decode() for name, value in payload.items()}
    if trigger.get("comment"):
        return _NAME.sub(lambda match: values.get(match[1], ""), trigger["comment"]) or trigger["name"]
    said = ", ".join(f"{name}: {value}" for name, value in values.items())
    return f'ran the rule "{trigger["name"]}"' + (f" with {said}" if said else "")
