"""Records that no operation creates: agents, custom types, reactions and the like, written as the system would."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.work.api import WorkApi
from fanfold.work.change import new
from fanfold.work.request import EMPTY, Request
from fanfold.work.schema import Kind, Route
from fanfold.work.strictness import nearest
from fanfold.work.validate import read


def write_record(api: WorkApi, user: int, kind: Kind, workspace: int, values: dict[str, Any]) -> int:
    """Create a record with values for any of its fields, also those that no client may set, and what it is made with.

    Types and references are checked as if a client had sent them; raises ``RequestError``. Returns its gid.
    """
    fields = {name: field for name, field in kind.fields.items() if field.type != "computed"}
    fields |= {field.name: field for field in kind.made_with}
    for name in values:
        if name not in fields:
            raise RequestError(f"{name}: a {kind.name} has no such field.{nearest(name, fields)}")
    writable = [structs.replace(field, access="write", required=False) for field in fields.values()]
    route = Route("POST", "/", "record", lambda _: EMPTY, kind.name)
    call = Call("POST", "/", (), {"data": values}, (), Caller("seed", str(user)), route, ())
    request = Request(api.view(user), call, route)
    change = new(request.view, kind, read(request, writable))
    change.workspace = change.workspace or workspace
    lists = change.given.lists
    for field in kind.made_with:
        if field.name in lists:
            change.after[field.name] = [str(target) for target in lists.pop(field.name)]
    change.write()
    for name, targets in lists.items():
        for target in targets:
            change.add(name, target)
    return change.gid
