"""A small shop in Falcon that takes batches. Run it with: uvicorn falcon_app:app"""

import falcon
from falcon.asgi import App

from fanfold import BatchMiddleware

ITEMS = {1: "ink", 2: "paper"}
USERS = {"Bearer secret-of-ada": "ada", "Bearer secret-of-grace": "grace"}


class Door:
    async def process_request(self, req, resp):
        req.context.user = USERS.get(req.get_header("authorization"))
        if req.method != "GET" and req.context.user is None:
            raise falcon.HTTPUnauthorized(title="Nobody has this token")

    async def process_response(self, req, resp, resource, req_succeeded):
        resp.set_header("x-served-by", "shop")


class Item:
    async def on_get(self, req, resp, number):
        resp.media = {"id": number, "name": ITEMS[number]}


class Orders:
    async def on_post(self, req, resp):
        order = await req.get_media()
        resp.status, resp.location = 201, "/orders/1"
        resp.media = {"item": ITEMS[order["item"]], "by": req.context.user}


class Export:
    async def on_get(self, req, resp):
        resp.content_type, resp.stream = "text/csv", self.lines()

    async def lines(self):
        for number, name in ITEMS.items():
            yield f"{number},{name}\n".encode()


async def not_found(req, resp, error, params):
    resp.status, resp.media = 404, {"error": f"there is no {error}"}


shop = App(middleware=[Door()])
shop.add_error_handler(KeyError, not_found)
shop.add_route("/items/{number:int}", Item())
shop.add_route("/orders", Orders())
shop.add_route("/export", Export())
app = BatchMiddleware(shop)
