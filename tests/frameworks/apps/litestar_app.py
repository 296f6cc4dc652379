"""The stage's routes in Litestar: an authentication middleware, an own one, exception handlers, a lifespan."""

from contextlib import asynccontextmanager
from urllib.parse import quote

from litestar import Litestar, Request, Response, WebSocket, delete, get, patch, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.exceptions import NotAuthorizedException
from litestar.middleware import AbstractAuthenticationMiddleware, ASGIMiddleware, AuthenticationResult
from litestar.params import FromPath
from litestar.response import Stream

from fanfold import BatchMiddleware
from tests.frameworks import stage as stages


class Tokens(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection):
        return AuthenticationResult(stages.token_of(connection.headers.get("authorization")), None)


def known(connection, handler):
    if connection.user is None:
        raise NotAuthorizedException


class Stamp(ASGIMiddleware):
    """A middleware of the application's own."""

    def __init__(self, stage):
        self.stage = stage

    async def handle(self, scope, receive, send, next_app):
        if scope["type"] == "http":
            self.stage.passed.append(scope["path"])

        async def stamped(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", quote(scope["path"]).encode())]
            await send(message)

        await next_app(scope, receive, stamped)


def make(stage, settings=None):
    @asynccontextmanager
    async def lifespan(app):
        stage.note("started")
        app.state.ready = "pool"
        yield
        stage.note("stopped")

    def broken(request, error):
        return Response({"error": "broken"}, status_code=409)

    def crashed(request, error):
        return Response({"error": "ours"}, status_code=500)

    @get("/me", guards=[known])
    async def me(request: Request) -> dict:
        return {"token": request.user}

    @get("/ready")
    async def ready(request: Request) -> dict:
        return {"ready": request.app.state.ready}

    @get("/items/{name:str}")
    async def item(name: FromPath[str], request: Request) -> dict:
        query = request.query_params.multi_items()
        return {"name": name, "query": list(query), "language": request.headers.get("accept-language")}

    @post("/items")
    async def create(request: Request) -> Response:
        item = await request.json()
        return Response({"item": item}, headers={"location": f"/items/{item['name']}"})

    @patch("/items/{name:str}")
    async def change(name: FromPath[str], request: Request) -> dict:
        return {"name": name, "item": await request.json()}

    @delete("/items/{name:str}")
    async def remove(name: FromPath[str]) -> None:
        return None

    @get("/meet/{parties:int}")
    async def meet(parties: FromPath[int]) -> dict:
        await stage.meet(parties)
        return {"met": parties}

    @get("/meet-in-thread/{parties:int}", sync_to_thread=True)
    def meet_in_thread(parties: FromPath[int]) -> dict:
        stage.meet_in_thread(parties)
        return {"met": parties}

    @get("/whisper/{word:str}")
    async def whisper(word: FromPath[str]) -> dict:
        return {"heard": await stage.whisper(word)}

    @get("/secret", guards=[known])
    async def secret(request: Request) -> Response:
        heard = await stage.whisper(request.user, stages.CROWD)
        response = Response({"token": request.user, "heard": heard, "cookies": request.cookies})
        response.set_cookie("secret", request.user)
        return response

    @get("/cookies/{word:str}")
    async def cookies(word: FromPath[str], request: Request) -> Response:
        response = Response(request.cookies)
        response.set_cookie("first", word)
        response.set_cookie("second", word)
        return response

    @get("/broken")
    async def break_() -> None:
        raise stages.Broken

    @get("/crash")
    async def crash() -> None:
        raise ZeroDivisionError

    @get("/stream")
    async def stream() -> Stream:
        return Stream(stages.three(), media_type="text/plain")

    @get("/endless")
    async def endless() -> Stream:
        return Stream(stage.pieces_of(None), media_type="text/plain")

    @get("/huge")
    async def huge() -> Stream:
        return Stream(stage.pieces_of(stages.GIGABYTE), media_type="text/plain")

    @get("/hang")
    async def hang() -> None:
        await stage.hang()

    @post("/slow")
    async def slow() -> dict:
        await stage.wait("slow")
        return {"slow": True}

    @post("/later")
    async def later() -> Response:
        return Response({"later": True}, background=BackgroundTask(stage.wait, "later"))

    @websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        async for word in socket.iter_data():
            await socket.send_text(word + word)

    reading = [
        me,
        ready,
        item,
        meet,
        meet_in_thread,
        whisper,
        secret,
        cookies,
        break_,
        crash,
        stream,
        endless,
        huge,
        hang,
    ]
    app = Litestar(
        [*reading, create, change, remove, slow, later, echo],
        lifespan=[lifespan],
        middleware=[Stamp(stage), Tokens],
        exception_handlers={stages.Broken: broken, 500: crashed},
    )
    return app if settings is None else BatchMiddleware(app, **settings)
