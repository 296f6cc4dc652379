"""OAuth 2.0: apps that act in users' names, which allow it on a page of this server.

The protocol is Authlib's; here is what it asks for: who the apps are, where codes and tokens are kept, and the page.
Only ``clients`` is imported before the first app comes, so that who has none pays nothing.
"""

from __future__ import annotations
