"""What can be known of unified resources before asking them: fields, filters, methods, mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfold.errors import RequestError
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.mappings import check_mapping, leads_astray
from fanfold.integrations.models import Model, Resource, json_schema
from fanfold.integrations.unified import UnifiedMapper


def describe_model(
    mapper: UnifiedMapper, model: str, declaration: Declaration, override: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """All resources of a model that an integration has, with their methods; ``RequestError`` 404 for none such."""
    known = _model(mapper, model)
    resources = []
    for name, resource in known.resources.items():
        configs = mapper.configs(declaration, model, name, override)
        if configs:
            methods = {method: _described(resource, method, config) for method, config in configs.items()}
            resources.append({"name": name, "description": resource.description, "methods": methods})
    return {
        "model": model,
        "label": known.label,
        "description": known.description,
        "integration": declaration.name,
        "resources": resources,
    }


def describe_method(
    mapper: UnifiedMapper,
    declaration: Declaration,
    title: tuple[str, str, str],
    override: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One method: ``title`` is its model, resource and name. Raises ``RequestError`` 404, saying which there are."""
    model, name, method = title
    resource = _model(mapper, model).resources.get(name)
    configs = mapper.configs(declaration, model, name, override)
    if method not in configs:
        there = f"there are {', '.join(configs)}" if configs else "it has no such resource"
        raise RequestError(f"{declaration.name} has no {model}/{name} {method}: {there}", status=404)
    return _described(resource or Resource(fields={}), method, configs[method])


def complaints_about(mapper: UnifiedMapper, declaration: Declaration, evaluator: Any) -> list[tuple[str, str]]:
    """What is wrong with the mappings of a declaration, each with its dotted path.

    Beyond each mapping alone: that its model has the resource, and the declaration what it says to call.
    """
    found: list[tuple[str, str]] = []
    for model, resources in declaration.unified.items():
        known = mapper.models.get(model)
        for resource, methods in resources.items():
            if known is not None and resource not in known.resources:
                message = f"{model} has no such resource; it has {', '.join(known.resources)}"
                found.append((f"unified.{model}.{resource}", message))
            whole = mapper.configs(declaration, model, resource)
            for method, config in methods.items():
                place = f"unified.{model}.{resource}.{method}"
                wrong = check_mapping(config, evaluator)
                found += [(f"{place}.{path}" if path else place, message) for path, message in wrong]
                if method in whole and not wrong:
                    astray = leads_astray(resource, method, whole[method], declaration.resources)
                    found += [(f"{place}.{path}", message) for path, message in astray]
    return found


def _model(mapper: UnifiedMapper, name: str) -> Model:
    known = mapper.models.get(name)
    if known is None:
        raise RequestError(f"There is no model {name!r}; there are {', '.join(mapper.models)}", status=404)
    return known


def _described(resource: Resource, method: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": method,
        "description": config.get("description", ""),
        "schema": json_schema(resource.fields),
        "documentation_link": config.get("documentation_link", ""),
        "resource": config.get("resource", ""),
        "response_mapping": config.get("response_mapping"),
        "query_mapping": config.get("query_mapping"),
        "request_body_mapping": config.get("request_body_mapping"),
        "query_schema": config.get("query_schema", {}),
        "request_body_schema": config.get("request_body_schema", {}),
        "default_query": config.get("query", {}),
        "default_body": config.get("body"),
    }
