"""The operations of SCIM, the same for users and groups; what is particular to each is on its shelf."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    EnterpriseUser,
    Error,
    ETag,
    Filter,
    ForbiddenException,
    Group,
    InvalidSyntaxException,
    ListResponse,
    NotFoundException,
    NotImplementedException,
    Patch,
    PatchOp,
    Resource,
    ResourceType,
    ResponseParameters,
    Schema,
    SCIMException,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
    Sort,
    User,
)

from fanfold.errors import ForeignError, RequestError
from fanfold.model import Answer
from fanfold.work.scim.groups import Groups
from fanfold.work.scim.users import Users
from fanfold.work.view import gid_of

if TYPE_CHECKING:
    from fanfold.work.request import Request

    Operation = Callable[["Request", str], Answer]

CONTENT_TYPE = "application/scim+json"
MAX_RESULTS = 1000
PAGE = 100
"""How many are listed unless asked otherwise, and at most."""

_CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MAX_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=False),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Service account",
            description="The token of a service account, as a bearer token",
            primary=True,
        )
    ],
)
_PROVIDER = ScimProvider(
    models=[User, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)],
    config=_CONFIG,
    policy=ScimPolicy(unknown=ScimPolicy.Unknown.ignore),
)
_SHELVES: dict[str, Users | Groups] = {"Users": Users(), "Groups": Groups()}


def answer(name: str, shelf: str, request: Request) -> Answer:
    """Carry out one operation; what is refused is refused in the standard's words."""
    try:
        with _PROVIDER:
            if not request.view.service:
                raise ForbiddenException(detail="SCIM is for service accounts only")
            return _OPERATIONS[name](request, shelf)
    except SCIMException as refusal:
        error = refusal.to_error()
    except ValidationError as invalid:
        error = Error.from_validation_errors(invalid)[0]
    except RequestError as refusal:
        error = Error(status=refusal.status, detail=refusal.message)
    status = int(error.status or 400)
    raise ForeignError(error.detail or "", status=status, body=error.model_dump_json().encode(), speaks=CONTENT_TYPE)


# -- people and groups -----------------------------------------------------------------------------------------------


def _search(request: Request, shelf: str) -> Answer:
    held, view = _SHELVES[shelf], request.view
    wanted = SearchRequest[held.model].model_validate(  # type: ignore[name-defined]
        dict(request.query) if request.call.method == "GET" else _body(request), scim_ctx=Context.SEARCH_REQUEST
    )
    count = min(PAGE if wanted.count is None else wanted.count, MAX_RESULTS)
    start = (wanted.start_index or 1) - 1
    gids = held.gids(view)
    if wanted.filter is None and wanted.sort_by is None:
        total = len(gids)
        shown = [held.show(view, gid) for gid in gids[start : start + count]]
    else:
        if wanted.filter is not None:
            gids = held.narrow(view, wanted.filter, gids)
        found: list[Any] = [held.show(view, gid) for gid in gids]
        if wanted.filter is not None:
            found = [resource for resource in found if wanted.filter.match(resource)]
        total = len(found)
        shown = wanted.sort(found)[start : start + count]
    return _listed(held.model, shown, total, start + 1, wanted)


def _create(request: Request, shelf: str) -> Answer:
    held = _SHELVES[shelf]
    given: Any = held.model.model_validate(_body(request), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    gid = held.add(request.view, given)
    return _shown(request, held, gid, Context.RESOURCE_CREATION_RESPONSE, status=201)


def _read(request: Request, shelf: str) -> Answer:
    held = _SHELVES[shelf]
    return _shown(request, held, _gid(request, held), Context.RESOURCE_QUERY_RESPONSE)


def _replace(request: Request, shelf: str) -> Answer:
    held = _SHELVES[shelf]
    gid = _gid(request, held)
    given: Any = held.model.model_validate(_body(request), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
    given.replace(held.show(request.view, gid))
    held.put(request.view, gid, given)
    return _shown(request, held, gid, Context.RESOURCE_REPLACEMENT_RESPONSE)


def _patch(request: Request, shelf: str) -> Answer:
    held = _SHELVES[shelf]
    gid = _gid(request, held)
    patch = PatchOp[held.model].model_validate(  # type: ignore[name-defined]
        _body(request), scim_ctx=Context.RESOURCE_PATCH_REQUEST
    )
    resource: Any = held.show(request.view, gid)
    if patch.patch(resource):
        held.put(request.view, gid, resource)
    return _shown(request, held, gid, Context.RESOURCE_PATCH_RESPONSE)


def _remove(request: Request, shelf: str) -> Answer:
    held = _SHELVES[shelf]
    held.remove(request.view, _gid(request, held))
    return Answer(204, b"", trusted=True)


def _body(request: Request) -> Any:
    if not isinstance(request.body, dict):
        raise InvalidSyntaxException(detail="The body has to be a JSON object")
    return request.body


def _gid(request: Request, held: Users | Groups) -> int:
    gid = gid_of(request.params[0])
    if gid is None or not held.has(request.view, gid):
        raise NotFoundException(detail=f"There is nothing with the id {request.params[0][:100]}")
    return gid


def _shown(request: Request, held: Users | Groups, gid: int, context: Context, *, status: int = 200) -> Answer:
    wanted = ResponseParameters[held.model].model_validate(  # type: ignore[name-defined]
        {name: request.query[name] for name in ("attributes", "excludedAttributes") if name in request.query}
    )
    resource = held.show(request.view, gid)
    body = resource.model_dump_json(scim_ctx=context, response_parameters=wanted)
    location = (("location", f"{request.view.base}/scim/{held.endpoint}/{gid}"),) if status == 201 else ()
    return Answer(status, body.encode(), (("content-type", CONTENT_TYPE), *location), trusted=True)


def _listed(
    model: Any, shown: list[Any], total: int, start: int = 1, wanted: ResponseParameters[Any] | None = None
) -> Answer:
    page = ListResponse[model](total_results=total, start_index=start, items_per_page=len(shown), resources=shown)
    body = page.model_dump_json(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wanted)
    return Answer(200, body.encode(), (("content-type", CONTENT_TYPE),), trusted=True)


def _everywhere(_: Request, __: str) -> Answer:
    raise NotImplementedException(detail="Users and groups are searched apart")


# -- what there is ---------------------------------------------------------------------------------------------------


def _config(_: Request, __: str) -> Answer:
    return _alone(_CONFIG)


def _types(_: Request, __: str) -> Answer:
    found = list(_PROVIDER.resource_types)
    return _listed(ResourceType, found, len(found))


def _type(request: Request, _: str) -> Answer:
    return _alone(_named(request, {str(found.id): found for found in _PROVIDER.resource_types}))


def _schemas(_: Request, __: str) -> Answer:
    found = list(_PROVIDER.schemas)
    return _listed(Schema, found, len(found))


def _schema(request: Request, _: str) -> Answer:
    return _alone(_named(request, {str(found.id): found for found in _PROVIDER.schemas}))


def _named(request: Request, known: dict[str, Any]) -> Resource[Any]:
    name = request.params[0]
    if name not in known:
        raise NotFoundException(detail=f"There is nothing with the id {name[:100]}")
    found: Resource[Any] = known[name]
    return found


def _alone(resource: Resource[Any]) -> Answer:
    body = resource.model_dump_json(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return Answer(200, body.encode(), (("content-type", CONTENT_TYPE),), trusted=True)


_OPERATIONS: dict[str, Operation] = {
    "search": _search,
    "create": _create,
    "read": _read,
    "replace": _replace,
    "patch": _patch,
    "remove": _remove,
    "everywhere": _everywhere,
    "config": _config,
    "types": _types,
    "type": _type,
    "schemas": _schemas,
    "schema": _schema,
}
