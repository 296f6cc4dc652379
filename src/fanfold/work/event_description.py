"""How an event is described: it is no record, has no gid and is never asked for alone, so it is not among the kinds."""

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
    }
}

STREAM: dict[str, Any] = {
    "data": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
    "sync": {"type": "string", "description": "Send it the next time, to go on from here; good for 24 hours."},
    "has_more": {"type": "boolean", "description": "Whether there is more to get at once."},
}
"""The members of an answer that is a piece of an event stream."""
