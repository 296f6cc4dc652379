"""The generic handlers, and the few words with which a kind's page asks for them.

Of all operations four in five are one of these: create, read, update, delete, list, link, unlink. What is left is a
written function beside its kind (``Kind.verb``).
"""

from __future__ import annotations

from heapq import merge
from typing import TYPE_CHECKING, Literal

from msgspec import structs

from fanfold.work import change as changes
from fanfold.work.pages import page
from fanfold.work.request import EMPTY, Request
from fanfold.work.schema import Field, Handler, Kind, many, text
from fanfold.work.store import Where
from fanfold.work.validate import read as read_given

if TYPE_CHECKING:
    from collections.abc import Callable

    from fanfold.model import Answer
    from fanfold.work.store import Held
    from fanfold.work.store.links import Border

    Filter = Callable[[Request], Where]

PAGING = (text("limit"), text("offset"))


def camel(name: str, *, plural: bool = False) -> str:
    """``team_membership`` → ``TeamMembership``: how operation names spell a kind."""
    return "".join(word.capitalize() for word in name.split("_")) + ("s" if plural else "")


# -- handlers --------------------------------------------------------------------------------------------------------


def read(request: Request) -> Answer:
    """Show the record that the path names."""
    row = request.row
    return request.record(row.gid, row.document)


def update(request: Request) -> Answer:
    """Change what the client gave and show the record."""
    change = changes.modification(request, request.row)
    change.write()
    return request.reread(change.gid)


def delete(request: Request) -> Answer:
    """Remove the record."""
    changes.deletion(request.view, request.row).write()
    return EMPTY


def create(request: Request) -> Answer:
    """Make a record and show it."""
    change = changes.creation(request, request.kind)
    change.write()
    return request.reread(change.gid, status=201)


def create_under(field: str) -> Handler:
    """Make a record whose ``field`` is the record that the path names."""

    def handler(request: Request) -> Answer:
        row = request.row
        request.data.pop(field, None)
        change = changes.creation(request, request.kind, **{field: str(row.gid)})
        change.given.rows[row.gid] = row
        change.workspace = change.workspace or row.workspace
        change.write()
        return request.reread(change.gid, status=201)

    return handler


def nothing(_: Request) -> Where:
    """No further condition."""
    return Where()


def list_linked(link: str, where: Filter = nothing) -> Handler:
    """List what hangs on the record that the path names; ``<`` before the link field reads it backwards."""

    def handler(request: Request) -> Answer:
        return linked_page(request, request.row.gid, link, where(request))

    return handler


def linked_page(request: Request, gid: int, link: str, where: Where | None = None) -> Answer:
    """A page of what hangs on ``gid`` by a link field."""
    store, condition = request.view.store, where or Where()
    kind = None if request.route.answers == "mixed" else request.kind

    if link.startswith("<"):
        return page(request, kind, lambda after, limit: store.page_linking(gid, link[1:], after, limit, condition))

    def fetch(after: Border | None, limit: int) -> list[Held]:
        start = None if after is None else store.resume(gid, link, after)
        return store.page_linked(gid, link, start, limit, condition)

    return page(request, kind, fetch, border_of=lambda item: store.border(gid, link, item.gid, item.border))


def list_in_workspace(request: Request) -> Answer:
    """List the records of a kind in the workspace that the path names."""
    return workspace_page(request, request.row.gid)


def workspace_page(request: Request, workspace: int, where: Where | None = None) -> Answer:
    """A page of the records of a kind in a workspace, oldest first."""
    store, kind, condition = request.view.store, request.kind, where or Where()
    return page(request, kind, lambda after, limit: store.page_kind(workspace, kind.name, after, limit, condition))


def page_of_all(request: Request, where: Where | None = None) -> Answer:
    """A page of the records of a kind in all workspaces that the caller is in, oldest first."""
    store, kind, workspaces, condition = request.view.store, request.kind, request.view.workspaces, where or Where()

    def fetch(after: int | None, limit: int) -> list[Held]:
        found = (store.page_kind(workspace, kind.name, after, limit, condition) for workspace in workspaces)
        return list(merge(*found, key=lambda held: held.gid))[:limit]

    return page(request, kind, fetch)


def relate(name: str, *, remove: bool = False, empty: bool = False) -> Handler:
    """Link to (or unlink from) the record of the path all that the client lists in the field ``name``."""

    def handler(request: Request) -> Answer:
        given = read_given(request, request.route.takes)
        change = changes.touching(request.view, request.row, given)
        targets = given.lists.get(name)
        if targets is None:
            targets = [int(value) for value in given.values.values() if value is not None]
        for target in targets:
            if remove:
                change.remove(name, target)
            else:
                change.add(name, target)
        change.write()
        return EMPTY if empty else request.reread(change.gid)

    return handler


# -- what a kind's page says -----------------------------------------------------------------------------------------


def crud(kind: Kind, *what: Literal["create", "read", "update", "delete"]) -> None:
    """The plain operations at ``/collection`` and ``/collection/{kind_gid}``."""
    collection, name = f"/{kind.collection}", camel(kind.name)
    item = f"{collection}/{{{kind.name}_gid}}"
    words = kind.name.replace("_", " ")
    writable = tuple(f for f in kind.fields.values() if f.access != "read")
    for verb in what:
        if verb == "create":
            kind.route(
                "POST", collection, f"create{name}", create, takes=writable, status=201, summary=f"Create a {words}"
            )
        elif verb == "read":
            kind.route("GET", item, f"get{name}", read, subject=kind.name, summary=f"Get a {words}")
        elif verb == "update":
            fields = tuple(structs.replace(f, required=False) for f in writable if f.access == "write")
            kind.route(
                "PUT", item, f"update{name}", update, subject=kind.name, takes=fields, summary=f"Update a {words}"
            )
        else:
            kind.route(
                "DELETE", item, f"delete{name}", delete, subject=kind.name, answers="empty", summary=f"Delete a {words}"
            )


def under(
    kind: Kind,
    parent: str,
    link: str = "",
    *,
    operation: str = "",
    query: tuple[Field, ...] = (),
    where: Filter = nothing,
) -> None:
    """``GET /parents/{parent_gid}/collection``: what hangs on the parent by ``link``, or all of a workspace's."""
    kind.route(
        "GET",
        f"/{parent}s/{{{parent}_gid}}/{kind.collection}",
        operation or f"get{camel(kind.name, plural=True)}For{camel(parent)}",
        list_linked(link, where) if link else list_in_workspace,
        subject=parent,
        query=(*query, *PAGING),
        answers="list",
        paged=True,
        summary=f"List the {kind.collection.replace('_', ' ')} of a {parent.replace('_', ' ')}",
    )


def creatable_under(kind: Kind, parent: str, field: str = "") -> None:
    """``POST /parents/{parent_gid}/collection``: create with the parent taken from the path."""
    kind.route(
        "POST",
        f"/{parent}s/{{{parent}_gid}}/{kind.collection}",
        f"create{camel(kind.name)}For{camel(parent)}",
        create_under(field or parent),
        subject=parent,
        takes=tuple(
            structs.replace(f, required=f.required and f.name != (field or parent))
            for f in kind.fields.values()
            if f.access != "read"
        ),
        status=201,
        summary=f"Create a {kind.name.replace('_', ' ')} in a {parent.replace('_', ' ')}",
    )


def related(kind: Kind, name: str, target: str, *, add: str, remove: str, verb: str = "", empty: bool = False) -> None:
    """``POST …/addX`` and ``…/removeX``: link and unlink many records by the relation ``name``."""
    verb = verb or camel(name)
    for action, operation in (("add", add), ("remove", remove)):
        kind.route(
            "POST",
            f"/{kind.collection}/{{{kind.name}_gid}}/{action}{verb}",
            operation,
            relate(name, remove=action == "remove", empty=empty),
            subject=kind.name,
            takes=(many(name, target, required=True),),
            answers="empty" if empty else "record",
            summary=f"{action.capitalize()} {name} {'to' if action == 'add' else 'from'} a {kind.name}",
        )
