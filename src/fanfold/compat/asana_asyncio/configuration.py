"""Where the API is, and who asks."""

from __future__ import annotations

import copy
from typing import ClassVar, TypedDict

from fanfold.client import ASANA

AuthSetting = TypedDict("AuthSetting", {"type": str, "in": str, "key": str, "value": str})
"""How one way of signing in is shown in a request."""


class Configuration:
    """``host`` is the API's base URL, ``access_token`` a personal access token or one of OAuth: both are shown alike.

    ``access_token`` may be set anew at any time; the next request has it. ``proxy`` is a URL, ``ssl_ca_cert`` a file
    of certificates; ``timeout`` in seconds is for each request that does not say its own.
    """

    _default: ClassVar[Configuration | None] = None

    def __init__(
        self,
        host: str | None = None,
        access_token: str | None = None,
        *,
        ssl_ca_cert: str | None = None,
        verify_ssl: bool = True,
        proxy: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.host = (host or ASANA).rstrip("/")
        self.access_token = access_token
        self.ssl_ca_cert = ssl_ca_cert
        self.verify_ssl = verify_ssl
        self.proxy = proxy
        self.timeout = timeout

    @classmethod
    def set_default(cls, default: Configuration | None) -> None:
        """What clients use that are given none."""
        cls._default = copy.copy(default)

    @classmethod
    def get_default(cls) -> Configuration:
        """What clients use that are given none."""
        return Configuration() if cls._default is None else cls._default

    def auth_settings(self) -> dict[str, AuthSetting]:
        """The ways of signing in that the API knows, by name; empty without a token."""
        if not self.access_token:
            return {}
        value = f"Bearer {self.access_token}"
        return {
            name: {"type": kind, "in": "header", "key": "Authorization", "value": value}
            for name, kind in (("personalAccessToken", "bearer"), ("oauth2", "oauth2"))
        }


__all__ = ["AuthSetting", "Configuration"]
