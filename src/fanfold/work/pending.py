"""Operations of the published API that are not answered yet: an honest 501 by name, never a made-up answer."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.schema import Route

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request


def _refuse(request: Request) -> Answer:
    raise RequestError(f"This operation is not supported by this server: {request.route.operation}", status=501)


def pending(served: Iterable[Route]) -> list[Route]:
    """A refusing route for each operation that is listed as pending and not among ``served``."""
    taken = {route.operation for route in served}
    lines = resources.files("fanfold.work").joinpath("pending.txt").read_text().splitlines()
    found = [line.split() for line in lines]
    return [
        Route(method, template, operation, _refuse, "", write=method != "GET", batchable=_batchable(template))
        for method, template, operation in found
        if operation not in taken
    ]


def _batchable(template: str) -> bool:
    return not template.startswith("/organization_exports")
