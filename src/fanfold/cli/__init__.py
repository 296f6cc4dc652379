"""The command line."""

from fanfold.cli.app import main

__all__ = ["main"]
