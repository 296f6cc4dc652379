"""The key that signs who a user is, so that other programs can check it with the published half."""

from __future__ import annotations

from typing import Any

from joserfc.jwk import RSAKey
from msgspec import json

from fanfold.work import Store

_SETTING = "identity_key"


def signing_key(store: Store) -> RSAKey:
    """The database's key, made when it is first needed: that takes a moment, and most never need one."""
    kept = store.setting(_SETTING)
    if kept is not None:
        return RSAKey.import_key(json.decode(kept))
    key = RSAKey.generate_key(2048, private=True, auto_kid=True)
    store.begin_action()
    store.set(_SETTING, json.encode(key.as_dict(private=True)))
    store.end_action()
    return key


def published_keys(store: Store) -> dict[str, Any]:
    """The public half."""
    key = signing_key(store)
    return {"keys": [key.as_dict(private=False) | {"use": "sig", "alg": "RS256", "kid": key.kid}]}
