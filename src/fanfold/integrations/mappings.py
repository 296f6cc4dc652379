"""What one method of a unified resource means at one integration: read from a declaration, checked, compiled once.

A mapping says which resource and method of the API to ask, and how query, body and answer are translated. Fields and
their names are those that mappings of this kind have elsewhere; what we do not have is refused by name rather than
left undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from fanfold.errors import ExpressionError
from fanfold.expressions.evaluator import Evaluator, Expression

EVERY = "*"
"""Stands for a method: what all methods of a resource have in common, below what each says itself."""

Complaint = tuple[str, str]
"""Where in the mapping, such as ``before.0.type``, and what was expected there."""

EXPRESSIONS = (
    "query_mapping",
    "request_body_mapping",
    "path_mapping",
    "request_header_mapping",
    "response_mapping",
    "error_mapping",
    "is_partial_expression",
)
OBJECTS = ("query", "query_schema", "request_body_schema")
TEXTS = ("description", "documentation_link")
OTHERS = ("resource", "method", "body", "before", "after", "per_record")
NOT_HERE = {
    "side_load": "further calls for each record are not made here: let an entry of the batch depend on this one",
    "file_upload": "files are not uploaded through unified resources: use the resource of the API itself",
    "response_mapping_method": "response_mapping is always JSONata; for one record at a time say per_record: true",
    "response_header_mapping": "headers of answers are not mapped",
}


class Chosen(Struct, frozen=True):
    """A resource or method that depends on what is asked; it has to be one of ``allowed``, unless that is empty."""

    expression: Expression
    allowed: tuple[str, ...] = ()


class Step(Struct, frozen=True):
    """Something worked out before or after the call; others know it by its ``name``."""

    name: str
    expression: Expression
    run_if: Expression | None = None


class MethodMapping(Struct, frozen=True, kw_only=True):
    """One method of a unified resource, as one integration answers it.

    ``model``, ``resource`` and ``method`` are what is asked; ``proxy_resource`` and ``proxy_method`` what of the API is
    called instead. ``query`` and ``body`` are defaults. ``per_record``: the response mapping is worked out for each
    record rather than once for the whole answer.
    """

    model: str
    resource: str
    method: str
    proxy_resource: str | Chosen
    proxy_method: str | Chosen
    query: dict[str, Any] = {}
    body: Any = None
    query_mapping: Expression | None = None
    request_body_mapping: Expression | None = None
    path_mapping: Expression | None = None
    request_header_mapping: Expression | None = None
    response_mapping: Expression | None = None
    error_mapping: Expression | None = None
    is_partial_expression: Expression | None = None
    per_record: bool = False
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    query_schema: dict[str, Any] = {}
    request_body_schema: dict[str, Any] = {}
    description: str = ""
    documentation_link: str = ""

    @property
    def title(self) -> str:
        """What it is called in messages, such as ``ticketing/tickets list``."""
        return f"{self.model}/{self.resource} {self.method}"


def check_mapping(config: Any, evaluator: Evaluator | None) -> list[Complaint]:
    """Everything that is wrong with a mapping as written; empty where nothing is.

    Without an evaluator expressions are taken to be right.
    """
    return read_mapping("", "", "", config, evaluator)[1]


def read_mapping(
    model: str, resource: str, method: str, config: Any, evaluator: Evaluator | None
) -> tuple[MethodMapping, list[Complaint]]:
    """A mapping, compiled as far as it can be, and what is wrong with it."""
    reader = _Reader(config, evaluator)
    parts: dict[str, Any] = {name: reader.expression(name, reader.config.get(name)) for name in EXPRESSIONS}
    parts |= {name: reader.of_type(name, dict, "an object") or {} for name in OBJECTS}
    parts |= {name: reader.of_type(name, str, "text") or "" for name in TEXTS}
    mapping = MethodMapping(
        model=model,
        resource=resource,
        method=method,
        proxy_resource=reader.chosen("resource", resource, "resources"),
        proxy_method=reader.chosen("method", method, "methods"),
        body=reader.config.get("body"),
        per_record=reader.flag("per_record"),
        before=reader.steps("before"),
        after=reader.steps("after"),
        **parts,
    )
    return mapping, reader.complaints


class _Reader:
    """Reads the parts of one mapping and notes what is wrong with them."""

    def __init__(self, config: Any, evaluator: Evaluator | None) -> None:
        self.complaints: list[Complaint] = []
        self._evaluator = evaluator
        self.config: Mapping[str, Any] = config if isinstance(config, Mapping) else {}
        if not isinstance(config, Mapping):
            self.complain("", "expected an object with resource, method and mappings")
        for name in self.config:
            if name in NOT_HERE:
                self.complain(name, NOT_HERE[name])
            elif name not in {*EXPRESSIONS, *OBJECTS, *TEXTS, *OTHERS}:
                known = ", ".join(sorted((*EXPRESSIONS, *OBJECTS, *TEXTS, *OTHERS)))
                self.complain(str(name), f"there is no such field; there are {known}")

    def complain(self, path: str, message: str) -> None:
        self.complaints.append((path, message))

    def of_type(self, name: str, kind: type, words: str) -> Any:
        value = self.config.get(name)
        if value is None or isinstance(value, kind):
            return value
        self.complain(name, f"expected {words}")
        return None

    def flag(self, name: str) -> bool:
        return bool(self.of_type(name, bool, "true or false"))

    def expression(self, path: str, source: Any) -> Expression | None:
        if source is None:
            return None
        if not isinstance(source, str) or not source.strip():
            self.complain(path, "expected a JSONata expression as text")
            return None
        if self._evaluator is None:
            return None
        try:
            return self._evaluator.compile(source)
        except ExpressionError as error:
            where = "" if error.position is None else f" (at character {error.position + 1})"
            self.complain(path, f"no expression that can be worked out: {error.message}{where}")
            return None

    def chosen(self, name: str, default: str, allowed_name: str) -> str | Chosen:
        """A name as text, or an expression that gives one of those listed."""
        value = self.config.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value:
            return value
        if not isinstance(value, Mapping) or "expression" not in value:
            self.complain(name, f"expected a name, or an object with expression and {allowed_name}")
            return default
        for key in value:
            if key not in ("expression", allowed_name):
                self.complain(f"{name}.{key}", f"there is no such field; there are expression and {allowed_name}")
        allowed = value.get(allowed_name)
        if not _is_names(allowed) and not (allowed is None and name == "method"):
            self.complain(f"{name}.{allowed_name}", "expected a list of the names that the expression may give")
            allowed = None
        expression = self.expression(f"{name}.expression", value["expression"])
        return default if expression is None else Chosen(expression, tuple(allowed or ()))

    def steps(self, name: str) -> tuple[Step, ...]:
        """The steps before or after the call; only those that ask for nothing."""
        value = self.config.get(name) or []
        if not isinstance(value, list):
            self.complain(name, "expected a list of steps")
            return ()
        read = [self._step(f"{name}.{index}", step, index) for index, step in enumerate(value)]
        steps = tuple(step for step in read if step is not None)
        names = [step.name for step in steps]
        for repeated in sorted({one for one in names if names.count(one) > 1}):
            self.complain(name, f"two steps are called {repeated!r}")
        return steps

    def _step(self, path: str, step: Any, index: int) -> Step | None:
        if not isinstance(step, Mapping):
            self.complain(path, "expected an object with type and config")
            return None
        kind = step.get("type")
        if kind != "transform":
            message = f"steps of type {kind!r} are not carried out here, only transform"
            if kind == "request":
                message += "; let an entry of the batch depend on one that makes the call"
            self.complain(f"{path}.type", message)
            return None
        config = step.get("config")
        source = config.get("expression") if isinstance(config, Mapping) else config
        if source is None:
            self.complain(f"{path}.config", "expected an object with expression, or an expression")
            return None
        expression = self.expression(f"{path}.config", source)
        run_if = self.expression(f"{path}.run_if", step.get("run_if"))
        title = step.get("name", str(index))
        if not isinstance(title, str):
            self.complain(f"{path}.name", "expected text")
            return None
        return None if expression is None else Step(title, expression, run_if)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


def leads_astray(
    resource: str, method: str, config: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]]
) -> list[Complaint]:
    """What a mapping calls that is not declared. ``declared`` has the methods of each resource by name."""
    name, verb = config.get("resource", resource), config.get("method", method)
    names = name.get("resources", []) if isinstance(name, Mapping) else [name]
    verbs = verb.get("methods", []) if isinstance(verb, Mapping) else [verb]
    found: list[Complaint] = []
    for one in names:
        there = declared.get(one)
        if there is None:
            found.append(("resource", f"the integration has no resource {one!r}"))
            continue
        missing = [verb for verb in verbs if verb not in there]
        found += [("method", f"{one} has no method {verb!r}; it has {', '.join(there)}") for verb in missing]
    return found


def layered(*layers: Any) -> dict[str, Any]:
    """Objects laid over each other, later ones winning: objects merge, anything else is replaced, null takes away."""
    result: dict[str, Any] = {}
    for layer in layers:
        if not isinstance(layer, Mapping):
            continue
        for name, value in layer.items():
            if value is None:
                result.pop(name, None)
            elif isinstance(value, Mapping):
                below = result.get(name)
                result[name] = layered(below if isinstance(below, dict) else {}, value)
            else:
                result[name] = value
    return result
