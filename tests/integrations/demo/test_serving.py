import asyncio

from msgspec import json

from fanfold.integrations.demo.serving import DemoApp


def send(app, method, path, *pieces, query="", token=""):
    """Status, headers and decoded body of a request whose body comes in pieces; and how many of them were read."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    total, got = len(messages), []

    async def receive():
        return messages.pop(0)

    async def answer(message):
        got.append(message)

    headers = [(b"authorization", token.encode())] if token else []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
    }
    asyncio.run(app(scope, receive, answer))
    start, body = got
    return start["status"], dict(start["headers"]), json.decode(body["body"]), total - len(messages)


def test_requests_are_answered_over_http():
    app = DemoApp()
    status, headers, page, _ = send(app, "GET", "/contacts", query="page_size=2")
    assert (status, len(page["results"])) == (200, 2)
    assert headers[b"content-type"] == b"application/json; charset=utf-8"
    status, _, made, _ = send(app, "POST", "/contacts", b'{"email": ', b'"a@b"}', token="Bearer one")
    assert (status, made["id"]) == (200, "c_251")
    assert send(app, "GET", "/contacts/c_251", token="Bearer one")[0] == 200
    assert send(app, "GET", "/contacts/c_251", token="Bearer two")[0] == 404


def test_of_a_body_that_is_too_long_the_rest_is_not_read():
    status, _, told, read = send(DemoApp(), "POST", "/contacts", *[b" " * 40000] * 10)
    assert (status, told["code"], read) == (413, "payload_too_large", 2)
