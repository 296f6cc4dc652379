"""What is shown of an account's context, and of a declaration: everything but secrets, which only ever go in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

MASK = "[redacted]"
"""Stands for a secret. Where it is sent back, the secret stays as it is."""

_SECRET = re.compile(
    r"key|token|secret|passw|pwd|auth|credential|private|signature|cookie|session|assertion|pin$", re.IGNORECASE
)
_PUBLIC = frozenset(
    {
        *("token_type", "tokenType", "expires_at", "expires_in", "scope", "scopes", "created_at", "format"),
        *("tokenHost", "tokenPath", "authorizeHost", "authorizePath", "refreshPath", "token_url", "authorize_url"),
        *("authorizationMethod", "authentication_method", "author", "authors", "key_by"),
        *("page_key", "limit_key", "cursor_key", "offset_key"),
    }
)
_HOLDERS = frozenset({"oauth", "auth", "authorization", "credentials"})
"""Names of what holds secrets beside other things."""

_LONG = re.compile(r"[A-Za-z0-9_.~+/=-]{20,}")


def masked_context(context: Mapping[str, Any], secret: Collection[str] = ()) -> dict[str, Any]:
    """A context without secrets: what is called one, stands below such a name or in ``secret``, or looks random."""
    return {name: _masked(one, name, frozenset(secret), hidden=False) for name, one in context.items()}


def masked_config(config: Any, name: str = "") -> Any:
    """A declaration without secrets: text that is called one and is no template."""
    if isinstance(config, Mapping):
        return {inner: masked_config(one, inner) for inner, one in config.items()}
    if isinstance(config, list):
        return [masked_config(one, name) for one in config]
    return MASK if isinstance(config, str) and config and _is_secret(name) and "{{" not in config else config


def unmasked(new: Any, old: Any) -> Any:
    """What was sent, with the secrets of before where masks were sent back."""
    if new == MASK:
        return old
    if isinstance(new, Mapping):
        before = old if isinstance(old, Mapping) else {}
        return {name: unmasked(one, before.get(name)) for name, one in new.items()}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [unmasked(one, before) for one, before in zip(new, old, strict=True)]
    return new


def open_part(context: Mapping[str, Any]) -> dict[str, Any]:
    """What of a context anybody may see who may use it: all that is not masked."""
    found: dict[str, Any] = _without_masks(masked_context(context))
    return found


def _masked(value: Any, name: str, secret: frozenset[str], *, hidden: bool) -> Any:
    if isinstance(value, Mapping):
        below = hidden or name in secret or (_is_secret(name) and name not in _HOLDERS)
        return {inner: _masked(one, inner, secret, hidden=below) for inner, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, name, secret, hidden=hidden) for one in value]
    if value is None or value == "" or isinstance(value, bool) or (name in _PUBLIC and name not in secret):
        return value
    if hidden or name in secret or _is_secret(name) or _looks_random(value):
        return MASK
    return value


def _is_secret(name: str) -> bool:
    return name not in _PUBLIC and _SECRET.search(name) is not None


def _looks_random(value: Any) -> bool:
    if not isinstance(value, str) or not _LONG.fullmatch(value):
        return False
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _without_masks(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_masks(one) for name, one in value.items() if one != MASK}
    return value
