"""The stage's routes in Falcon: one middleware of its four methods, a hook that asks for a token, error handlers."""

from urllib.parse import quote

import falcon
from falcon.asgi import App

from fanfold import BatchMiddleware
from tests.frameworks import stage as stages


class Middleware:
    """All that a Falcon middleware can do."""

    def __init__(self, stage):
        self.stage = stage
        self.ready = None

    async def process_startup(self, scope, event):
        self.stage.note("started")
        self.ready = "pool"

    async def process_shutdown(self, scope, event):
        self.stage.note("stopped")

    async def process_request(self, req, resp):
        self.stage.passed.append(req.path)
        req.context.ready = self.ready
        req.context.token = stages.token_of(req.get_header("authorization"))

    async def process_response(self, req, resp, resource, req_succeeded):
        resp.set_header("x-stamp", quote(req.path))


async def known(req, resp, resource, params):
    if req.context.token is None:
        raise falcon.HTTPUnauthorized(title="Who are you?")


def query_of(req):
    return [
        [name, value]
        for name, values in req.params.items()
        for value in ([values] if isinstance(values, str) else values)
    ]


async def broken(req, resp, error, params):
    resp.status, resp.media = 409, {"error": "broken"}


async def crashed(req, resp, error, params):
    resp.status, resp.media = 500, {"error": "ours"}


class Reader:
    """A resource that is only read, by ``read``."""

    def __init__(self, read):
        self._read = read

    async def on_get(self, req, resp, **params):
        await self._read(req, resp, **params)


class Guarded(Reader):
    """One for those who show a token."""

    @falcon.before(known)
    async def on_get(self, req, resp, **params):
        await self._read(req, resp, **params)


class Poster(Reader):
    """One that is posted to."""

    async def on_post(self, req, resp):
        await self._read(req, resp)


class Item:
    async def on_get(self, req, resp, name):
        resp.media = {"name": name, "query": query_of(req), "language": req.get_header("accept-language")}

    async def on_patch(self, req, resp, name):
        resp.media = {"name": name, "item": await req.get_media()}

    async def on_delete(self, req, resp, name):
        resp.status = 204


def make(stage, settings=None):
    app = App(middleware=[Middleware(stage)])
    app.req_options.auto_parse_qs_csv = False
    app.resp_options.secure_cookies_by_default = False
    app.add_error_handler(stages.Broken, broken)
    app.add_error_handler(Exception, crashed)

    async def me(req, resp):
        resp.media = {"token": req.context.token}

    async def ready(req, resp):
        resp.media = {"ready": req.context.ready}

    async def create(req, resp):
        item = await req.get_media()
        resp.status, resp.media, resp.location = 201, {"item": item}, f"/items/{item['name']}"

    async def meet(req, resp, parties):
        await stage.meet(parties)
        resp.media = {"met": parties}

    async def whisper(req, resp, word):
        resp.media = {"heard": await stage.whisper(word)}

    async def secret(req, resp):
        token = req.context.token
        resp.media = {"token": token, "heard": await stage.whisper(token, stages.CROWD), "cookies": req.cookies}
        resp.set_cookie("secret", token)

    async def cookies(req, resp, word):
        resp.media = req.cookies
        resp.set_cookie("first", word)
        resp.set_cookie("second", word)

    async def break_(req, resp):
        raise stages.Broken

    async def crash(req, resp):
        raise ZeroDivisionError

    async def stream(req, resp):
        resp.content_type, resp.stream = "text/plain", stages.three()

    async def endless(req, resp):
        resp.content_type, resp.stream = "text/plain", stage.pieces_of(None)

    async def huge(req, resp):
        resp.content_type, resp.stream = "text/plain", stage.pieces_of(stages.GIGABYTE)

    async def hang(req, resp):
        await stage.hang()

    async def slow(req, resp):
        await stage.wait("slow")
        resp.media = {"slow": True}

    async def later(req, resp):
        async def carry_on():
            await stage.wait("later")

        resp.media = {"later": True}
        resp.schedule(carry_on)

    class Echo:
        async def on_websocket(self, req, socket):
            await socket.accept()
            try:
                while True:
                    word = await socket.receive_text()
                    await socket.send_text(word + word)
            except falcon.WebSocketDisconnected:
                pass

    resources = {
        "/me": Guarded(me),
        "/ready": Reader(ready),
        "/items/{name}": Item(),
        "/items": Poster(create),
        "/meet/{parties:int}": Reader(meet),
        "/whisper/{word}": Reader(whisper),
        "/secret": Guarded(secret),
        "/cookies/{word}": Reader(cookies),
        "/broken": Reader(break_),
        "/crash": Reader(crash),
        "/stream": Reader(stream),
        "/endless": Reader(endless),
        "/huge": Reader(huge),
        "/hang": Reader(hang),
        "/slow": Poster(slow),
        "/later": Poster(later),
        "/echo": Echo(),
    }
    for path, resource in resources.items():
        app.add_route(path, resource)
    return app if settings is None else BatchMiddleware(app, **settings)
