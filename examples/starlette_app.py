"""A small shop in Starlette that takes batches. Run it with: uvicorn starlette_app:app"""

from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser, requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from fanfold import BatchMiddleware

ITEMS = {1: "ink", 2: "paper"}
USERS = {"Bearer secret-of-ada": "ada", "Bearer secret-of-grace": "grace"}


class Tokens(AuthenticationBackend):
    async def authenticate(self, conn):
        name = USERS.get(conn.headers.get("authorization"))
        return name and (AuthCredentials(["known"]), SimpleUser(name))


class Sign:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def signed(message):
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-served-by", b"shop"))
            await send(message)

        await self.app(scope, receive, signed)


async def not_found(request, error):
    return JSONResponse({"error": f"there is no {error}"}, 404)


async def read_item(request):
    number = request.path_params["number"]
    return JSONResponse({"id": number, "name": ITEMS[number]})


@requires("known", status_code=401)
async def make_order(request):
    order = await request.json()
    made = {"item": ITEMS[order["item"]], "by": request.user.username}
    return JSONResponse(made, 201, {"location": "/orders/1"})


async def export(request):
    return StreamingResponse((f"{number},{name}\n" for number, name in ITEMS.items()), media_type="text/csv")


app = Starlette(
    routes=[
        Route("/items/{number:int}", read_item),
        Route("/orders", make_order, methods=["POST"]),
        Route("/export", export),
    ],
    middleware=[
        Middleware(BatchMiddleware),  # first, so that it stands before all other middleware
        Middleware(Sign),
        Middleware(AuthenticationMiddleware, backend=Tokens()),
    ],
    exception_handlers={KeyError: not_found},
)
