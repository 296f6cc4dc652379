"""Calls to declared resources, against a real API on loopback."""

CONTACTS = {
    "contacts": {
        "list": {
            "path": "/cursor/contacts",
            "response_path": "data.items",
            "pagination": {
                "format": "cursor",
                "config": {"cursor_path": "paging.next", "cursor_key": "after", "limit_key": "limit"},
            },
        },
        "get": {"path": "/contacts/{{id}}", "response_path": "data"},
        "create": {"path": "/contacts", "method": "post", "response_path": "data"},
        "update": {"path": "/contacts/{{id}}", "method": "patch", "response_path": "data"},
        "delete": {"path": "/contacts/{{id}}", "method": "delete"},
    }
}


async def test_a_list_is_followed_page_by_page_to_its_end(asking, api):
    pages = await asking(CONTACTS).all("contacts", query={"limit": 10})
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [one for page in pages for one in page] == api.records


async def test_single_records_are_read_and_written(asking, api):
    asked = asking(CONTACTS)
    assert (await asked.value("get", "contacts", id="c_3"))["name"] == "Contact 3"
    assert await asked.value("create", "contacts", body={"name": "New"}) == {"id": "c_new", "name": "New"}
    assert (await asked.value("update", "contacts", id="c_1", body={"name": "Ada"}))["name"] == "Ada"
    assert await asked.value("delete", "contacts", id="c_1") == {"id": "c_1"}
    assert api.paths() == ["GET /contacts/c_3", "POST /contacts", "PATCH /contacts/c_1", "DELETE /contacts/c_1"]
