"""A small shop in Litestar that takes batches. Run it with: uvicorn litestar_app:app"""

from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import NotAuthorizedException
from litestar.middleware import AbstractAuthenticationMiddleware, ASGIMiddleware, AuthenticationResult
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import Struct

from fanfold import BatchMiddleware

ITEMS = {1: "ink", 2: "paper"}
USERS = {"Bearer secret-of-ada": "ada", "Bearer secret-of-grace": "grace"}


class Order(Struct):
    item: int


class Tokens(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection):
        return AuthenticationResult(USERS.get(connection.headers.get("authorization")), None)


def known(connection, handler) -> None:
    if connection.user is None:
        raise NotAuthorizedException


class Sign(ASGIMiddleware):
    async def handle(self, scope, receive, send, next_app):
        async def signed(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-served-by", b"shop")]
            await send(message)

        await next_app(scope, receive, signed)


def not_found(request: Request, error: KeyError) -> Response:
    return Response({"error": f"there is no {error}"}, status_code=404)


@get("/items/{number:int}")
async def read_item(number: FromPath[int]) -> dict:
    return {"id": number, "name": ITEMS[number]}


@post("/orders", guards=[known])
async def make_order(data: JSONBody[Order], request: Request) -> Response:
    return Response({"item": ITEMS[data.item], "by": request.user}, headers={"location": "/orders/1"})


@get("/export")
async def export() -> Stream:
    return Stream((f"{number},{name}\n" for number, name in ITEMS.items()), media_type="text/csv")


shop = Litestar(
    [read_item, make_order, export],
    middleware=[Sign(), Tokens],
    exception_handlers={KeyError: not_found},
)
app = BatchMiddleware(shop)
