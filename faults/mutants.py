"""Requests that are nearly right: made after the server's own description, with one or two things gone wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Raw, json

RAW = (
    *(b"NaN", b"-Infinity", b"1e999", b"-0", b"1E400", b"00", b"0x10", b"1" * 400, b"1.0000000000000000001"),
    *(b'"\\ud800"', b'"\\u0000"', b'"\xff\xfe"', b'"\\x41"', b"'single'", b"undefined", b"{]", b'{"a":1,"a":2}'),
    *(b"[" * 900 + b"]" * 900, b'{"a":' * 300 + b"1" + b"}" * 300, b'{"__proto__": {"x": 1}}', b'{"$ref": "#"}'),
)
"""Pieces of JSON, or nearly."""

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**30, 0.1, 1e308, -1e-308),
    *(
        "",
        " ",
        "0",
        "-1",
        "me",
        "null",
        "true",
        "99999999999999999999",
        "1e3",
        "1.5",
        "\u202e\u0000",
        "\ufeff",
        "é" * 5000,
    ),
    *(
        "x" * 70_000,
        "'; DROP TABLE record; --",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "../../etc/passwd",
        "<script>x</script>",
    ),
    *("<body><strong>unclosed", "<body>&bogus;</body>", "<body><a href='javascript:x'>x</a></body>", "<a" * 2000),
    *("2026-02-30", "9999-12-31T23:59:60Z", "0000-00-00", "2026-13-01T25:61:61+99:99", "-2026-01-01", "10000-01-01"),
    *([], {}, [[]], [None], [{}], {"gid": None}, {"gid": "1", "name": []}, ["1"] * 3000, {"x" * 300: 1}),
    *([1, "a", None, {"b": [2]}], {"data": {}}, {"": ""}, [""], "a,b,,c", "this.", "name.name.name.name", "(name|gid)"),
    *(
        "http://169.254.169.254/",
        "http://[::1]:1/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://" + "a" * 3000,
    ),
)

SEGMENTS = (
    *("0", "-1", "1e3", "%00", "..", ".", "%2e%2e", "%2F", "%ff", "me", "x" * 3000, "99999999999999999999", "1005%0a"),
    *(
        "1030;x=1",
        "1030?x=1",
        "\uff11\uff10",
        "\u202e",
        "null",
        "undefined",
        "{gid}",
        "*",
        "'",
        '"',
        "%",
        "%zz",
        "+",
        "~",
    ),
)

PARAMETERS = (
    *("opt_fields", "opt_pretty", "opt_expand", "limit", "offset", "workspace", "project", "assignee", "sync", "text"),
    *("completed_since", "modified_since", "resource", "query", "resource_type", "sort_by", "is_subtask", "x" * 200),
)


class Mutant(NamedTuple):
    """A request: method, path with its query, body as it is sent, headers besides the usual ones."""

    method: str
    path: str
    body: bytes
    headers: tuple[str, ...]
    action: dict[str, Any] | None
    """The same as an action of a batch, where it can be said as one."""


class Breeder:
    """Makes mutants after a description; ``gids`` are those of records that are there."""

    def __init__(self, description: dict[str, Any], gids: Sequence[str], dice: random.Random) -> None:
        self._dice = dice
        self._gids = list(gids)
        self._schemas = description.get("components", {}).get("schemas", {})
        self._operations = [
            (method.upper(), path, operation)
            for path, methods in sorted(description["paths"].items())
            for method, operation in sorted(methods.items())
            if method in ("get", "post", "put", "delete")
        ]
        self._next = 0

    def skip(self, operations: int) -> None:
        """Begin with another operation."""
        self._next += operations

    def one(self) -> Mutant:
        """The next, of the next operation."""
        dice = self._dice
        method, template, operation = self._operations[self._next % len(self._operations)]
        self._next += 1
        path = re.sub(r"\{(\w+)\}", lambda _: self._segment(), template)
        query = "&".join(self._parameter() for _ in range(dice.choice((0, 0, 1, 3))))
        data = self._data(operation) if method in ("POST", "PUT") else {}
        if dice.random() < 0.05:
            method = dice.choice(("PATCH", "DELETE", "GET", "POST", "PUT", "OPTIONS", "HEAD", "TRACE", "x"))
        action = {"method": method.lower(), "relative_path": path, "data": data}
        if dice.random() < 0.2:
            action[dice.choice(("options", "method", "relative_path", "data", "x"))] = dice.choice(VALUES)
        body = self._spoilt(json.encode({"data": data})) if method in ("POST", "PUT", "PATCH") else b""
        return Mutant(method, f"{path}{'?' if query else ''}{query}", body, self._headers(), action)

    def spoilt_batch(self, actions: list[Any]) -> bytes:
        """The body of a batch, with something wrong in its bytes."""
        return self._spoilt(json.encode({"data": {"actions": actions}}))

    def _segment(self) -> str:
        dice = self._dice
        if dice.random() < 0.7:
            return dice.choice(self._gids)
        return dice.choice(SEGMENTS)

    def _parameter(self) -> str:
        dice = self._dice
        value = dice.choice((*self._gids[:20], *SEGMENTS, "name,gid", "100", "0", "101", "a" * 100))
        return f"{dice.choice(PARAMETERS)}={value}"

    def _headers(self) -> tuple[str, ...]:
        dice = self._dice
        if dice.random() < 0.9:
            return ()
        return (
            dice.choice(
                (
                    "Accept: " + "a/b," * 500,
                    "Idempotency-Key: " + "k" * 300,
                    "Idempotency-Key: same",
                    "Accept: application/x-ndjson",
                    "Prefer: respond-async, wait=-1",
                    "Asana-Enable: " + "x," * 100,
                    "Traceparent: 00-zz-zz-01",
                    "X-Forwarded-For: ::::",
                    "If-None-Match: *",
                    "Range: bytes=-9999999999999",
                    "Cookie: " + "a=b;" * 300,
                )
            ),
        )

    # -- bodies --------------------------------------------------------------------------------------------------------

    def _data(self, operation: dict[str, Any]) -> Any:
        dice = self._dice
        names = list(self._properties(operation))
        if not names or dice.random() < 0.05:
            return dice.choice(VALUES)
        data = {name: self._fitting(name) for name in dice.sample(names, min(len(names), dice.randrange(1, 6)))}
        for _ in range(dice.choice((1, 1, 2))):
            data[dice.choice([*data, *PARAMETERS[:6]])] = dice.choice(VALUES)
        return data

    def _fitting(self, name: str) -> Any:
        """Something that may well be right."""
        if name in ("workspace", "organization", "projects", "assignee", "team", "parent", "project", "resource"):
            gid = self._dice.choice(self._gids)
            return [gid] if name.endswith("s") else gid
        return self._dice.choice(("text", "2026-05-05", "1030", 5, True, ["1030"], {"gid": "1030"}))

    def _properties(self, operation: dict[str, Any]) -> dict[str, Any]:
        content: dict[str, Any] = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        return self._fields(self._fields(content.get("schema", {})).get("data", {}))

    def _fields(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The properties of an object, wherever its schema says them."""
        if "$ref" in schema:
            return self._fields(self._schemas.get(schema["$ref"].rpartition("/")[2], {}))
        found: dict[str, Any] = {}
        for part in schema.get("allOf", ()):
            found |= self._fields(part)
        found.update(schema.get("properties", {}))
        return found

    def _spoilt(self, body: bytes) -> bytes:
        """Every third time with something wrong in its bytes."""
        dice = self._dice
        if not body or dice.random() < 0.66:
            return body
        place = dice.randrange(len(body))
        return dice.choice(
            (
                body[:place],
                body[:place] + bytes([dice.randrange(256)]) + body[place + 1 :],
                body[:place] + dice.choice(RAW) + body[place:],
                body.replace(b'""', dice.choice(RAW), 1).replace(b"null", dice.choice(RAW), 1),
                body + body,
                b"\xef\xbb\xbf" + body,
                body.decode(errors="replace").encode("utf-16"),
                json.encode([Raw(body)] * 3) if _is_json(body) else body,
            )
        )


def _is_json(body: bytes) -> bool:
    return body[:1] in (b"{", b"[")
