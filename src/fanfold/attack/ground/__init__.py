"""The proving ground: an application to put a batch server before, so that what reaches it can be seen.

From outside, a batch server can only be judged by what it answers. Whether a refused action ran all the same, which
headers it had and who it ran as is known to the application alone; this one remembers. Besides, it does whatever a
batch server has to withstand: answers without end, bombs, redirects to elsewhere.

``fanfold.attack.ground:app`` is a plain ASGI application. It is made to be attacked: serve it on loopback.
"""

from fanfold.attack.ground.app import Ground, app

__all__ = ["Ground", "app"]
