"""What a person does to a database from the command line: make, list and end tokens and apps."""

from __future__ import annotations

import re

from fanfold.errors import SetupError
from fanfold.server.oauth.clients import register
from fanfold.server.opening import open_existing
from fanfold.server.tokens import issue
from fanfold.work import Store, WorkApi
from fanfold.work.clock import stamp, utc_now
from fanfold.work.people import service_account
from fanfold.work.seed import first_user


def create_token(db: str, user: str, name: str) -> str:
    """Make a token for the user named by e-mail address or gid, or for the first user; it is returned this once."""
    store = open_existing(db)
    try:
        return issue(store, user_named(store, user) if user else first_user(store), name, utc_now())
    finally:
        store.close()


def create_service_token(db: str, workspace: str, name: str) -> str:
    """Make a service account with a token; ``workspace`` is a gid, or empty where there is but one."""
    store = open_existing(db)
    try:
        place = _workspace(store, workspace)
        store.begin_action()
        user = service_account(WorkApi(store).view(0), place, name)
        store.end_action()
        return issue(store, user, name, utc_now())
    finally:
        store.close()


def list_tokens(db: str) -> list[str]:
    """A line about each token; the tokens themselves are not kept."""
    store = open_existing(db)
    try:
        return [
            f"{number}\tuser {user}\t{name}\tmade {created}\t{f'revoked {revoked}' if revoked else 'valid'}"
            for number, user, name, created, revoked in store.tokens()
        ]
    finally:
        store.close()


def revoke_token(db: str, number: int) -> None:
    """End a token; a running server refuses it within a second."""
    store = open_existing(db)
    try:
        store.begin_action()
        done = 0 < number < 1 << 63 and store.revoke_token(number, stamp(utc_now()))
        store.end_action()
    finally:
        store.close()
    if not done:
        raise SetupError(f"There is no valid token number {number}; fanfold token list shows which there are.")


def create_app(db: str, name: str, redirects: list[str], *, public: bool) -> tuple[str, str]:
    """Register an app: its client id, and its secret, which is returned this once; a public app has none."""
    store = open_existing(db)
    try:
        return register(store, name, redirects, public=public)
    finally:
        store.close()


def list_apps(db: str) -> list[str]:
    """A line about each app."""
    store = open_existing(db)
    try:
        return [
            f"{row.client}\t{row.name}\t{'public' if row.secret is None else 'with a secret'}\tmade {row.created_at}\t"
            + " ".join(row.redirects.splitlines())
            for row in store.apps()
        ]
    finally:
        store.close()


def delete_app(db: str, client: str) -> None:
    """Remove an app; a running server refuses its tokens within a second."""
    store = open_existing(db)
    try:
        store.begin_action()
        done = store.delete_app(client)
        store.end_action()
    finally:
        store.close()
    if not done:
        raise SetupError(f"There is no app {client}; fanfold app list shows which there are.")


def _workspace(store: Store, named: str) -> int:
    known = store.of_kind("workspace")
    if not named and len(known) == 1:
        return known[0]
    if re.fullmatch("[0-9]{1,18}", named) and int(named) in known:
        return int(named)
    which = ", ".join(str(gid) for gid in known)
    raise SetupError(f"Name the workspace of the service account with --workspace; there are: {which}.")


def user_named(store: Store, named: str) -> int:
    """Gid of the user with this e-mail address or gid; raises ``SetupError`` where there is none."""
    gid = store.user_by_email(named) if "@" in named else int(named) if re.fullmatch("[0-9]{1,18}", named) else None
    row = store.record(gid) if gid is not None else None
    if row is None or row.kind != "user":
        raise SetupError(f"There is no user {named}; name one by e-mail address or gid.")
    return row.gid
