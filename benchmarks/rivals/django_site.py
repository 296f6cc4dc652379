"""The ten handlers on Django REST framework with drf-batch-requests, for granian's WSGI: a site in one file."""

from __future__ import annotations

import time
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    APPEND_SLASH=False,
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from django.urls import path  # noqa: E402 - only once there are settings
from drf_batch_requests.views import BatchView  # noqa: E402
from rest_framework.decorators import api_view  # noqa: E402
from rest_framework.response import Response  # noqa: E402


def item(number: int) -> dict[str, Any]:
    """What every handler answers."""
    return {"id": number, "name": f"Item {number}", "price": 12.5, "in_stock": True, "tags": ["a", "b"]}


def read(request: object, number: int) -> Any:  # noqa: ARG001
    """At once."""
    return Response(item(number))


def wait(request: object, number: int) -> Any:  # noqa: ARG001
    """After 20 ms."""
    time.sleep(0.02)
    return Response(item(number))


urlpatterns = [
    path("items/<int:number>", api_view(["GET"])(read)),
    path("slow/<int:number>", api_view(["GET"])(wait)),
    path("batch", BatchView.as_view()),
]
application = get_wsgi_application()
