"""A server for tests: started in well under a second, put back between them, and told to misbehave when wanted.

``from fanfold.testing import asana_server`` in a ``conftest.py`` gives tests the fixture. The context manager
``running`` needs no pytest.
"""

from fanfold.testing.server import AsanaServer, Clock, ControlRefusedError, running

try:
    from fanfold.testing.fixtures import asana_server
except ModuleNotFoundError:  # without pytest there is no fixture
    __all__ = ["AsanaServer", "Clock", "ControlRefusedError", "running"]
else:
    __all__ = ["AsanaServer", "Clock", "ControlRefusedError", "asana_server", "running"]
