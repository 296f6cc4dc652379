"""What whoever runs the server may do to it while it runs: begin anew, look, stop the clock, make things go wrong."""

from fanfold.server.control.routes import PREFIX, Control

__all__ = ["PREFIX", "Control"]
