"""The stage's routes in Starlette: an authentication backend, a pure ASGI middleware, error handlers, a lifespan."""

from contextlib import asynccontextmanager
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser, requires
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from fanfold import BatchMiddleware
from tests.frameworks import stage as stages


class Tokens(AuthenticationBackend):
    async def authenticate(self, conn):
        token = stages.token_of(conn.headers.get("authorization"))
        return None if token is None else (AuthCredentials(["known"]), SimpleUser(token))


class Stamp:
    """A middleware of the application's own."""

    def __init__(self, app, stage):
        self.app = app
        self.stage = stage

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.stage.passed.append(scope["path"])

        async def stamped(message):
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-stamp", quote(scope["path"]).encode()))
            await send(message)

        await self.app(scope, receive, stamped)


def make(stage, settings=None):
    @asynccontextmanager
    async def lifespan(app):
        stage.note("started")
        yield {"ready": "pool"}
        stage.note("stopped")

    async def broken(request, error):
        return JSONResponse({"error": "broken"}, 409)

    async def crashed(request, error):
        return JSONResponse({"error": "ours"}, 500)

    @requires("known", status_code=401)
    async def me(request):
        return JSONResponse({"token": request.user.username})

    async def ready(request):
        return JSONResponse({"ready": request.state.ready})

    async def item(request):
        query = request.query_params.multi_items()
        language = request.headers.get("accept-language")
        return JSONResponse({"name": request.path_params["name"], "query": query, "language": language})

    async def create(request):
        item = await request.json()
        return JSONResponse({"item": item}, 201, {"location": f"/items/{item['name']}"})

    async def change(request):
        return JSONResponse({"name": request.path_params["name"], "item": await request.json()})

    async def delete(request):
        return Response(status_code=204)

    async def meet(request):
        await stage.meet(request.path_params["parties"])
        return JSONResponse({"met": request.path_params["parties"]})

    def meet_in_thread(request):
        stage.meet_in_thread(request.path_params["parties"])
        return JSONResponse({"met": request.path_params["parties"]})

    async def whisper(request):
        return JSONResponse({"heard": await stage.whisper(request.path_params["word"])})

    @requires("known")
    async def secret(request):
        token = request.user.username
        heard = await stage.whisper(token, stages.CROWD)
        response = JSONResponse({"token": token, "heard": heard, "cookies": request.cookies})
        response.set_cookie("secret", token)
        return response

    async def cookies(request):
        response = JSONResponse(request.cookies)
        response.set_cookie("first", request.path_params["word"])
        response.set_cookie("second", request.path_params["word"])
        return response

    async def break_(request):
        raise stages.Broken

    async def crash(request):
        raise ZeroDivisionError

    async def stream(request):
        return StreamingResponse(stages.three(), media_type="text/plain")

    async def endless(request):
        return StreamingResponse(stage.pieces_of(None), media_type="text/plain")

    async def huge(request):
        return StreamingResponse(stage.pieces_of(stages.GIGABYTE), media_type="text/plain")

    async def hang(request):
        await stage.hang()

    async def slow(request):
        await stage.wait("slow")
        return JSONResponse({"slow": True})

    async def later(request):
        return JSONResponse({"later": True}, background=BackgroundTask(stage.wait, "later"))

    async def echo(socket):
        await socket.accept()
        async for word in socket.iter_text():
            await socket.send_text(word + word)

    routes = [
        Route("/me", me),
        Route("/ready", ready),
        Route("/items/{name}", item),
        Route("/items", create, methods=["POST"]),
        Route("/items/{name}", change, methods=["PATCH"]),
        Route("/items/{name}", delete, methods=["DELETE"]),
        Route("/meet/{parties:int}", meet),
        Route("/meet-in-thread/{parties:int}", meet_in_thread),
        Route("/whisper/{word}", whisper),
        Route("/secret", secret),
        Route("/cookies/{word}", cookies),
        Route("/broken", break_),
        Route("/crash", crash),
        Route("/stream", stream),
        Route("/endless", endless),
        Route("/huge", huge),
        Route("/hang", hang),
        Route("/slow", slow, methods=["POST"]),
        Route("/later", later, methods=["POST"]),
        WebSocketRoute("/echo", echo),
    ]
    batch = [] if settings is None else [Middleware(BatchMiddleware, **settings)]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[*batch, Middleware(Stamp, stage), Middleware(AuthenticationMiddleware, backend=Tokens())],
        exception_handlers={stages.Broken: broken, Exception: crashed},
    )
