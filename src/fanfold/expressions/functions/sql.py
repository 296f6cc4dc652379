"""Rows of databases that answer with columns apart."""

from __future__ import annotations

from typing import Any

from fanfold.expressions.functions.arguments import Unsuitable, array, key_text


def zip_sql_response(columns: Any = None, rows: Any = None, key: Any = None) -> list[dict[str, Any]]:
    """An object for each row; ``key`` is the member of a column that holds its name, where columns are objects."""
    if columns is None or rows is None:
        raise Unsuitable("$zipSqlResponse takes columns and rows")
    names = [
        key_text(column.get(key) if isinstance(column, dict) else column) for column in array(columns, "zipSqlResponse")
    ]
    return [dict(zip(names, array(row, "zipSqlResponse"), strict=False)) for row in array(rows, "zipSqlResponse")]


FUNCTIONS = {"zipSqlResponse": zip_sql_response}
