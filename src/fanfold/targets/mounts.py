"""Several targets under one roof, each below a path of its own."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from fanfold.errors import NoSuchRoute
from fanfold.model import Answer, Call, Endpoint, Target


class MountedEndpoint(Struct, frozen=True):
    """An endpoint of one of the targets; ``path`` is what that target knows it by.

    ``template`` is the target's prefix and whatever it knows of the route below, ``remote`` whether it is in another
    process.
    """

    inner: Endpoint
    target: Target
    path: str
    write: bool
    batchable: bool
    costs: tuple[str, ...]
    template: str
    remote: bool
    inline: bool = False


class Mounts:
    """Sends each call to the target below whose prefix its path is; the longest prefix wins, ``/`` is below all."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        cut = {prefix.rstrip("/"): target for prefix, target in targets.items()}
        self._mounts = sorted(cut.items(), key=lambda mount: -len(mount[0]))

    def resolve(self, method: str, path: str) -> tuple[MountedEndpoint, tuple[str, ...]]:
        """The endpoint of the target that the path is below."""
        for prefix, target in self._mounts:
            if path == prefix or path.startswith(f"{prefix}/"):
                rest = path[len(prefix) :] or "/"
                inner, params = target.resolve(method, rest)
                mounted = MountedEndpoint(
                    inner,
                    target,
                    rest,
                    inner.write,
                    inner.batchable,
                    inner.costs,
                    template=prefix + getattr(inner, "template", "") or "/",
                    remote=getattr(inner, "remote", False),
                )
                return mounted, params
        raise NoSuchRoute

    async def send(self, call: Call) -> Answer:
        """What the target answers."""
        endpoint = call.endpoint
        if not isinstance(endpoint, MountedEndpoint):
            raise TypeError(f"not an endpoint of these mounts: {endpoint!r}")
        answer = await endpoint.target.send(replace(call, path=endpoint.path, endpoint=endpoint.inner))
        return replace(answer, route=endpoint.template.rstrip("/") + answer.route) if answer.route else answer
