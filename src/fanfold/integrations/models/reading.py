"""Reads models from YAML: those in the package, which are values to look at and no code."""

from __future__ import annotations

from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from fanfold.errors import SetupError
from fanfold.integrations.models.model import Model

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_model(text: bytes, source: str) -> Model:
    """A model from YAML; raises ``SetupError`` that says where in it something is wrong."""
    try:
        import yaml  # noqa: PLC0415 - the core install has none
    except ImportError:
        raise SetupError("Unified models are written in YAML: pip install 'fanfold[server]'") from None
    try:
        return msgspec.convert(yaml.safe_load(text), Model)
    except (yaml.YAMLError, msgspec.ValidationError, ValueError, RecursionError) as error:
        raise SetupError(f"{source}: {error}") from None


@cache
def shipped_models() -> Mapping[str, Model]:
    """The models that come with the package, by name."""
    directory = resources.files("fanfold.integrations") / "models"
    files = sorted((file for file in directory.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    models = [read_model(file.read_bytes(), file.name) for file in files]
    return MappingProxyType({model.name: model for model in models})
