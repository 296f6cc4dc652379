"""Which strategy a declaration asks for."""

from __future__ import annotations

from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.declaration import Pagination
from fanfold.integrations.pagination.cursors import Cursors, LinkHeaders
from fanfold.integrations.pagination.dynamic import Dynamic
from fanfold.integrations.pagination.numbers import Offsets, PageNumbers
from fanfold.integrations.pagination.ranges import Ranges
from fanfold.integrations.pagination.strategy import Strategy


def strategy_of(told: Pagination, hosts: tuple[str, ...], evaluator: Evaluator, within: str = "") -> Strategy:
    """The strategy. ``hosts`` is where links may lead besides, ``within`` a path below which cursors stand.

    Raises ``ExpressionError`` for an expression that is none.
    """
    config = told.config
    match told.format:
        case "page":
            return PageNumbers(config)
        case "offset":
            return Offsets(config)
        case "range":
            return Ranges(config)
        case "link_header":
            return LinkHeaders(config, hosts)
        case "cursor":
            return Cursors(config, hosts, evaluator, within)
        case "dynamic":
            return Dynamic(config, hosts, evaluator)
