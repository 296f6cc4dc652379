"""A small shop in Quart that takes batches. Run it with: uvicorn quart_app:app"""

from quart import Quart, Response, abort, request

from fanfold import BatchMiddleware

ITEMS = {1: "ink", 2: "paper"}
USERS = {"Bearer secret-of-ada": "ada", "Bearer secret-of-grace": "grace"}

app = Quart(__name__)
app.asgi_app = BatchMiddleware(app.asgi_app)


@app.before_request
async def let_in():
    if request.method != "GET" and request.headers.get("authorization") not in USERS:
        abort(401)


@app.after_request
async def sign(response):
    response.headers["x-served-by"] = "shop"
    return response


@app.errorhandler(KeyError)
async def not_found(error):
    return {"error": f"there is no {error}"}, 404


@app.get("/items/<int:number>")
async def read_item(number):
    return {"id": number, "name": ITEMS[number]}


@app.post("/orders")
async def make_order():
    order = await request.get_json()
    name = USERS[request.headers["authorization"]]
    return {"item": ITEMS[order["item"]], "by": name}, 201, {"location": "/orders/1"}


@app.get("/export")
async def export():
    async def lines():
        for number, name in ITEMS.items():
            yield f"{number},{name}\n"

    return Response(lines(), content_type="text/csv")
