"""Where calls go."""

from fanfold.targets.asgi import AsgiTarget
from fanfold.targets.echo import EchoTarget
from fanfold.targets.mounts import Mounts
from fanfold.targets.routes import Routes
from fanfold.targets.terms import Terms
from fanfold.targets.upstream import UpstreamTarget

__all__ = ["AsgiTarget", "EchoTarget", "Mounts", "Routes", "Terms", "UpstreamTarget"]
