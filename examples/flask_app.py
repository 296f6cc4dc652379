"""A small shop in Flask that takes batches. Run it with: uvicorn flask_app:app"""

from a2wsgi import WSGIMiddleware
from flask import Flask, Response, abort, request

from fanfold import BatchMiddleware

ITEMS = {1: "ink", 2: "paper"}
USERS = {"Bearer secret-of-ada": "ada", "Bearer secret-of-grace": "grace"}

shop = Flask(__name__)


@shop.before_request
def let_in():
    if request.method != "GET" and request.headers.get("authorization") not in USERS:
        abort(401)


@shop.after_request
def sign(response):
    response.headers["x-served-by"] = "shop"
    return response


@shop.errorhandler(KeyError)
def not_found(error):
    return {"error": f"there is no {error}"}, 404


@shop.get("/items/<int:number>")
def read_item(number):
    return {"id": number, "name": ITEMS[number]}


@shop.post("/orders")
def make_order():
    name = USERS[request.headers["authorization"]]
    return {"item": ITEMS[request.get_json()["item"]], "by": name}, 201, {"location": "/orders/1"}


@shop.get("/export")
def export():
    return Response((f"{number},{name}\n" for number, name in ITEMS.items()), content_type="text/csv")


app = BatchMiddleware(WSGIMiddleware(shop, workers=20))
