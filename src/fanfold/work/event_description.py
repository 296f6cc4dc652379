"""How events and entries of the audit log are described: they are no records and are never asked for alone."""

from __future__ import annotations

from typing import Any

_NAMED = {"oneOf": [{"$ref": "#/components/schemas/Named"}, {"type": "null"}]}

EVENT_SCHEMAS: dict[str, Any] = {
    "Event": {
        "type": "object",
        "description": "What happened to a record.",
        "properties": {
            "user": _NAMED,
            "resource": {"$ref": "#/components/schemas/Named"},
            "type": {"type": "string", "description": "The kind of the record."},
            "action": {"type": "string", "enum": ["changed", "added", "removed", "deleted", "undeleted"]},
            "parent": _NAMED,
            "created_at": {"type": "string", "format": "date-time"},
            "change": {
                "type": "object",
                "description": "Which field changed, where the action is `changed`.",
                "properties": {
                    "field": {"type": "string"},
                    "action": {"type": "string", "enum": ["changed", "added", "removed"]},
                    "new_value": _NAMED,
                    "added_value": _NAMED,
                    "removed_value": _NAMED,
                },
            },
        },
    },
    "AuditLogEvent": {
        "type": "object",
        "description": "Something that those who answer for a workspace may want to look up.",
        "required": ["gid", "created_at", "event_type", "event_category", "actor", "resource", "details", "context"],
        "properties": {
            "gid": {"type": "string"},
            "created_at": {"type": "string", "format": "date-time"},
            "event_type": {"type": "string"},
            "event_category": {"type": "string"},
            "actor": {"type": "object", "description": "Who did it: `actor_type`, and of a user gid, name and e-mail."},
            "resource": {"type": "object", "description": "What it was done to, as it was called then."},
            "details": {"type": "object", "description": "What is particular to the type of event."},
            "context": {"type": "object", "description": "How it was done."},
        },
    },
}

ITEMS: dict[str, Any] = {"getAuditLogEvents": {"$ref": "#/components/schemas/AuditLogEvent"}}
"""What the lists of operations hold whose members are no records."""

STREAM: dict[str, Any] = {
    "data": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
    "sync": {"type": "string", "description": "Send it the next time, to go on from here; good for 24 hours."},
    "has_more": {"type": "boolean", "description": "Whether there is more to get at once."},
}
"""The members of an answer that is a piece of an event stream."""
