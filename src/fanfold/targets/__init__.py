"""Where calls go."""

from fanfold.targets.asgi import AsgiTarget, outer_scope
from fanfold.targets.echo import EchoTarget

__all__ = ["AsgiTarget", "EchoTarget", "outer_scope"]
