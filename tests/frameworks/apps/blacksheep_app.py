"""The stage's routes in BlackSheep: an authentication handler, a middleware function, exception handlers, hooks."""

from functools import partial
from urllib.parse import quote

from blacksheep import Application, Cookie, Request, Response, StreamedContent, WebSocket, json
from blacksheep.server.authorization import auth
from blacksheep.server.routing import Router
from guardpost import AuthenticationHandler, Identity

from fanfold import BatchMiddleware
from tests.frameworks import stage as stages


class Tokens(AuthenticationHandler):
    async def authenticate(self, context):
        shown = context.get_first_header(b"authorization")
        token = stages.token_of(shown.decode() if shown else None)
        context.user = None if token is None else Identity({"sub": token}, "tokens")
        return context.user


def make(stage, settings=None):
    app = Application(router=Router())  # the usual one is shared by all applications of a process
    app.use_authentication().add(Tokens())
    app.use_authorization()
    route = app.router

    @app.on_start
    async def start(app):
        stage.note("started")
        app.ready = "pool"

    @app.on_stop
    async def stop(app):
        stage.note("stopped")

    async def stamp(request, handler):
        stage.passed.append(request.path)
        response = await handler(request)
        response.headers.add(b"x-stamp", quote(request.path).encode())
        return response

    app.middlewares.append(stamp)

    @app.exception_handler(stages.Broken)
    async def broken(app, request, error):
        return json({"error": "broken"}, 409)

    async def crashed(app, request, error):
        return json({"error": "ours"}, 500)

    app.exceptions_handlers[500] = crashed

    @auth()
    @route.get("/me")
    async def me(request: Request):
        return json({"token": request.user["sub"]})

    @route.get("/ready")
    async def ready():
        return json({"ready": app.ready})

    @route.get("/items/{name}")
    async def item(name: str, request: Request):
        query = [[key, value] for key, values in request.query.items() for value in values]
        language = request.get_first_header(b"accept-language")
        return json({"name": name, "query": query, "language": language and language.decode()})

    @route.post("/items")
    async def create(request: Request):
        item = await request.json()
        response = json({"item": item}, 201)
        response.headers.add(b"location", f"/items/{item['name']}".encode())
        return response

    @route.patch("/items/{name}")
    async def change(name: str, request: Request):
        return json({"name": name, "item": await request.json()})

    @route.delete("/items/{name}")
    async def delete(name: str):
        return Response(204)

    @route.get("/meet/{int:parties}")
    async def meet(parties: int):
        await stage.meet(parties)
        return json({"met": parties})

    @route.get("/whisper/{word}")
    async def whisper(word: str):
        return json({"heard": await stage.whisper(word)})

    @auth()
    @route.get("/secret")
    async def secret(request: Request):
        token = request.user["sub"]
        heard = await stage.whisper(token, stages.CROWD)
        response = json({"token": token, "heard": heard, "cookies": request.cookies})
        response.set_cookie(Cookie("secret", token))
        return response

    @route.get("/cookies/{word}")
    async def cookies(word: str, request: Request):
        response = json(request.cookies)
        response.set_cookie(Cookie("first", word))
        response.set_cookie(Cookie("second", word))
        return response

    @route.get("/broken")
    async def break_():
        raise stages.Broken

    @route.get("/crash")
    async def crash():
        raise ZeroDivisionError

    @route.get("/stream")
    async def stream():
        return Response(200, content=StreamedContent(b"text/plain", stages.three))

    @route.get("/endless")
    async def endless():
        return Response(200, content=StreamedContent(b"text/plain", partial(stage.pieces_of, None)))

    @route.get("/huge")
    async def huge():
        return Response(200, content=StreamedContent(b"text/plain", partial(stage.pieces_of, stages.GIGABYTE)))

    @route.get("/hang")
    async def hang():
        await stage.hang()

    @route.post("/slow")
    async def slow():
        await stage.wait("slow")
        return json({"slow": True})

    @route.ws("/echo")
    async def echo(socket: WebSocket):
        await socket.accept()
        while True:
            word = await socket.receive_text()
            await socket.send_text(word + word)

    return app if settings is None else BatchMiddleware(app, **settings)
