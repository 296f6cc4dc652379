"""What is declared of an API: values that are read from a file or a request, and looked at by everything else here.

Strings with ``{{...}}`` are templates; fields whose names end in ``expression`` or ``mapping``, and ``response_path``,
are JSONata. The two never mix. Fields and their names are those that declarations of this kind have elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

ArrayFormat = Literal["comma", "brackets", "indices", "repeat"]
BodyFormat = Literal["json", "form", "multipart", "raw", "xml"]
Verb = Literal["get", "post", "put", "patch", "delete", "head"]
AuthorizationFormat = Literal["bearer", "header", "basic", "query", "none"]
PaginationFormat = Literal["page", "cursor", "link_header", "offset", "range", "dynamic"]
CredentialsFormat = Literal["api_key", "oauth2", "oauth2_client_credentials", "none"]


class Authorization(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a call says who it is from. ``config`` by format:

    bearer ``{token}`` · basic ``{username, password}`` · header ``{header_name, header_value}`` or ``{expression}``
    that gives an object of headers · query ``{name, value}`` · none.
    """

    format: AuthorizationFormat = "bearer"
    """Where it is said."""

    config: dict[str, Any] = {}
    """What is said, by format."""


class Pagination(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How lists go on. ``config`` has the names of the API description; those of the guides are read as these.

    page ``{page_key, limit_key, first_page}`` · cursor ``{cursor_path, cursor_key, has_next_path, limit_key, is_link,
    add_to_body, cursor_path_object, max_limit, limit_data_type}`` · offset ``{offset_key, limit_key}`` · range
    ``{range_unit}`` · link_header · dynamic ``{get_initial_pagination_values_expression,
    get_pagination_values_expression, get_cursor_from_response_expression}``.
    """

    format: PaginationFormat
    """What leads from one page to the next."""

    config: dict[str, Any] = {}
    """Where that is, by format."""


class RateLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How an API says that it was asked too much; expressions over ``status``, ``headers`` and ``data``.

    ``retry_after_header_expression`` gives seconds to wait, ``rate_limit_header_expression`` when it is over, in
    seconds since 1970; the longer wait counts.
    """

    is_rate_limited: str = "status = 429"
    """JSONata that is true where a call was refused because there were too many."""

    retry_after_header_expression: str = ""
    """JSONata that gives how many seconds to wait, such as ``$number(headers.`retry-after`)``."""

    rate_limit_header_expression: str = ""
    """JSONata that gives when it is over, in seconds since 1970."""


class Credentials(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an account has to have.

    ``config`` is as elsewhere: ``fields``, and for OAuth 2 ``client``, ``auth`` (with ``tokenHost``, ``tokenPath``,
    ``refreshPath``), ``scope``, ``options``, ``tokenParams``, ``refreshParams``.
    """

    format: CredentialsFormat = "api_key"
    """What sort of credentials they are."""

    config: dict[str, Any] = {}
    """What is asked for, and where tokens come from."""


class Manners(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much may be asked of the API. Durations are in seconds, sizes in bytes."""

    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 10
    """Calls in flight at once."""

    timeout: Annotated[float, Meta(gt=0, le=3600)] = 25.0
    """How long one call may take."""

    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    """How often a read is tried, all in all."""

    max_wait: Annotated[float, Meta(ge=0, le=3600)] = 20.0
    """The longest pause that the API may ask for between two attempts."""

    max_response: Annotated[int, Meta(ge=1, le=1024 * 1024 * 1024)] = 16 * 1024 * 1024
    """Largest answer that is read."""

    hosts: tuple[str, ...] = ()
    """Further hosts that links of the API may lead to; those of its base URLs always may."""


class Method(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that can be asked of a resource; what is not set is as the integration says."""

    path: str
    """Where it is below the base URL; begins with ``/``. Placeholders fill in single segments: ``/tasks/{{id}}``."""

    method: Verb = "get"
    """HTTP method."""

    base_url: str = ""
    """Instead of the integration's."""

    headers: dict[str, str | None] = {}
    """Over the integration's; null removes one."""

    query: dict[str, Any] = {}
    """Over the integration's, and below what the caller asks for; null removes a parameter."""

    query_array_format: ArrayFormat | None = None
    """How lists stand in the query: ``a=1,2``, ``a[]=1&a[]=2``, ``a[0]=1&a[1]=2`` or ``a=1&a=2``."""

    body: Any = None
    """What is sent; the caller's body is merged over it."""

    body_format: BodyFormat = "json"
    """How the body is written."""

    body_format_config: dict[str, Any] = {}
    """Options of the format, such as ``root`` for XML."""

    response_path: str = ""
    """Where the records are in an answer: JSONata, such as ``data.items``."""

    pagination_path: str = ""
    """What pagination looks at instead of the whole answer: JSONata."""

    pagination: Pagination | UnsetType | None = UNSET
    """Instead of the integration's; null switches paging off."""

    authorization: Authorization | None = None
    """Instead of the integration's."""

    add_query_to_body: bool = False
    """Whether the query is sent in the body."""

    ignore_body: bool = False
    """Whether no body is sent, whatever the caller gives."""

    ignore_body_in_pagination: bool = False
    """Whether no body is sent for later pages."""

    set_body_to_null: bool = False
    """Whether the body is ``null``."""

    no_auth: bool = False
    """Whether nothing is sent that says who asks."""

    ignore_credentials_on_redirect: bool = False
    """Whether a redirect is followed without them; to another host it always is."""

    api_response_format: Literal["json", "xml", "text"] = "json"
    """How answers are written."""

    throw_error_on_parse_error: bool | None = None
    """Whether an answer that is written otherwise is an error; else it is taken as text."""

    error_expression: str | None = None
    """Instead of the integration's; empty for none."""

    description: str = ""
    """What it does, in a sentence."""

    api_documentation_url: str = ""
    """Where the API describes it."""

    scopes: tuple[str, ...] = ()
    """What an account has to be allowed."""

    query_schema: dict[str, Any] = {}
    """JSON Schema of the query."""

    body_schema: dict[str, Any] = {}
    """JSON Schema of the body."""

    response_schema: dict[str, Any] = {}
    """JSON Schema of a record."""

    examples: dict[str, Any] = {}
    """Examples: ``response``, ``query``, ``body``."""

    operation: str = ""
    """The ``operationId`` that it was drafted from."""


class Declaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An integration: one API as far as it is declared. ``resources`` maps resources to methods by name."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    """What it is called by accounts; that of its file unless told."""

    base_url: str
    """Where the API is; ``fanfold://NAME`` for what is in this process, such as the embedded work API."""

    label: str = ""
    """What people call it."""

    category: str = ""
    """What it is for, such as ``crm``."""

    description: str = ""
    """What it is, in a sentence."""

    logo: str | None = None
    """URL of a picture."""

    icon: str | None = None
    """URL of a small picture."""

    headers: dict[str, str | None] = {}
    """Sent with every request."""

    query: dict[str, Any] = {}
    """Sent with every request."""

    query_array_format: ArrayFormat = "brackets"
    """How lists stand in the query: ``a=1,2``, ``a[]=1&a[]=2``, ``a[0]=1&a[1]=2`` or ``a=1&a=2``."""

    credentials: Credentials = Credentials()
    """What an account has to have; or several of them by format, of which an account has one."""

    credentials_choices: dict[str, Credentials] = {}
    """All of them, where there are several; ``credentials`` is the first."""

    authorization: Authorization | None = None
    """How a request says who asks; by the credentials' format unless told."""

    pagination: Pagination | None = None
    """How lists go on."""

    rate_limit: RateLimit = RateLimit()
    """How the API says that it was asked too much."""

    error_expression: str = ""
    """JSONata that is true where an answer is an error, or gives its message."""

    manners: Manners = Manners()
    """How much may be asked of it."""

    resources: dict[str, dict[str, Method]] = {}
    """What can be asked of it: methods by their names, by resource."""

    unified: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    """How models that several APIs share are mapped: by model, resource and method."""

    webhook: dict[str, Any] = {}
    """What the API sends by itself: ``signature_verification``, ``handle_verification``, ``payload_transform``."""

    actions: dict[str, Any] = {}
    """What is done in steps, by name."""

    tool_tags: dict[str, Any] = {}
    """Tags of resources."""

    def credentials_for(self, authentication_method: str) -> Credentials:
        """What an account has to have that was added by one of several methods."""
        return self.credentials_choices.get(authentication_method, self.credentials)
