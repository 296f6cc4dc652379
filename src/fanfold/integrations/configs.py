"""What the ``config`` of each part of a declaration may hold, format by format, so that it can be checked and told.

Names are those of the API description that declarations of this kind follow; ``SPELLINGS`` has those of its guides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Word = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Free of fields: the format needs none."""


# -- pagination ------------------------------------------------------------------------------------------------------


class PageConfig(Config, frozen=True, kw_only=True):
    """Pages are numbered."""

    page_key: Word
    """Query parameter that holds the page's number."""

    limit_key: str = ""
    """Query parameter that holds how many records a page has."""

    first_page: int = 1
    """Number of the first page."""

    max_limit: Count | None = None
    """Largest page that may be asked for."""


class OffsetConfig(Config, frozen=True, kw_only=True):
    """Records are numbered."""

    offset_key: Word
    """Query parameter that holds how many records to skip."""

    limit_key: str = ""
    """Query parameter that holds how many records a page has."""

    max_limit: Count | None = None
    """Largest page that may be asked for."""


class CursorConfig(Config, frozen=True, kw_only=True):
    """Each page says how to ask for the next."""

    cursor_path: Word
    """Where the next cursor is, in JSONata over the body, or over the headers (``cursor_path_object``)."""

    prev_cursor_path: str = ""
    """Where the cursor of the page before is."""

    cursor_key: str = ""
    """Query parameter that a cursor is sent in; not needed with ``is_link``."""

    has_next_path: str = ""
    """JSONata that is true where there is a next page."""

    limit_key: str = ""
    """Query parameter that holds how many records a page has."""

    max_limit: Count | None = None
    """Largest page that may be asked for."""

    limit_data_type: Literal["number", "string"] = "number"
    """How the limit is written where it is sent in a body."""

    is_link: bool = False
    """Whether a cursor is the whole URL of the next page."""

    include_path: bool = False
    """Read, but not acted upon here."""

    cursor_path_object: Literal["body", "header"] = "body"
    """What the paths look into."""

    headers: dict[str, str] = {}
    """Read, but not acted upon here."""

    add_to_body: bool = False
    """Whether cursor and limit are sent in the body."""

    add_to_query: bool | None = None
    """Whether they are sent in the query; unless told, where they are not in the body."""

    ignore_limit_in_pagination: bool = False
    """Whether the limit is left out of requests for later pages."""

    use_content_hash: bool = False
    """Read, but not acted upon here."""

    is_cursor_url_encoded: bool = False
    """Whether cursors come encoded for URLs."""

    allow_empty_page_cursor: bool = False
    """Read, but not acted upon here: cursors of pages without records are always followed."""


class RangeConfig(Config, frozen=True, kw_only=True):
    """Pages are asked for by the ``Range`` header."""

    range_unit: Word
    """Unit that ranges are counted in, such as ``items``."""

    max_limit: Count | None = None
    """Largest page that may be asked for."""


class LinkHeaderConfig(Config, frozen=True, kw_only=True):
    """The ``Link`` header leads to the next page (``rel="next"``)."""

    limit_key: str = ""
    """Query parameter that holds how many records a page has."""

    max_limit: Count | None = None
    """Largest page that may be asked for."""


class DynamicConfig(Config, frozen=True, kw_only=True):
    """JSONata says how to go on. It sees ``query``, ``url``, ``requestOptions``, ``response``, ``body``."""

    get_initial_pagination_values_expression: str = ""
    """What is added to the query of the first page."""

    get_pagination_values_expression: str = ""
    """What is added to the query of a later page; null ends the list."""

    get_cursor_from_response_expression: str = ""
    """The cursor of the next page."""


PAGINATION: Mapping[str, type[Config]] = {
    "page": PageConfig,
    "offset": OffsetConfig,
    "cursor": CursorConfig,
    "range": RangeConfig,
    "link_header": LinkHeaderConfig,
    "dynamic": DynamicConfig,
}

SPELLINGS: Mapping[str, str] = {
    "page_param": "page_key",
    "limit_param": "limit_key",
    "offset_param": "offset_key",
    "cursor_param": "cursor_key",
}


# -- authorization ---------------------------------------------------------------------------------------------------


class BearerConfig(Config, frozen=True, kw_only=True):
    """``Authorization: Bearer`` and a token."""

    token: str = ""
    """The token, such as ``{{oauth.token.access_token}}``; by the credentials' format unless told."""


class BasicConfig(Config, frozen=True, kw_only=True):
    """HTTP Basic."""

    username: str
    """The user's name."""

    password: str = ""
    """The password."""


class HeaderConfig(Config, frozen=True, kw_only=True):
    """Headers: one by its name and value, or all that an expression gives."""

    header_name: str = ""
    """Name of the header."""

    header_value: str = ""
    """Its value."""

    expression: str = ""
    """JSONata that gives an object of headers, over ``url``, ``requestOptions`` and ``context``."""


class QueryConfig(Config, frozen=True, kw_only=True):
    """A query parameter."""

    name: Word
    """Name of the parameter."""

    value: Word
    """Its value, such as ``{{credentials.api_key}}``."""


AUTHORIZATION: Mapping[str, type[Config]] = {
    "bearer": BearerConfig,
    "basic": BasicConfig,
    "header": HeaderConfig,
    "query": QueryConfig,
    "none": Config,
}


# -- credentials -----------------------------------------------------------------------------------------------------


class Option(Config, frozen=True, kw_only=True):
    """One of several values to choose from."""

    label: str = ""
    """What people see."""

    value: str
    """What it stands for."""


class CredentialField(Config, frozen=True, kw_only=True):
    """Something that an account has to have: a key, the name of a customer's site."""

    name: Word
    """What placeholders call it: ``{{credentials.NAME}}``."""

    label: str = ""
    """What people see."""

    type: Literal["text", "password", "single_select"] = "text"
    """How it is asked for."""

    required: bool = True
    """Whether it has to be there."""

    default: Any = ""
    """What it is unless told."""

    format: Literal["", "email", "number", "uuid", "url"] = ""
    """What it has to look like."""

    transform: Literal["", "lowercase", "uppercase", "sha256"] = ""
    """What is made of it before it is kept."""

    placeholder: str = ""
    """An example, for people."""

    help_text: str = ""
    """A sentence, for people."""

    pattern: str = ""
    """A regular expression that it has to fit."""

    options: tuple[Option, ...] = ()
    """What there is to choose from: ``label`` and ``value``."""


class Client(Config, frozen=True, kw_only=True):
    """The app that an OAuth server knows."""

    id: str = ""
    secret: str = ""


class Hosts(Config, frozen=True, kw_only=True):
    """Where an OAuth server is."""

    tokenHost: Word  # noqa: N815 - as the wire has it
    tokenPath: str = "/oauth/token"  # noqa: N815 - likewise
    authorizeHost: str = ""  # noqa: N815
    authorizePath: str = ""  # noqa: N815
    refreshPath: str = ""  # noqa: N815


class OAuthOptions(Config, frozen=True, kw_only=True):
    """How an OAuth server wants to be asked."""

    scopeSeparator: str = " "  # noqa: N815
    authorizationMethod: Literal["header", "body"] = "header"  # noqa: N815
    bodyFormat: Literal["form", "json"] = "form"  # noqa: N815


class CredentialsConfig(Config, frozen=True, kw_only=True):
    """What an account has to have."""

    fields: tuple[CredentialField, ...] = ()
    """What is asked for when an account is added."""

    client: Client = Client()
    """The app's ``id`` and ``secret`` (OAuth 2); better placeholders, and the values in the account."""

    auth: Hosts | None = None
    """``tokenHost``, ``tokenPath``, ``authorizeHost``, ``authorizePath``, ``refreshPath`` (OAuth 2)."""

    scope: tuple[str, ...] = ()
    """What is asked to be allowed (OAuth 2)."""

    options: OAuthOptions = OAuthOptions()
    """``scopeSeparator``, ``authorizationMethod`` (header, body), ``bodyFormat`` (form, json)."""

    tokenParams: dict[str, Any] = {}  # noqa: N815
    """Further parameters with which a token is asked for."""

    refreshParams: dict[str, Any] = {}  # noqa: N815
    """Further parameters with which a token is refreshed."""

    documentation_link: str = ""
    """Where people read how to get credentials."""

    permissions_text: str = ""
    """What people are told that the account will be used for."""


# -- webhooks and actions --------------------------------------------------------------------------------------------


class Webhook(Config, frozen=True, kw_only=True):
    """What the API sends by itself."""

    signature_verification: dict[str, Any] = {}
    handle_verification: str = ""
    payload_transform: str = ""


class ActionStep(Config, frozen=True, kw_only=True):
    """One step of an action."""

    type: Literal["request", "transform", "update_context", "set_context", "get_context", "form"]
    name: str = ""
    run_if: str = ""
    config: dict[str, Any] = {}


class CustomAction(Config, frozen=True, kw_only=True):
    """What is done in steps."""

    steps: tuple[ActionStep, ...]
