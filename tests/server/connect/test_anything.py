"""Whatever is sent, nothing is a fault of ours: no answer is a 5xx but for accounts that say so."""

from __future__ import annotations

import random

import pytest
from msgspec import json

PARTS = [
    *("batch-request", "proxy", "unified", "custom", "integration", "integrated-account", "environment-integration"),
    *("api-token", "me", "token", "contacts", "users", "crm", "meta", "demo", "work", "list", "u_1", "capabilities"),
    *("credentials", "refresh-credentials", "run-post-install-actions", "%2F", "%00", "..", "", "%E2%82%AC", "a" * 300),
]
NAMES = [
    *(
        "integrated_account_id",
        "next_cursor",
        "limit",
        "a[b]",
        "a[]",
        "a[][c]",
        "truto_response_format",
        "type",
        "name",
    ),
    *("truto_exclude_fields", "status", "is_sandbox", "resource", "methods", "block_id", "remote_query[x]"),
]
MEMBERS = [
    *(
        "integrated_account_id",
        "resources",
        "args",
        "resource",
        "method",
        "name",
        "type",
        "id",
        "query",
        "body",
        "loop_on",
    ),
    *("depends_on", "persist", "recurse", "if", "config", "expression", "retry", "timeout", "group", "of", "run_if"),
    *(
        "integration",
        "context",
        "status",
        "version",
        "base_url",
        "credentials",
        "client",
        "methodConfig",
        "path",
        "dry_run",
    ),
]


def value(made: random.Random, texts: list[str], depth: int = 0):
    kind = made.randrange(9 if depth < 4 else 6)
    if kind < 2:
        return made.choice(
            [*texts, "", "{{args.x}}", "{{resources.users.id}}", "$sum([1..3])", "users", "list", "crm/x"]
        )
    if kind == 2:
        return made.choice([0, 1, -1, 2**62, 1.5])
    if kind == 3:
        return made.choice([True, False, None])
    if kind < 6:
        return {}
    if kind < 7:
        return [value(made, texts, depth + 1) for _ in range(made.randrange(4))]
    return {made.choice(MEMBERS): value(made, texts, depth + 1) for _ in range(made.randrange(6))}


@pytest.mark.parametrize("seed", range(8))
async def test_no_request_is_answered_with_a_fault(platform, seed):
    made = random.Random(seed)
    texts = [platform.work, await platform.account(), await platform.account("demo", context={"api_key": "k" * 20})]
    for _ in range(60):
        method = made.choice(["GET", "POST", "PATCH", "DELETE", "PUT"])
        path = "/" + "/".join(
            [made.choice(PARTS[:8]), *(made.choice([*PARTS, *texts]) for _ in range(made.randrange(4)))]
        )
        query = "&".join(
            f"{made.choice(NAMES)}={made.choice([*texts, '5', '', 'x', '%FF'])}" for _ in range(made.randrange(4))
        )
        body = made.choice([b"", b"{", json.encode(value(made, texts)), json.encode(value(made, texts))])
        headers = made.choice([None, {"accept": "application/x-ndjson"}, {"idempotency-key": f"k{made.randrange(5)}"}])
        reply = await platform.ask(method, f"{path}?{query}", body, headers=headers)
        assert reply.status < 500, (method, path, query, body, reply.body)


@pytest.mark.parametrize("seed", range(8))
async def test_no_recipe_is_answered_with_a_fault(platform, seed):
    made = random.Random(seed)
    texts = ["users", "contacts", "crm/contacts", "block-children", "list", "get", "s", "t", "u_1", "args.x"]
    account = await platform.account()
    for _ in range(40):
        resources = [
            {
                "resource": made.choice(texts[:4]),
                "method": made.choice(["list", "get"]),
                "name": made.choice(texts),
                **{made.choice(MEMBERS[4:]): value(made, texts) for _ in range(made.randrange(4))},
            }
            for _ in range(made.randrange(1, 5))
        ]
        body = {"integrated_account_id": account, "resources": resources, "args": {"x": value(made, texts)}}
        reply = await platform.ask("POST", "/batch-request", body)
        assert reply.status in (200, 400), (body, reply.body)
