"""A small shop in FastAPI that takes batches. Run it with: uvicorn fastapi_app:app"""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from fanfold import BatchMiddleware

ITEMS = {1: "ink", 2: "paper"}
USERS = {"secret-of-ada": "ada", "secret-of-grace": "grace"}

app = FastAPI()


class Order(BaseModel):
    item: int


def user(shown: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    if shown.credentials not in USERS:
        raise HTTPException(401, "Nobody has this token")
    return USERS[shown.credentials]


@app.middleware("http")
async def sign(request: Request, call_next):
    response = await call_next(request)
    response.headers["x-served-by"] = "shop"
    return response


@app.exception_handler(KeyError)
async def not_found(request: Request, error: KeyError):
    return JSONResponse({"error": f"there is no {error}"}, 404)


@app.get("/items/{number}")
async def read_item(number: int):
    return {"id": number, "name": ITEMS[number]}


@app.post("/orders", status_code=201)
async def make_order(order: Order, name: Annotated[str, Depends(user)], response: Response):
    response.headers["location"] = "/orders/1"
    return {"item": ITEMS[order.item], "by": name}


@app.get("/export")
async def export():
    return StreamingResponse((f"{number},{name}\n" for number, name in ITEMS.items()), media_type="text/csv")


app.add_middleware(BatchMiddleware)  # last, so that it stands before all other middleware
