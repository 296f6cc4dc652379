"""The parts that calls to APIs are made with, put together once: what knows APIs, what fills in, what sends."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from fanfold.errors import RequestError, SetupError
from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.accounts import Account
from fanfold.integrations.catalog import read_catalog
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.inside import Inside
from fanfold.integrations.reading import declaration_from
from fanfold.integrations.seal import KEY_BYTES, Seal, read_key
from fanfold.integrations.target import IntegrationsTarget
from fanfold.integrations.unified import UnifiedMapper
from fanfold.server.connect.declared import Integrations
from fanfold.server.connect.store import SealedAccounts
from fanfold.settings import Settings
from fanfold.targets.vetting import Vetting
from fanfold.work.api import Api

MEMORY = ":memory:"


class Parts(Struct, frozen=True):
    """What stands behind the platform's endpoints."""

    evaluator: Evaluator
    accounts: SealedAccounts
    integrations: Integrations
    mapper: UnifiedMapper
    target: IntegrationsTarget

    def capabilities(
        self, account: Account, declaration: Declaration | None, query: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What an account can be asked; ``query`` may name a ``type``, ``methods`` and a ``resource``."""
        kind = query.get("type", "all")
        if kind not in ("proxy", "unified", "all"):
            raise RequestError("type: Must be proxy, unified or all")
        methods = {name for name in str(query.get("methods") or "").split(",") if name}
        wanted = query.get("resource")
        return {
            "integration": account.integration,
            "proxy": [] if kind == "unified" else _proxy(declaration, methods, wanted),
            "unified": [] if kind == "proxy" else self._unified(declaration, methods, wanted),
            "account": {"id": account.id, "status": account.status, "is_blocked": account.is_blocked},
        }

    def _unified(self, declaration: Declaration | None, methods: set[str], wanted: Any) -> list[dict[str, Any]]:
        if declaration is None:
            return []
        found = []
        for title, names in self.mapper.resources(declaration).items():
            model, _, resource = title.partition("/")
            kept = [name for name in names if not methods or name in methods]
            if kept and wanted in (None, title, resource):
                found.append({"model": model, "resource": resource, "methods": kept})
        return found


def put_together(
    settings: Settings,
    api: Api,
    evaluator: Evaluator,
    inside: Mapping[str, Inside],
    now: Callable[[], float],
) -> Parts:
    """The parts of a server with these settings; raises ``SetupError`` for declarations that are not right."""
    sealing = Sealed(settings)
    base = read_catalog(Path(settings.integrations) if settings.integrations else None, evaluator)
    accounts = SealedAccounts(api, sealing)
    integrations = Integrations(base, sealing, lambda document: declaration_from(document, evaluator))
    mapper = UnifiedMapper(evaluator)
    private = settings.allow_private_upstreams
    target = IntegrationsTarget(
        accounts,
        evaluator,
        vetting=Vetting(loopback=private, private=private),
        inside=inside,
        models=mapper,
        now=now,
    )
    return Parts(evaluator, accounts, integrations, mapper, target)


class Sealed:
    """The seal, made when it is first needed: a server without accounts needs no key."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seal: Seal | None = None

    def __call__(self) -> Seal:
        """The one seal of the server; raises ``RequestError`` 503 where there is no proper key."""
        if self._seal is None:
            try:
                self._seal = Seal(*self._keys())
            except SetupError as error:
                raise RequestError(error.message, status=503) from None
        return self._seal

    def _keys(self) -> tuple[bytes, ...]:
        settings = self._settings
        if settings.beside is None and not settings.key_file and "FANFOLD_KEY" not in os.environ:
            return (secrets.token_bytes(KEY_BYTES),)
        return read_key(os.environ, Path(settings.key_file or f"{settings.beside}-key"))


def _proxy(declaration: Declaration | None, methods: set[str], wanted: Any) -> list[dict[str, Any]]:
    found = []
    for resource, declared in (declaration.resources if declaration is not None else {}).items():
        kept = [
            {
                "method": name,
                "name": name,
                "description": method.description,
                "has_query_schema": bool(method.query_schema),
                "has_body_schema": bool(method.body_schema),
                "has_response_schema": bool(method.response_schema),
            }
            for name, method in declared.items()
            if not methods or name in methods
        ]
        if kept and wanted in (None, resource):
            found.append({"resource": resource, "methods": kept})
    return found
