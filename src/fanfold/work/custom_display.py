"""The text that stands for a custom field's value, whatever its type: what ``display_value`` holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fanfold.work.schema import Document

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "VND": "₫"}


def display(field: Document, value: Any, names: list[str]) -> str | None:
    """``value`` of the custom field ``field`` as text, or None where there is none.

    ``names`` are those of the options, people or objects that the value stands for.
    """
    if value is None:
        return None
    kind = field["type"]
    if kind == "text":
        return str(value)
    if kind == "number":
        return _number(field, value)
    if kind == "date":
        return str(value.get("date_time") or value["date"])
    return ", ".join(names) or None


def _number(field: Document, value: float) -> str:
    precision = field.get("precision") or 0
    form = field.get("format")
    if form == "percentage":
        return f"{value * 100:.{precision}f}%"
    if form == "duration":
        return _duration(round(value))
    written = f"{value:.{precision}f}"
    if form == "currency":
        code = field.get("currency_code") or ""
        return f"{_SYMBOLS[code]}{written}" if code in _SYMBOLS else f"{code} {written}".strip()
    label = field.get("custom_label")
    if form == "custom" and label:
        return f"{label} {written}" if field.get("custom_label_position") == "prefix" else f"{written} {label}"
    return written


def _duration(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else ""
    return sign + (f"{hours}h {rest}m" if hours and rest else f"{hours}h" if hours else f"{rest}m")
