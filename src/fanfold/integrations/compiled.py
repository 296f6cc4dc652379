"""Declarations made ready to be called: all that can be read, compiled or decided before a call is done here, once."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from fanfold.errors import NoSuchRoute
from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.authorization import Authorizer, authorizer_of
from fanfold.integrations.declaration import Authorization, Declaration, Method, Pagination
from fanfold.integrations.dotted import reading_of
from fanfold.integrations.pagination.choice import strategy_of
from fanfold.integrations.pagination.ranges import Ranges
from fanfold.integrations.pagination.strategy import Strategy
from fanfold.integrations.rates import RateRules
from fanfold.integrations.requests import Outline

READS = frozenset({"list", "get"})
_READING_VERBS = frozenset({"get", "head"})
_MOST_SHOWN = 40
"""Names in a message that says which there are."""


def writes(name: str, method: Method) -> bool:
    """Whether a method changes something."""
    return name not in READS and method.method not in _READING_VERBS


class CompiledMethod:
    """One method of one resource."""

    def __init__(self, integration: CompiledIntegration, resource: str, name: str, told: Method) -> None:
        declaration, evaluator = integration.declaration, integration.evaluator
        self.integration = integration
        self.resource = resource
        self.name = name
        self.told = told
        self.write = writes(name, told)
        self.lists = name == "list"
        self.outline = Outline(declaration, told)
        way = Authorization(format="none") if told.no_auth else told.authorization or declaration.authorization
        self.authorizer: Authorizer = authorizer_of(way, declaration.credentials, evaluator)
        self.records = reading_of(told.response_path, evaluator)
        error = declaration.error_expression if told.error_expression is None else told.error_expression
        self.error = evaluator.compile(error) if error else None
        paging = self._paging(declaration)
        self.strategy: Strategy | None = (
            None if paging is None else strategy_of(paging, declaration.manners.hosts, evaluator, told.pagination_path)
        )
        self.ends_with_416 = isinstance(self.strategy, Ranges)
        # Without a name of the API's own for it, "limit" is a parameter like any other.
        self.takes_limit = self.ends_with_416 or (paging is not None and bool(paging.config.get("limit_key")))

    def _paging(self, declaration: Declaration) -> Pagination | None:
        """Of what is no list only where the method itself says so."""
        if self.told.pagination is not UNSET:
            return self.told.pagination
        return declaration.pagination if self.lists else None


class CompiledIntegration:
    """One declaration. Its methods are compiled as they are first asked for."""

    def __init__(self, declaration: Declaration, evaluator: Evaluator, now: Callable[[], float]) -> None:
        self.declaration = declaration
        self.evaluator = evaluator
        choices = (declaration.credentials, *declaration.credentials_choices.values())
        self.oauth = any(each.format.startswith("oauth2") for each in choices)
        self.rules = RateRules(declaration.rate_limit, evaluator, now)
        self._methods: dict[tuple[str, str], CompiledMethod] = {}

    def method(self, resource: str, name: str) -> CompiledMethod:
        """The method; raises ``NoSuchRoute`` for one that is not declared, saying which are."""
        found = self._methods.get((resource, name))
        if found is None:
            methods = self.declaration.resources.get(resource)
            if methods is None:
                raise missing(f"{self.declaration.name} has no resource {resource[:100]!r}", self.declaration.resources)
            told = methods.get(name)
            if told is None:
                raise missing(f"{self.declaration.name}: {resource} has no method {name[:100]!r}", methods)
            found = self._methods[resource, name] = CompiledMethod(self, resource, name, told)
        return found


def missing(what: str, known: object) -> NoSuchRoute:
    """The error for something that is not declared, with what is."""
    names = sorted(map(str, known)) if isinstance(known, dict | tuple | list | frozenset) else []
    if not names:
        return NoSuchRoute(f"{what}; there are none")
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return NoSuchRoute(f"{what}; there are: {', '.join(names[:_MOST_SHOWN])}{more}")
