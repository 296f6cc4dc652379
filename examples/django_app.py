"""A small shop in Django that takes batches. Run it with: uvicorn django_app:app"""

import json

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from fanfold import BatchMiddleware

ITEMS = {1: "ink", 2: "paper"}
USERS = {"Bearer secret-of-ada": "ada", "Bearer secret-of-grace": "grace"}

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="read it from your environment",
    MIDDLEWARE=[
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        f"{__name__}.sign",
    ],
)


def sign(get_response):
    def signed(request):
        response = get_response(request)
        response["x-served-by"] = "shop"
        return response

    return signed


def read_item(request, number):
    if number not in ITEMS:
        return JsonResponse({"error": f"there is no {number}"}, status=404)
    return JsonResponse({"id": number, "name": ITEMS[number]})


@csrf_exempt  # whoever has to show a token cannot be tricked by another site
async def make_order(request):
    name = USERS.get(request.headers.get("authorization"))
    if name is None:
        return JsonResponse({"error": "nobody has this token"}, status=401)
    order = json.loads(request.body)
    made = {"item": ITEMS[order["item"]], "by": name}
    return JsonResponse(made, status=201, headers={"location": "/orders/1"})


async def export(request):
    async def lines():
        for number, name in ITEMS.items():
            yield f"{number},{name}\n"

    return StreamingHttpResponse(lines(), content_type="text/csv")


urlpatterns = [path("items/<int:number>", read_item), path("orders", make_order), path("export", export)]

django.setup()
app = BatchMiddleware(get_asgi_application())
