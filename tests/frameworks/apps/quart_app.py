"""The stage's routes in Quart: a decorator that asks for a token, request functions, error handlers, serving hooks."""

from functools import wraps
from urllib.parse import quote

from quart import Quart, Response, abort, g, jsonify, make_response, request, websocket

from fanfold import BatchMiddleware
from tests.frameworks import stage as stages


def known(handler):
    @wraps(handler)
    async def guarded(*args, **kwargs):
        g.token = stages.token_of(request.headers.get("authorization"))
        if g.token is None:
            abort(401)
        return await handler(*args, **kwargs)

    return guarded


def make(stage, settings=None):
    app = Quart(__name__)

    @app.before_serving
    async def start():
        stage.note("started")
        app.config["READY"] = "pool"

    @app.after_serving
    async def stop():
        stage.note("stopped")

    @app.before_request
    async def pass_():
        stage.passed.append(request.path)

    @app.after_request
    async def stamp(response):
        response.headers["x-stamp"] = quote(request.path)
        return response

    @app.errorhandler(stages.Broken)
    async def broken(error):
        return {"error": "broken"}, 409

    @app.errorhandler(500)
    async def crashed(error):
        return {"error": "ours"}, 500

    @app.get("/me")
    @known
    async def me():
        return {"token": g.token}

    @app.get("/ready")
    async def ready():
        return {"ready": app.config["READY"]}

    @app.get("/items/<name>")
    async def item(name):
        query = list(request.args.items(multi=True))
        return {"name": name, "query": query, "language": request.headers.get("accept-language")}

    @app.post("/items")
    async def create():
        item = await request.get_json()
        return {"item": item}, 201, {"location": f"/items/{item['name']}"}

    @app.patch("/items/<name>")
    async def change(name):
        return {"name": name, "item": await request.get_json()}

    @app.delete("/items/<name>")
    async def delete(name):
        return "", 204

    @app.get("/meet/<int:parties>")
    async def meet(parties):
        await stage.meet(parties)
        return {"met": parties}

    @app.get("/meet-in-thread/<int:parties>")
    def meet_in_thread(parties):
        stage.meet_in_thread(parties)
        return {"met": parties}

    @app.get("/whisper/<word>")
    async def whisper(word):
        return {"heard": await stage.whisper(word)}

    @app.get("/secret")
    @known
    async def secret():
        heard = await stage.whisper(g.token, stages.CROWD)
        response = jsonify({"token": g.token, "heard": heard, "cookies": request.cookies})
        response.set_cookie("secret", g.token)
        return response

    @app.get("/cookies/<word>")
    async def cookies(word):
        response = await make_response(dict(request.cookies))
        response.set_cookie("first", word)
        response.set_cookie("second", word)
        return response

    @app.get("/broken")
    async def break_():
        raise stages.Broken

    @app.get("/crash")
    async def crash():
        raise ZeroDivisionError

    @app.get("/stream")
    async def stream():
        return Response(stages.three(), content_type="text/plain")

    @app.get("/endless")
    async def endless():
        return Response(stage.pieces_of(None), content_type="text/plain")

    @app.get("/huge")
    async def huge():
        return Response(stage.pieces_of(stages.GIGABYTE), content_type="text/plain")

    @app.get("/hang")
    async def hang():
        await stage.hang()

    @app.post("/slow")
    async def slow():
        await stage.wait("slow")
        return {"slow": True}

    @app.post("/later")
    async def later():
        app.add_background_task(stage.wait, "later")
        return {"later": True}

    @app.websocket("/echo")
    async def echo():
        while True:
            word = await websocket.receive()
            await websocket.send(word + word)

    if settings is not None:
        app.asgi_app = BatchMiddleware(app.asgi_app, **settings)
    return app
