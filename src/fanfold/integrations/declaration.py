"""What is declared of an API: values that are read from a file or a request, and looked at by everything else here.

Strings with ``{{...}}`` are templates; fields whose names end in ``expression`` or ``mapping``, and ``response_path``,
are JSONata. The two never mix. Fields and their names are those that declarations of this kind have elsewhere.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

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
    config: dict[str, Any] = {}


class Pagination(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How lists go on. ``config`` has the names of the API description; those of the guides are read as these.

    page ``{page_key, limit_key, first_page}`` · cursor ``{cursor_path, cursor_key, has_next_path, limit_key, is_link,
    add_to_body, cursor_path_object, max_limit, limit_data_type}`` · offset ``{offset_key, limit_key}`` · range
    ``{range_unit}`` · link_header · dynamic ``{get_initial_pagination_values_expression,
    get_pagination_values_expression, get_cursor_from_response_expression}``.
    """

    format: PaginationFormat
    config: dict[str, Any] = {}


class RateLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How an API says that it was asked too much; expressions over ``status``, ``headers`` and ``data``.

    ``retry_after_header_expression`` gives seconds to wait, ``rate_limit_header_expression`` when it is over, in
    seconds since 1970; the longer wait counts.
    """

    is_rate_limited: str = "status = 429"
    retry_after_header_expression: str = ""
    rate_limit_header_expression: str = ""


class Credentials(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an account has to have.

    ``config`` is as elsewhere: ``fields``, and for OAuth 2 ``client``, ``auth`` (with ``tokenHost``, ``tokenPath``,
    ``refreshPath``), ``scope``, ``options``, ``tokenParams``, ``refreshParams``.
    """

    format: CredentialsFormat = "api_key"
    config: dict[str, Any] = {}


class Manners(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much may be asked of the API. Durations are in seconds, sizes in bytes."""

    concurrency: int = 10
    timeout: float = 25.0
    attempts: int = 3
    max_wait: float = 20.0
    max_response: int = 16 * 1024 * 1024
    hosts: tuple[str, ...] = ()
    """Further hosts that links of the API may lead to; those of its base URLs always may."""


class Method(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that can be asked of a resource; what is not set is as the integration says."""

    path: str
    method: Verb = "get"
    base_url: str = ""
    headers: dict[str, str | None] = {}
    query: dict[str, Any] = {}
    query_array_format: ArrayFormat | None = None
    body: Any = None
    body_format: BodyFormat = "json"
    body_format_config: dict[str, Any] = {}
    response_path: str = ""
    pagination_path: str = ""
    pagination: Pagination | UnsetType | None = UNSET
    """None switches paging off."""
    authorization: Authorization | None = None
    add_query_to_body: bool = False
    ignore_body: bool = False
    ignore_body_in_pagination: bool = False
    set_body_to_null: bool = False
    no_auth: bool = False
    ignore_credentials_on_redirect: bool = False
    api_response_format: Literal["json", "xml", "text"] = "json"
    throw_error_on_parse_error: bool | None = None
    error_expression: str | None = None
    description: str = ""
    api_documentation_url: str = ""
    scopes: tuple[str, ...] = ()
    query_schema: dict[str, Any] = {}
    body_schema: dict[str, Any] = {}
    response_schema: dict[str, Any] = {}
    examples: dict[str, Any] = {}
    operation: str = ""
    """The ``operationId`` that it was drafted from."""


class Declaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An integration: one API as far as it is declared. ``resources`` maps resources to methods by name.

    ``base_url`` may begin with ``fanfold://NAME`` for what is in this process, such as the embedded work API.
    """

    name: str
    base_url: str
    label: str = ""
    category: str = ""
    description: str = ""
    logo: str | None = None
    icon: str | None = None
    headers: dict[str, str | None] = {}
    query: dict[str, Any] = {}
    query_array_format: ArrayFormat = "brackets"
    credentials: Credentials = Credentials()
    authorization: Authorization | None = None
    pagination: Pagination | None = None
    rate_limit: RateLimit = RateLimit()
    error_expression: str = ""
    manners: Manners = Manners()
    resources: dict[str, dict[str, Method]] = {}
    unified: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    """Mappings by model, resource and method; see ``unified.py``."""
    webhook: dict[str, Any] = {}
    actions: dict[str, Any] = {}
    tool_tags: dict[str, Any] = {}
