"""Which route an application found for a request, as its framework leaves it in the scope.

Only templates are taken, never a path: what is counted by route must not grow with what clients make up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def route_found(scope: Mapping[str, Any]) -> str:
    """A template such as ``/users/{id}``, or nothing where the framework tells of none.

    FastAPI and newer versions of Starlette leave the route itself, Litestar its template. Below a mount it is what the
    mounted application calls it, as the path of the mount may hold what clients wrote.
    """
    route: Any = scope.get("route")
    if route is None:
        template = scope.get("path_template", "")
    else:
        fastapi = scope.get("fastapi")
        if isinstance(fastapi, dict):
            # An included router leaves its route without the prefix it is below, and beside it what is in force.
            included = fastapi.get("effective_route_context")
            if getattr(included, "original_route", None) is route:
                route = included
        template = getattr(route, "path_format", None) or getattr(route, "path", None)
    return template if isinstance(template, str) else ""
