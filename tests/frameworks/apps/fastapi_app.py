"""The stage's routes in FastAPI: a security dependency, an ``http`` middleware, exception handlers, a lifespan."""

from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import quote

from fastapi import Body, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.background import BackgroundTask

from fanfold import BatchMiddleware
from tests.frameworks import stage as stages


def make(stage, settings=None):
    @asynccontextmanager
    async def lifespan(app):
        stage.note("started")
        yield {"ready": "pool"}
        stage.note("stopped")

    app = FastAPI(lifespan=lifespan)

    @app.middleware("http")
    async def stamp(request, call_next):
        stage.passed.append(request.url.path)
        response = await call_next(request)
        response.headers["x-stamp"] = quote(request.url.path)
        return response

    if settings is not None:
        app.add_middleware(BatchMiddleware, **settings)

    @app.exception_handler(stages.Broken)
    async def broken(request, error):
        return JSONResponse({"error": "broken"}, 409)

    @app.exception_handler(Exception)
    async def crashed(request, error):
        return JSONResponse({"error": "ours"}, 500)

    def who(shown: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]):
        if not shown.credentials.startswith("good"):
            raise HTTPException(403, "nobody of ours")
        return shown.credentials

    @app.get("/me")
    def me(token: Annotated[str, Depends(who)]):
        return {"token": token}

    @app.get("/ready")
    async def ready(request: Request):
        return {"ready": request.state.ready}

    @app.get("/items/{name}")
    async def item(name: str, request: Request):
        query = request.query_params.multi_items()
        return {"name": name, "query": query, "language": request.headers.get("accept-language")}

    @app.post("/items", status_code=201)
    async def create(item: Annotated[dict, Body()], response: Response):
        response.headers["location"] = f"/items/{item['name']}"
        return {"item": item}

    @app.patch("/items/{name}")
    async def change(name: str, item: Annotated[dict, Body()]):
        return {"name": name, "item": item}

    @app.delete("/items/{name}", status_code=204)
    async def delete(name: str):
        return None

    @app.get("/meet/{parties}")
    async def meet(parties: int):
        await stage.meet(parties)
        return {"met": parties}

    @app.get("/meet-in-thread/{parties}")
    def meet_in_thread(parties: int):
        stage.meet_in_thread(parties)
        return {"met": parties}

    @app.get("/whisper/{word}")
    async def whisper(word: str):
        return {"heard": await stage.whisper(word)}

    @app.get("/secret")
    async def secret(token: Annotated[str, Depends(who)], request: Request, response: Response):
        heard = await stage.whisper(token, stages.CROWD)
        response.set_cookie("secret", token)
        return {"token": token, "heard": heard, "cookies": request.cookies}

    @app.get("/cookies/{word}")
    async def cookies(word: str, request: Request, response: Response):
        response.set_cookie("first", word)
        response.set_cookie("second", word)
        return request.cookies

    @app.get("/broken")
    async def break_():
        raise stages.Broken

    @app.get("/crash")
    async def crash():
        raise ZeroDivisionError

    @app.get("/stream")
    async def stream():
        return StreamingResponse(stages.three(), media_type="text/plain")

    @app.get("/endless")
    async def endless():
        return StreamingResponse(stage.pieces_of(None), media_type="text/plain")

    @app.get("/huge")
    async def huge():
        return StreamingResponse(stage.pieces_of(stages.GIGABYTE), media_type="text/plain")

    @app.get("/hang")
    async def hang():
        await stage.hang()

    @app.post("/slow")
    async def slow():
        await stage.wait("slow")
        return {"slow": True}

    @app.post("/later")
    async def later():
        return JSONResponse({"later": True}, background=BackgroundTask(stage.wait, "later"))

    @app.websocket("/echo")
    async def echo(socket: WebSocket):
        await socket.accept()
        async for word in socket.iter_text():
            await socket.send_text(word + word)

    return app
