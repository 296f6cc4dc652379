"""Unified models: which resources there are, whatever the API behind, and what their records look like."""

from fanfold.integrations.models.model import Field, Model, Resource, default_schemas, json_schema
from fanfold.integrations.models.reading import read_model, shipped_models

__all__ = ["Field", "Model", "Resource", "default_schemas", "json_schema", "read_model", "shipped_models"]
