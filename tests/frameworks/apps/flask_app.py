"""The stage's routes in Flask, in the threads of a2wsgi: a decorator that asks for a token, request functions."""

from functools import wraps
from urllib.parse import quote

from a2wsgi import WSGIMiddleware
from flask import Flask, Response, abort, g, jsonify, make_response, request

from fanfold import BatchMiddleware
from tests.frameworks import stage as stages

WORKERS = 10


def known(handler):
    @wraps(handler)
    def guarded(*args, **kwargs):
        g.token = stages.token_of(request.headers.get("authorization"))
        if g.token is None:
            abort(401)
        return handler(*args, **kwargs)

    return guarded


def make(stage, settings=None):
    app = Flask(__name__)

    @app.before_request
    def pass_():
        stage.passed.append(request.path)

    @app.after_request
    def stamp(response):
        response.headers["x-stamp"] = quote(request.path)
        return response

    @app.errorhandler(stages.Broken)
    def broken(error):
        return {"error": "broken"}, 409

    @app.errorhandler(500)
    def crashed(error):
        return {"error": "ours"}, 500

    @app.get("/me")
    @known
    def me():
        return {"token": g.token}

    @app.get("/items/<name>")
    def item(name):
        query = list(request.args.items(multi=True))
        return {"name": name, "query": query, "language": request.headers.get("accept-language")}

    @app.post("/items")
    def create():
        item = request.get_json()
        return {"item": item}, 201, {"location": f"/items/{item['name']}"}

    @app.patch("/items/<name>")
    def change(name):
        return {"name": name, "item": request.get_json()}

    @app.delete("/items/<name>")
    def delete(name):
        return "", 204

    @app.get("/meet-in-thread/<int:parties>")
    def meet(parties):
        stage.meet_in_thread(parties)
        return {"met": parties}

    @app.get("/whisper/<word>")
    def whisper(word):
        return {"heard": stage.whisper_in_thread(word)}

    @app.get("/secret")
    @known
    def secret():
        heard = stage.whisper_in_thread(g.token, WORKERS)
        response = jsonify({"token": g.token, "heard": heard, "cookies": request.cookies})
        response.set_cookie("secret", g.token)
        return response

    @app.get("/cookies/<word>")
    def cookies(word):
        response = make_response(dict(request.cookies))
        response.set_cookie("first", word)
        response.set_cookie("second", word)
        return response

    @app.get("/broken")
    def break_():
        raise stages.Broken

    @app.get("/crash")
    def crash():
        raise ZeroDivisionError

    @app.get("/stream")
    def stream():
        return Response(iter(["one ", "two ", "three"]), content_type="text/plain")

    @app.get("/endless")
    def endless():
        return Response(stage.pieces_in_thread(None), content_type="text/plain")

    @app.get("/huge")
    def huge():
        return Response(stage.pieces_in_thread(stages.GIGABYTE), content_type="text/plain")

    @app.get("/hang")
    def hang():
        stage.wait_in_thread("hanging")
        return {}

    @app.post("/slow")
    def slow():
        stage.wait_in_thread("slow")
        return {"slow": True}

    served = WSGIMiddleware(app, workers=WORKERS)
    stage.executors.append(served.executor)
    return served if settings is None else BatchMiddleware(served, **settings)
