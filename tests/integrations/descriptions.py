"""A small OpenAPI description, with one of everything that drafts have to make something of."""

LIST = {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}


def answer(schema, **more):
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}, **more}}}


def query(*names, **schema):
    return [{"name": name, "in": "query", "schema": schema or {"type": "string"}} for name in names]


def thing(name):
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


SMALL = {
    "openapi": "3.1.0",
    "info": {"title": "Small & Fine API", "description": "All there is. And more."},
    "servers": [{"url": "https://{site}.small.example/v1/"}],
    "security": [{"key": []}],
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "summary": "List things",
                "parameters": query("page", "per_page", type="integer", maximum=100) + query("q"),
                **answer({"type": "object", "properties": {"items": LIST, "total": {"type": "integer"}}}),
            },
            "post": {"operationId": "createThing", **answer({"$ref": "#/components/schemas/Thing"})},
        },
        "/things/{thing-id}": {
            "parameters": [thing("thing-id")],
            "get": {"operationId": "getThing", **answer({"$ref": "#/components/schemas/Thing"})},
            "put": {"operationId": "replaceThing"},
            "patch": {"operationId": "changeThing"},
            "delete": {"operationId": "deleteThing"},
        },
        "/things/{thing-id}/archive": {"post": {"operationId": "archiveThing"}},
        "/things/{thing-id}/parts": {
            "get": {
                "operationId": "listParts",
                "parameters": query("cursor"),
                **answer(
                    {
                        "type": "object",
                        "properties": {
                            "data": LIST,
                            "meta": {"type": "object", "properties": {"next_cursor": {"type": "string"}}},
                        },
                    }
                ),
            }
        },
        "/things/{thing_id}/parts/{part_id}": {"get": {"operationId": "getPart"}},
        "/me": {"get": {"operationId": "me", **answer({"type": "object", "properties": {"data": {"type": "object"}}})}},
        "/search": {"post": {"operationId": "search"}},
        "/form": {
            "post": {"operationId": "form", "requestBody": {"content": {"application/x-www-form-urlencoded": {}}}}
        },
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "schemas": {"Thing": {"type": "object", "properties": {"id": {"type": "string"}, "tags": {"type": "array"}}}},
    },
}
