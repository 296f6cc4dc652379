"""What unified resources are, without an account: their fields, and how an integration's are mapped to these."""

from __future__ import annotations

from typing import Any

import msgspec

from fanfold.errors import RequestError
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.metadata import describe_method, describe_model
from fanfold.integrations.models import json_schema
from fanfold.integrations.unified import UnifiedMapper
from fanfold.model import Answer
from fanfold.server.connect.asked import Asked
from fanfold.server.connect.declared import Integrations
from fanfold.work.api import Api

_encode = msgspec.json.Encoder().encode


class UnifiedMetadata:
    """Answers what has ``meta`` in its path."""

    def __init__(self, api: Api, integrations: Integrations, mapper: UnifiedMapper) -> None:
        self._api = api
        self._integrations = integrations
        self._mapper = mapper

    async def answer(self, asked: Asked) -> Answer | None:
        """What is told; None where the path is none of these. Raises ``RequestError`` 404 for what there is not."""
        told: Any
        match asked.method, asked.parts[1:]:
            case "GET", ("meta", model, integration):
                told = describe_model(self._mapper, model, await self._declared(asked, integration))
            case "GET", (model, resource, "meta", method):
                told = self._of_model(model, resource, method)
            case "GET", (model, resource, integration, "meta", method):
                title = (model, resource, method)
                told = describe_method(self._mapper, await self._declared(asked, integration), title)
            case _:
                return None
        return Answer(200, _encode(told), trusted=True)

    async def _declared(self, asked: Asked, integration: str) -> Declaration:
        if asked.account:
            raise RequestError("The token of an integrated account is for its own resources only", status=403)
        user, known = asked.caller.user, self._integrations
        declaration = await self._api.read(
            lambda session: known.get(session.store, known.find(session.store, integration, user).name)
        )
        if declaration is None:
            raise RequestError(f"There is no integration {integration[:100]!r}", status=404)
        return declaration

    def _of_model(self, model: str, resource: str, method: str) -> dict[str, Any]:
        known = self._mapper.models.get(model)
        found = known.resources.get(resource) if known is not None else None
        if found is None:
            there = [f"{name}/{one}" for name, each in self._mapper.models.items() for one in each.resources]
            raise RequestError(f"There is no {model[:50]}/{resource[:50]}; there are: {', '.join(there)}", status=404)
        return {"method": method, "schema": json_schema(found.fields), "description": found.description}
