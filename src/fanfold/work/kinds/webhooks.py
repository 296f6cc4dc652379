"""Webhooks: what happens to a record is sent to a URL, whose owner has agreed to that in a handshake.

The handshake is made while the client waits: the target gets a new secret and has to send it back. Nobody sees the
secret again after the answer; it signs all that is delivered (see ``work/deliveries.py``).
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fanfold.errors import ForbiddenTarget, RequestError, Unreachable
from fanfold.work.change import creation
from fanfold.work.filters import equals, in_workspace
from fanfold.work.kinds.webhook_filters import check_filters, read_filters
from fanfold.work.pages import page
from fanfold.work.posting import TIMEOUT
from fanfold.work.request import Request, brief, encode
from fanfold.work.routes import PAGING, crud, linked_page
from fanfold.work.schema import Kind, boolean, datetime, integer, items, one, text
from fanfold.work.shape import shape_one

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.posting import Post
    from fanfold.work.schema import Waiting
    from fanfold.work.store import Row

OF_RESOURCE, OF_USER = "resource.webhooks", "user.webhooks"
"""Link fields: the webhooks on a record, and those that a user has made."""

RESOURCES = ("workspace", "team", "portfolio", "goal", "project", "task")
"""The kinds that there are webhooks on."""

MAX_OF_RESOURCE = 1000
MAX_OF_USER = 10_000
MAX_URL = 2048

UNCONFIRMED = "The webhook target did not confirm the handshake"


def _target(_: Request, value: Any) -> str:
    if not isinstance(value, str):
        raise RequestError(f"target: Value is not a string: {brief(value)}")
    if len(value) > MAX_URL:
        raise RequestError(f"target: Must be at most {MAX_URL} characters long")
    try:
        parts = urlsplit(value)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or not value.isascii() or any(char <= " " or char == "\x7f" for char in value):
        raise RequestError(f"target: Not a valid URL: {brief(value)}")
    return value


webhook = Kind(
    "webhook",
    compact=("active", "resource", "target"),
    fields=(
        boolean("active", access="read", default=True),
        one("resource", "", access="create", required=True, nullable=False),
        text("target", access="create", required=True, nullable=False, parse=_target),
        datetime("created_at", access="read"),
        datetime("last_failure_at", access="read", omitted=True),
        text("last_failure_content", access="read", omitted=True),
        datetime("last_success_at", access="read", omitted=True),
        integer("delivery_retry_count", access="read", default=0, nullable=False),
        datetime("next_attempt_after", access="read", omitted=True),
        datetime("failure_deletion_timestamp", access="read", omitted=True),
        items("filters", of="object", default=[], nullable=False, parse=read_filters),
    ),
)
crud(webhook, "read", "update", "delete")


# -- making one ------------------------------------------------------------------------------------------------------


def shake_hands(request: Request) -> Waiting:
    """Have the target confirm that it wants to be told; the secret that both now share."""
    post, target = request.view.post, _wanted(request).after["target"]
    if post is None:
        raise RequestError("target: This server delivers no webhooks", status=403)
    return lambda _: _shake(post, target)


async def _shake(post: Post, target: str) -> str:
    secret = secrets.token_hex(32)
    try:
        reply = await post(target, {"X-Hook-Secret": secret}, b"{}", TIMEOUT)
    except ForbiddenTarget as error:
        raise RequestError(f"target: {error.message}", status=403) from None
    except Unreachable:
        raise RequestError(UNCONFIRMED) from None
    echoed = reply.headers.get("x-hook-secret", "").encode(errors="replace")
    if reply.status not in (200, 204) or not hmac.compare_digest(echoed, secret.encode()):
        raise RequestError(UNCONFIRMED)
    return secret


def create(request: Request) -> Answer:
    """Establish a webhook."""
    secret: str = request.found
    if not secret:
        raise RequestError(UNCONFIRMED)
    change = _wanted(request)
    change.write()
    view, gid = request.view, change.gid
    view.store.add_delivery(gid, int(change.after["resource"]), secret.encode(), view.now, change.workspace)
    document = encode({**change.after, "active": False})
    shown = encode(shape_one(view, webhook, gid, document, request.selection(full=True)))
    body = b'{"data":%b,"X-Hook-Secret":"%b"}' % (shown, secret.encode())
    return request.answer(body, status=201, headers=(("location", f"/api/1.0/webhooks/{gid}"),))


webhook.route(
    "POST",
    "/webhooks",
    "createWebhook",
    create,
    takes=tuple(f for f in webhook.fields.values() if f.access != "read"),
    status=201,
    inline=False,
    before=shake_hands,
    summary="Establish a webhook",
)


def _wanted(request: Request) -> Change:
    """The webhook that the client asks for, if there may be one; nothing is written yet."""
    change = creation(request, webhook)
    resource = change.given.rows[int(change.after["resource"])]
    if resource.kind not in RESOURCES:
        raise RequestError(f"resource: Not a valid GID type: {resource.kind}")
    check_filters(change.after["filters"], resource.kind)
    store, user = change.store, change.view.user
    if store.count(resource.gid, OF_RESOURCE) >= MAX_OF_RESOURCE:
        raise RequestError(f"resource: There can be at most {MAX_OF_RESOURCE} webhooks on a resource", status=403)
    if store.count(user, OF_USER) >= MAX_OF_USER:
        raise RequestError(f"A user can have at most {MAX_OF_USER} webhooks", status=403)
    change.workspace = resource.workspace
    return change


@webhook.rule("create")
def is_its_makers(change: Change) -> None:
    """Only whoever made it sees it."""
    change.private = 1
    user = change.view.user
    change.after["user"] = str(user)
    change.store.link(int(change.after["resource"]), OF_RESOURCE, change.gid, change.gid)
    change.store.link(user, OF_USER, change.gid, change.gid)


@webhook.rule("update")
def filters_fit(change: Change) -> None:
    """What holds much is never without filters."""
    resource = change.store.record(int(change.after["resource"]))
    if resource is not None:
        check_filters(change.after["filters"], resource.kind)


@webhook.rule("delete")
def is_told_no_more(change: Change) -> None:
    """Nothing is sent to a webhook that is gone."""
    change.store.drop_delivery(change.gid)


# -- listing ---------------------------------------------------------------------------------------------------------


@webhook.verb(
    "GET",
    "/webhooks",
    "getWebhooks",
    query=(one("workspace", "workspace", required=True), one("resource", ""), *PAGING),
    answers="list",
    paged=True,
)
def list_webhooks(request: Request) -> Answer:
    """List the caller's own webhooks in a workspace."""
    workspace = request.require("workspace", "workspace")
    resource: Row | None = request.named("resource", "")
    if resource is None:
        return linked_page(request, request.view.user, OF_USER, in_workspace(workspace.gid))
    if resource.workspace != workspace.gid:
        return page(request, webhook, lambda _, __: [])
    return linked_page(request, resource.gid, OF_RESOURCE, equals("user", str(request.view.user)))
