"""As anybody's tests have it."""

from fanfold.testing import asana_server

__all__ = ["asana_server"]
