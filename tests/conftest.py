"""Settings that every test shares.

On a machine whose load is not ours a slow example is no failure, so hypothesis has no deadline anywhere. In CI its
own ``ci`` profile (no deadline, the same examples every time) stays in force; ``--hypothesis-profile=thorough`` digs
deeper.
"""

import os

from hypothesis import settings

settings.register_profile("quick", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
if "CI" not in os.environ:
    settings.load_profile("quick")
