"""The stage's routes in Django: a decorator that asks for a token, a middleware function, an exception middleware.

Django has one set of settings for a process, so the views look for their stage where ``make`` has put it.
"""

import json
from functools import wraps
from urllib.parse import quote

import django
from asgiref.sync import markcoroutinefunction
from django.conf import settings as django_settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from fanfold import BatchMiddleware
from tests.frameworks import stage as stages

if not django_settings.configured:
    django_settings.configure(
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="for the tests only",
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            f"{__name__}.Stamp",
        ],
        LOGGING_CONFIG=None,
    )
    django.setup()


class Place:
    """Where the stage stands."""

    stage = None


class Stamp:
    """A middleware of the application's own."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response):
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request):
        Place.stage.passed.append(request.path)
        response = await self.get_response(request)
        response["x-stamp"] = quote(request.path)
        return response

    def process_exception(self, request, error):
        return JsonResponse({"error": "broken"}, status=409) if isinstance(error, stages.Broken) else None


def known(view):
    @wraps(view)
    async def guarded(request, **params):
        request.token = stages.token_of(request.headers.get("authorization"))
        if request.token is None:
            return JsonResponse({"error": "who are you?"}, status=401)
        return await view(request, **params)

    return guarded


def handler500(request):
    return JsonResponse({"error": "ours"}, status=500)


@known
async def me(request):
    return JsonResponse({"token": request.token})


@csrf_exempt
async def items(request):
    item = json.loads(request.body)
    return JsonResponse({"item": item}, status=201, headers={"location": f"/items/{item['name']}"})


@csrf_exempt
async def item(request, name):
    if request.method == "PATCH":
        return JsonResponse({"name": name, "item": json.loads(request.body)})
    if request.method == "DELETE":
        return HttpResponse(status=204)
    query = [[key, value] for key, values in request.GET.lists() for value in values]
    return JsonResponse({"name": name, "query": query, "language": request.headers.get("accept-language")})


async def meet(request, parties):
    await Place.stage.meet(parties)
    return JsonResponse({"met": parties})


def meet_in_thread(request, parties):
    Place.stage.meet_in_thread(parties)
    return JsonResponse({"met": parties})


async def whisper(request, word):
    return JsonResponse({"heard": await Place.stage.whisper(word)})


@known
async def secret(request):
    heard = await Place.stage.whisper(request.token, stages.CROWD)
    response = JsonResponse({"token": request.token, "heard": heard, "cookies": request.COOKIES})
    response.set_cookie("secret", request.token)
    return response


async def cookies(request, word):
    response = JsonResponse(request.COOKIES)
    response.set_cookie("first", word)
    response.set_cookie("second", word)
    return response


async def break_(request):
    raise stages.Broken


async def crash(request):
    raise ZeroDivisionError


async def stream(request):
    return StreamingHttpResponse(stages.three(), content_type="text/plain")


async def endless(request):
    return StreamingHttpResponse(Place.stage.pieces_of(None), content_type="text/plain")


async def huge(request):
    return StreamingHttpResponse(Place.stage.pieces_of(stages.GIGABYTE), content_type="text/plain")


async def hang(request):
    await Place.stage.hang()


@csrf_exempt
async def slow(request):
    await Place.stage.wait("slow")
    return JsonResponse({"slow": True})


async def guarded(request):
    return JsonResponse({"guarded": True})


urlpatterns = [
    path("guarded", guarded),
    path("me", me),
    path("items", items),
    path("items/<str:name>", item),
    path("meet/<int:parties>", meet),
    path("meet-in-thread/<int:parties>", meet_in_thread),
    path("whisper/<str:word>", whisper),
    path("secret", secret),
    path("cookies/<str:word>", cookies),
    path("broken", break_),
    path("crash", crash),
    path("stream", stream),
    path("endless", endless),
    path("huge", huge),
    path("hang", hang),
    path("slow", slow),
]


def make(stage, settings=None):
    Place.stage = stage
    app = get_asgi_application()
    return app if settings is None else BatchMiddleware(app, **settings)
