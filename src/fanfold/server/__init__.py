"""The server: the only place that knows all the parts."""

from fanfold.server.app import App
from fanfold.server.run import serve

__all__ = ["App", "serve"]
