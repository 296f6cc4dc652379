"""Where calls go."""

from fanfold.targets.asgi import AsgiTarget, outer_scope
from fanfold.targets.echo import EchoTarget
from fanfold.targets.mounts import Mounts
from fanfold.targets.upstream import Terms, UpstreamTarget

__all__ = ["AsgiTarget", "EchoTarget", "Mounts", "Terms", "UpstreamTarget", "outer_scope"]
