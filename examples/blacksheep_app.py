"""A small shop in BlackSheep that takes batches. Run it with: uvicorn blacksheep_app:app"""

from blacksheep import Application, FromJSON, Request, Response, StreamedContent, json
from blacksheep.server.authorization import auth
from guardpost import AuthenticationHandler, Identity

from fanfold import BatchMiddleware

ITEMS = {1: "ink", 2: "paper"}
USERS = {b"Bearer secret-of-ada": "ada", b"Bearer secret-of-grace": "grace"}


class Tokens(AuthenticationHandler):
    async def authenticate(self, context):
        name = USERS.get(context.get_first_header(b"authorization"))
        context.user = Identity({"sub": name}, "token") if name else None
        return context.user


shop = Application()
shop.use_authentication().add(Tokens())
shop.use_authorization()


async def sign(request, handler):
    response = await handler(request)
    response.headers.add(b"x-served-by", b"shop")
    return response


shop.middlewares.append(sign)


@shop.exception_handler(KeyError)
async def not_found(app, request, error: KeyError):
    return json({"error": f"there is no {error}"}, 404)


@shop.router.get("/items/{number}")
async def read_item(number: int):
    return json({"id": number, "name": ITEMS[number]})


@auth()
@shop.router.post("/orders")
async def make_order(order: FromJSON[dict], request: Request):
    response = json({"item": ITEMS[order.value["item"]], "by": request.user["sub"]}, 201)
    response.headers.add(b"location", b"/orders/1")
    return response


@shop.router.get("/export")
async def export():
    async def lines():
        for number, name in ITEMS.items():
            yield f"{number},{name}\n".encode()

    return Response(200, content=StreamedContent(b"text/csv", lines))


app = BatchMiddleware(shop)
