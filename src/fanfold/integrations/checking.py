"""Whether a whole declaration is right, part by part: every mistake at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.checks import Checks
from fanfold.integrations.configs import (
    AUTHORIZATION,
    PAGINATION,
    SPELLINGS,
    Config,
    CredentialsConfig,
    CustomAction,
    Webhook,
)
from fanfold.integrations.conforming import WRONG, Findings, conformed, nearest
from fanfold.integrations.declaration import Credentials, CredentialsFormat, Declaration
from fanfold.integrations.mappings import EVERY, check_mapping, layered, leads_astray
from fanfold.integrations.places import Place

MOST_METHODS = 5000
"""Methods of one declaration, all together."""

_EXPRESSIONS = ("_expression", "_path")
_UNHEEDED = frozenset({"allow_empty_page_cursor", "headers", "include_path", "use_content_hash"})
"""What pagination may say elsewhere, and nothing here acts upon."""


def checked(value: Any, evaluator: Evaluator | None, findings: Findings) -> Declaration | None:
    """The declaration that decoded JSON stands for, None where ``findings`` has mistakes afterwards."""
    if not isinstance(value, dict):
        conformed(value, Declaration, (), findings)
        return None
    value, choices = _split(value, findings)
    kept = conformed(value, Declaration, (), findings)
    credentials = {place: conformed(each, Credentials, place, findings) for place, each in choices.items()}
    credentials = {place: each for place, each in credentials.items() if each is not WRONG}
    _Part(findings, evaluator, _fields(credentials)).whole(kept, credentials)
    if findings.mistakes:
        return None
    if len(credentials) > 1:
        kept["credentials_choices"] = {each["format"]: each for each in credentials.values()}
    if credentials:
        kept["credentials"] = next(iter(credentials.values()))
    try:
        return msgspec.convert(kept, Declaration)
    except msgspec.ValidationError as error:
        findings.wrong((), f"{error}.")
        return None


def _split(value: dict[str, Any], findings: Findings) -> tuple[dict[str, Any], dict[Place, Any]]:
    """A declaration without its credentials, and these by place: there may be several, by format."""
    rest = {name: member for name, member in value.items() if name not in ("credentials", "credentials_choices")}
    choices = value.get("credentials_choices")
    if isinstance(choices, dict) and choices:
        return rest, _by_format(choices, ("credentials_choices",), findings)
    written = value.get("credentials", WRONG)
    if written is WRONG:
        return rest, {}
    if isinstance(written, dict) and written and not {"format", "config"} & written.keys():
        return rest, _by_format(written, ("credentials",), findings)
    return rest, {("credentials",): written}


def _by_format(written: dict[str, Any], place: Place, findings: Findings) -> dict[Place, Any]:
    found: dict[Place, Any] = {}
    for name, each in written.items():
        if name not in get_args(CredentialsFormat):
            known = ", ".join(get_args(CredentialsFormat))
            findings.wrong((*place, name), f"there is no such format of credentials, only {known}.")
        else:
            found[(*place, name)] = {"format": name, **each} if isinstance(each, dict) else each
    return found


def _fields(credentials: Mapping[Place, Any]) -> frozenset[str] | None:
    """The names of all fields that accounts are asked for, None where none are named."""
    names = {
        field["name"]
        for each in credentials.values()
        for field in _list(each.get("config", {}).get("fields"))
        if isinstance(field, dict) and isinstance(field.get("name"), str)
    }
    return frozenset(names) or None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


class _Part(Checks):
    """The checks of each part; what they are given has the right shape, as far as it is there."""

    def whole(self, kept: dict[str, Any], credentials: Mapping[Place, Any]) -> None:
        """The declaration itself."""
        self.base_url(kept.get("base_url"), ("base_url",))
        self.headers(kept.get("headers", {}), ("headers",))
        self.query(kept.get("query", {}), ("query",))
        for place, each in credentials.items():
            self.credentials(each, place)
        self.authorization(kept.get("authorization"), ("authorization",))
        self.pagination(kept.get("pagination"), ("pagination",))
        for name, source in kept.get("rate_limit", {}).items():
            self.expression(source, ("rate_limit", name))
        self.expression(kept.get("error_expression"), ("error_expression",))
        self.hosts(kept.get("manners", {}).get("hosts", []), ("manners", "hosts"))
        resources = kept.get("resources", {})
        if sum(map(len, resources.values())) > MOST_METHODS:
            self.findings.wrong(("resources",), f"more than {MOST_METHODS} methods; declare what is used.")
            return
        for resource, methods in resources.items():
            self.name(resource, "resource", ("resources", resource))
            for name, method in methods.items():
                self.name(name, "method", ("resources", resource, name))
                self.method(method, ("resources", resource, name))
        for model, resources in kept.get("unified", {}).items():
            for resource, methods in resources.items():
                self.mappings(resource, methods, kept.get("resources", {}), ("unified", model, resource))
        self.webhook(kept.get("webhook", {}), ("webhook",))
        for name, action in kept.get("actions", {}).items():
            self.action(action, ("actions", name))

    def method(self, method: dict[str, Any], place: Place) -> None:
        """One method of a resource."""
        self.path(method.get("path"), (*place, "path"))
        if method.get("base_url"):
            self.base_url(method["base_url"], (*place, "base_url"))
        self.headers(method.get("headers", {}), (*place, "headers"))
        self.query(method.get("query", {}), (*place, "query"))
        self.template(method.get("body"), (*place, "body"))
        self.template(method.get("body_format_config"), (*place, "body_format_config"))
        for name in ("response_path", "pagination_path", "error_expression"):
            self.expression(method.get(name), (*place, name))
        self.authorization(method.get("authorization"), (*place, "authorization"))
        self.pagination(method.get("pagination"), (*place, "pagination"))
        if method.get("body") is not None and (method.get("ignore_body") or method.get("set_body_to_null")):
            self.findings.doubtful((*place, "body"), "is never sent: ignore_body or set_body_to_null is set.")

    def credentials(self, credentials: dict[str, Any], place: Place) -> None:
        """What an account has to have."""
        place = (*place, "config")
        config = conformed(credentials.get("config", {}), CredentialsConfig, place, self.findings)
        if config is WRONG:
            return
        for name in ("client", "auth", "tokenParams", "refreshParams"):
            self.template(config.get(name), (*place, name))
        self.secret("secret", config.get("client", {}).get("secret"), (*place, "client", "secret"))
        if str(credentials.get("format")).startswith("oauth2"):
            host = (config.get("auth") or {}).get("tokenHost")
            if "auth" not in credentials.get("config", {}):
                self.findings.wrong((*place, "auth"), "OAuth 2 needs tokenHost: where tokens are to be had.")
            self.base_url(host, (*place, "auth", "tokenHost"))

    def authorization(self, authorization: dict[str, Any] | None, place: Place) -> None:
        """How a request says who asks."""
        if authorization is None:
            return
        place = (*place, "config")
        form = authorization.get("format", "bearer")
        config = self.config(authorization.get("config", {}), AUTHORIZATION, form, place)
        self.expression(config.pop("expression", ""), (*place, "expression"))
        self.template(config, place)
        if form == "header":
            written = authorization.get("config", {})
            if not written.get("expression") and not (written.get("header_name") and "header_value" in written):
                self.findings.wrong(place, "expected header_name and header_value, or expression.")
            if config.get("header_name"):
                self.header_name(config["header_name"], (*place, "header_name"))
        for name in ("token", "password", "header_value", "value"):
            self.secret("secret", config.get(name), (*place, name))

    def pagination(self, pagination: dict[str, Any] | None, place: Place) -> None:
        """How lists go on; its config is rewritten in the names of the API description."""
        if pagination is None or not {"format"} <= pagination.keys():
            return
        place = (*place, "config")
        form = pagination["format"]
        config = self.config(pagination.get("config", {}), PAGINATION, form, place)
        pagination["config"] = config
        for name, source in config.items():
            if name in _UNHEEDED:
                self.findings.doubtful((*place, name), "nothing is done about this here.")
            elif name.endswith(_EXPRESSIONS):
                self.expression(source, (*place, name))
        if form == "cursor" and not config.get("cursor_key") and not config.get("is_link"):
            self.findings.wrong((*place, "cursor_key"), "is missing; it has to be there, or is_link.")
        if form == "dynamic" and not any(name.endswith("_expression") and config[name] for name in config):
            self.findings.wrong(
                place, "expected get_pagination_values_expression, or get_cursor_from_response_expression."
            )

    def config(
        self, written: dict[str, Any], kinds: Mapping[str, type[Config]], form: str, place: Place
    ) -> dict[str, Any]:
        """What a config holds that fits its format, in the names of the API description."""
        spelled = {SPELLINGS.get(name, name): name for name in written}
        for name in written.keys() - spelled.values():
            self.findings.wrong((*place, name), f"is {spelled[SPELLINGS.get(name, name)]}, which is there as well.")
        trial = Findings()
        found = conformed({name: written[old] for name, old in spelled.items()}, kinds[form], place, trial)
        depth, known = len(place), kinds[form].__struct_fields__
        guides = [name for name, stands_for in SPELLINGS.items() if stands_for in known]
        for finding in trial.mistakes:
            top = finding.place[depth : depth + 1]
            written_as = tuple(spelled.get(str(name), name) for name in top)
            told = finding.message
            if top and top[0] not in known and len(finding.place) == depth + 1:
                told = f"there is no such field.{nearest(top[0], [*known, *guides])}"
            told += f" (format {form})" if top else ""
            self.findings.wrong((*place, *written_as, *finding.place[depth + 1 :]), told)
        return dict(found) if isinstance(found, dict) else {}

    def hosts(self, hosts: list[str], place: Place) -> None:
        """Names of hosts, without anything around."""
        for number, host in enumerate(hosts):
            if not host or not all(part.replace("-", "").isalnum() for part in host.split(".")):
                self.findings.wrong((*place, number), f"expected the name of a host, not {host!r}.")

    def mappings(self, resource: str, methods: dict[str, Any], declared: dict[str, Any], place: Place) -> None:
        """How the methods of a unified resource are answered: each mapping alone, and whether it leads somewhere."""
        for name, mapping in methods.items():
            wrong = check_mapping(mapping, self.evaluator)
            if name != EVERY and not wrong:
                wrong = leads_astray(resource, name, layered(methods.get(EVERY), mapping), declared)
            for where, message in wrong:
                parts = [int(part) if part.isdecimal() else part for part in where.split(".") if part]
                self.findings.wrong((*place, name, *parts), message)

    def webhook(self, webhook: dict[str, Any], place: Place) -> None:
        """What the API sends by itself."""
        kept = conformed(webhook, Webhook, place, self.findings)
        for name in ("handle_verification", "payload_transform"):
            self.expression(kept.get(name), (*place, name))

    def action(self, action: Any, place: Place) -> None:
        """What is done in steps."""
        kept = conformed(action, CustomAction, place, self.findings)
        if kept is WRONG:
            return
        for number, step in enumerate(kept.get("steps", [])):
            where = (*place, "steps", number)
            self.expression(step.get("run_if"), (*where, "run_if"))
            self.expression(step.get("config", {}).get("expression"), (*where, "config", "expression"))
