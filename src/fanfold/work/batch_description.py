"""How ``POST /batch`` is described: it carries the operations of all kinds and belongs to none, so it stands here."""

from __future__ import annotations

from typing import Any

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["errors"],
    "properties": {
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message"],
                "properties": {
                    "message": {"type": "string"},
                    "help": {"type": "string"},
                    "phrase": {"type": "string", "description": "With a 500 only; quote it when reporting the fault."},
                },
            },
        }
    },
}

_NEXT_PAGE = {
    "type": "object",
    "description": "Where the list goes on; null on its last page.",
    "required": ["offset", "path", "uri"],
    "properties": {
        "offset": {"type": "string"},
        "path": {"type": "string", "description": "Relative to the server's base."},
        "uri": {"type": "string", "format": "uri"},
    },
}

_ACTION = {
    "type": "object",
    "required": ["relative_path", "method"],
    "properties": {
        "relative_path": {"type": "string", "description": "Below the base and without a query string: `/tasks/123`."},
        "method": {"type": "string", "enum": ["get", "post", "put", "delete", "patch", "head"]},
        "data": {"type": "object", "description": "For `get` the query parameters, otherwise the `data` of the body."},
        "options": {
            "type": "object",
            "properties": {
                "limit": {"type": "integer", "minimum": 1, "maximum": 100},
                "offset": {"type": "string"},
                "fields": {"type": "array", "items": {"type": "string"}},
                "expand": {"type": "array", "items": {"type": "string"}},
            },
        },
        "id": {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{1,64}$",
            "description": "A name by which other actions refer to this one, as in `{{ID.body.data.gid}}`.",
        },
        "depends_on": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Ids of actions that have to succeed first.",
        },
        "for_each": {
            "type": "string",
            "description": "A reference to an array, for each element of which the action is carried out.",
        },
        "timeout": {"type": "number", "exclusiveMinimum": 0, "maximum": 999999, "description": "Seconds it may take."},
        "idempotency_key": {
            "type": "string",
            "pattern": "^[!-~]{1,240}$",
            "description": "However often the action is sent with it, it is carried out once.",
        },
    },
}

_BATCH_OPTIONS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "execution": {"type": "string", "enum": ["parallel", "serial"]},
        "on_error": {"type": "string", "enum": ["continue", "stop"]},
        "deadline": {"type": "number", "exclusiveMinimum": 0, "maximum": 999999, "description": "In seconds."},
        "max_parallel": {"type": "integer", "minimum": 0, "maximum": 10000, "description": "0 for all at once."},
        "coalesce": {"type": "boolean", "description": "Identical reads run once. Not with serial execution."},
        "dry_run": {"type": "boolean", "description": "Nothing runs, and the plan is shown."},
    },
}

_RESULT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "Of the action, where that has one."},
        "status_code": {"type": "integer", "description": "What the request alone would have been answered with."},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "body": {"type": "object"},
    },
}

BATCH_SCHEMAS: dict[str, Any] = {
    "BatchAction": _ACTION,
    "BatchResult": _RESULT,
    "Error": _ERROR,
    "NextPage": _NEXT_PAGE,
}
"""The schemas that belong to no kind."""

BATCH_TAG = {"name": "Batch", "description": "Several requests sent as one."}


def _envelope(data: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": {"type": "object", "required": ["data"], "properties": {"data": data}}}}


_ACTIONS = {"type": "array", "minItems": 1, "maxItems": 10, "items": {"$ref": "#/components/schemas/BatchAction"}}
_RESULTS = {
    "anyOf": [
        {"type": "array", "items": {"$ref": "#/components/schemas/BatchResult"}},
        {"type": "object", "description": "The plan, where nothing was to run.", "required": ["actions", "cost"]},
    ]
}

BATCH: dict[str, Any] = {
    "operationId": "createBatchRequest",
    "summary": "Carry out up to ten actions in parallel",
    "description": (
        "The results stand in the order of the actions, one for each; the answer is 200 even if every action failed."
        " Each action counts as a request of its own against the limits; if any of them would exceed one, none is"
        " carried out and the answer is 429."
    ),
    "tags": ["Batch"],
    "requestBody": {
        "required": True,
        "content": _envelope(
            {
                "type": "object",
                "required": ["actions"],
                "properties": {"actions": _ACTIONS, "options": _BATCH_OPTIONS},
            }
        ),
    },
    "responses": {"200": {"description": "The results.", "content": _envelope(_RESULTS)}},
}
"""The operation itself, but for the parameters and errors that it shares with all others."""
