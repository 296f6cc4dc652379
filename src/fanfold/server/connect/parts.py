"""The parts that calls to APIs are made with, put together once: what knows APIs, what fills in, what sends."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fanfold.expressions.evaluator import Evaluator
from fanfold.expressions.jsonata import JsonataEvaluator
from fanfold.integrations.accounts import Accounts
from fanfold.integrations.catalog import read_catalog
from fanfold.integrations.demo import DemoInside
from fanfold.integrations.inside import Inside
from fanfold.integrations.reading import declaration_from
from fanfold.integrations.seal import Seal, read_key
from fanfold.integrations.target import IntegrationsTarget
from fanfold.integrations.unified import UnifiedMapper
from fanfold.server.connect.declared import Integrations
from fanfold.server.connect.store import SealedAccounts
from fanfold.settings import Settings
from fanfold.targets.vetting import Vetting

if TYPE_CHECKING:
    from fanfold.work import SqliteStore


class Parts(Struct, frozen=True):
    """What stands behind the platform's endpoints."""

    evaluator: Evaluator
    accounts: Accounts
    integrations: Integrations
    mapper: UnifiedMapper
    target: Any
