"""Points in time. Between functions they are text in ISO 8601, so that whatever is done with them is JSON.

What other systems write as methods of a date, ``$dtFromIso(x).plus({"days": 1}).toISO()``, are functions here whose
context is what stands before the dot; ``programs.py`` makes the one of the other.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from fanfold.expressions.functions.arguments import NULL, Unsuitable, members, string

_MONTHS = tuple(calendar.month_name)
_DAYS = tuple(calendar.day_name)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}")
_TOKENS = re.compile(
    r"'[^']*+'|(yyyy|yy|y|MMMM|MMM|MM|M|dd|d|EEEE|EEE|HH|H|hh|h|mm|m|ss|s|SSS|S|ZZZ|ZZ|Z|a|X|x)|.", re.DOTALL
)
_UNITS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds")
_PATTERNS = {
    "yyyy": r"\d{4}", "yy": r"\d{2}", "y": r"\d{1,4}", "MM": r"\d{2}", "M": r"\d{1,2}",
    "dd": r"\d{2}", "d": r"\d{1,2}", "HH": r"\d{2}", "H": r"\d{1,2}", "hh": r"\d{2}", "h": r"\d{1,2}",
    "mm": r"\d{2}", "m": r"\d{1,2}", "ss": r"\d{2}", "s": r"\d{1,2}", "SSS": r"\d{3}", "S": r"\d{1,3}",
    "a": r"[AaPp][Mm]", "ZZZ": r"[+-]\d{4}", "ZZ": r"[+-]\d{2}:\d{2}", "Z": r"[+-]\d{1,2}(?::?\d{2})?",
    "MMMM": "|".join(_MONTHS[1:]), "MMM": "|".join(name[:3] for name in _MONTHS[1:]),
    "EEEE": "|".join(_DAYS), "EEE": "|".join(name[:3] for name in _DAYS), "X": r"\d{1,11}", "x": r"\d{1,14}",
}  # fmt: skip


def _zone(name: Any) -> Any:
    if name is None or name in ("utc", "UTC", "local"):
        return UTC
    offset = re.fullmatch(r"UTC([+-])(\d{1,2})(?::(\d{2}))?", str(name))
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes))
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        raise Unsuitable(f"There is no time zone {str(name)[:50]}") from None


def written(moment: datetime, *, zulu: bool = False) -> str:
    """A moment in ISO 8601, to the millisecond."""
    text = moment.isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z" if zulu else text


def read(value: Any) -> datetime | None:
    """The moment that text in ISO 8601 stands for, in UTC where it does not say where; None for other text."""
    if not isinstance(value, str) or not _ISO.match(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(value: Any) -> datetime:
    moment = read(value)
    if moment is None:
        raise Unsuitable("There is no date before the dot")
    return moment


def from_iso(value: Any = None, zone: Any = None) -> Any:
    """A date in ISO 8601, in a time zone (UTC where none is named); null for what is none."""
    moment = read(value)
    try:
        if (
            moment is not None
            and isinstance(value, str)
            and zone is not None
            and not re.search(r"(Z|[+-]\d{2}:?\d{2})$", value[10:])
        ):
            return written(moment.replace(tzinfo=_zone(zone)))
        return NULL if moment is None else written(moment.astimezone(_zone(zone)))
    except OverflowError:
        return NULL


def from_format(value: Any = None, form: Any = None) -> Any:
    """A date written after a form such as ``dd/MM/yyyy``; null for what is not written so."""
    if not isinstance(value, str):
        return NULL
    names: list[str] = []
    pattern = ""
    for found in _TOKENS.finditer(string(form, "dtFromFormat")):
        if found[1]:
            names.append(found[1])
            pattern += f"({_PATTERNS[found[1]]})"
        else:
            pattern += re.escape(found[0].strip("'") if len(found[0]) > 1 else found[0])
    if len(names) > 30:
        raise Unsuitable("$dtFromFormat takes a form of at most 30 parts")
    match = re.fullmatch(pattern, value, re.IGNORECASE | re.ASCII)
    if match is None:
        return NULL
    try:
        return written(_put_together(dict(zip(names, match.groups(), strict=True))))
    except (ValueError, OverflowError):
        return NULL


def _put_together(parts: dict[str, str]) -> datetime:
    if "X" in parts or "x" in parts:
        return datetime.fromtimestamp(int(parts["X"]) if "X" in parts else int(parts["x"]) / 1000, UTC)

    def number(*names: str, default: int) -> int:
        return next((int(parts[name]) for name in names if name in parts), default)

    year = number("yyyy", "y", "yy", default=datetime.now(UTC).year)
    if "yy" in parts:
        year += 1900 if year > 60 else 2000
    month = number("MM", "M", default=1)
    named = (parts.get("MMMM") or parts.get("MMM") or "")[:3].title()
    if named:
        month = next(index for index, name in enumerate(_MONTHS) if name[:3] == named)
    hour = number("HH", "H", "hh", "h", default=0)
    if "a" in parts:
        hour = hour % 12 + (12 if parts["a"].lower() == "pm" else 0)
    milliseconds = number("SSS", "S", default=0)
    moment = datetime(
        year, month, number("dd", "d", default=1), hour, number("mm", "m", default=0), number("ss", "s", default=0),
        milliseconds * 1000, UTC,
    )  # fmt: skip
    offset = parts.get("ZZ") or parts.get("ZZZ") or parts.get("Z")
    if offset:
        digits = offset[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
        moment -= timedelta(minutes=minutes if offset[0] == "+" else -minutes)
    return moment


def to_format(value: Any, form: Any = None) -> str:
    """A date written after a form."""
    moment = _moment(value)
    parts = [
        _part(moment, found[1]) if found[1] else found[0].strip("'") or found[0]
        for found in _TOKENS.finditer(string(form, "toFormat"))
    ]
    return "".join(parts)


def _part(moment: datetime, token: str) -> str:
    hour = moment.hour % 12 or 12
    offset = moment.strftime("%z")
    numbers = {
        "y": moment.year, "M": moment.month, "d": moment.day, "H": moment.hour, "h": hour, "m": moment.minute,
        "s": moment.second, "S": moment.microsecond // 1000, "X": int(moment.timestamp()), "x": _millis(moment),
    }  # fmt: skip
    words = {
        "yy": f"{moment.year % 100:02}", "MMMM": _MONTHS[moment.month], "MMM": _MONTHS[moment.month][:3],
        "EEEE": _DAYS[moment.weekday()], "EEE": _DAYS[moment.weekday()][:3], "a": "AM" if moment.hour < 12 else "PM",
        "ZZZ": offset[:5], "ZZ": f"{offset[:3]}:{offset[3:5]}",
        "Z": f"{int(offset[:3]):+d}" + (f":{offset[3:5]}" if offset[3:5] != "00" else ""),
    }  # fmt: skip
    return words[token] if token in words else f"{numbers[token[0]]:0{len(token)}}"


def _millis(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _shifted(value: Any, by: Any, sign: int) -> str:
    moment = _moment(value)
    given = {name if name.endswith("s") else name + "s": amount for name, amount in members(by, "plus").items()}
    if not all(name in _UNITS and isinstance(amount, int | float) for name, amount in given.items()):
        raise Unsuitable(f"An amount of time has numbers of {', '.join(_UNITS)}")
    try:
        months = sign * int(given.pop("years", 0) * 12 + given.pop("months", 0))
        year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
        day = min(moment.day, calendar.monthrange(year, month + 1)[1])
        moment = moment.replace(year=year, month=month + 1, day=day)
        return written(moment + sign * timedelta(**given))
    except (ValueError, OverflowError, calendar.IllegalMonthError):
        raise Unsuitable("The date is out of range") from None


def plus(value: Any, by: Any = None) -> str:
    """A date so much later."""
    return _shifted(value, by, 1)


def minus(value: Any, by: Any = None) -> str:
    """A date so much earlier."""
    return _shifted(value, by, -1)


def _start(moment: datetime, unit: Any) -> datetime:
    unit = str(unit).rstrip("s")
    if unit == "week":
        moment -= timedelta(days=moment.weekday())
    fresh = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    kept = {"year": {"month": 1, "day": 1, **fresh}, "month": {"day": 1, **fresh}, "week": fresh, "day": fresh}
    kept |= {"hour": {"minute": 0, "second": 0, "microsecond": 0}, "minute": {"second": 0, "microsecond": 0}}
    kept |= {
        "second": {"microsecond": 0},
        "quarter": {"month": moment.month - (moment.month - 1) % 3, "day": 1, **fresh},
    }
    if unit not in kept:
        raise Unsuitable(f"A unit of time is one of {', '.join(kept)}")
    return moment.replace(**kept[unit])  # type: ignore[arg-type]


def start_of(value: Any, unit: Any = None) -> str:
    """Where the year, month, day and so on of a date begins."""
    return written(_start(_moment(value), unit))


def end_of(value: Any, unit: Any = None) -> str:
    """The last millisecond of the year, month, day and so on of a date."""
    begun = written(_start(_moment(value), unit))
    name = str(unit).rstrip("s")
    after = plus(begun, {"months": 3} if name == "quarter" else {name + "s": 1})
    return minus(after, {"milliseconds": 1})


def diff(value: Any, other: Any = None, unit: Any = "milliseconds") -> dict[str, float]:
    """How much later a date is than another, in weeks or smaller units: an object with that one member."""
    name = str(unit) if str(unit).endswith("s") else f"{unit}s"
    if name not in _UNITS[2:]:
        raise Unsuitable(f"A difference is in one of {', '.join(_UNITS[2:])}")
    return {name: (_moment(value) - _moment(other)) / timedelta(**{name: 1})}


def _reader(shown: Callable[[datetime], Any]) -> Callable[[Any], Any]:
    def method(value: Any) -> Any:
        moment = read(value)
        return NULL if moment is None else shown(moment)

    return method


def set_zone(value: Any, zone: Any = None) -> str:
    """The same moment in another time zone."""
    return written(_moment(value).astimezone(_zone(zone)))


METHODS: dict[str, Callable[..., Any]] = {
    "plus": plus,
    "minus": minus,
    "startOf": start_of,
    "endOf": end_of,
    "diff": diff,
    "setZone": set_zone,
    "toFormat": to_format,
    "toISO": lambda value: NULL if read(value) is None else value,
    "toUTC": _reader(lambda moment: written(moment.astimezone(UTC), zulu=True)),
    "toJSDate": _reader(lambda moment: written(moment.astimezone(UTC), zulu=True)),
    "toISODate": _reader(lambda moment: moment.date().isoformat()),
    "toISOTime": _reader(lambda moment: written(moment)[11:]),
    "toMillis": _reader(_millis),
    "toSeconds": _reader(lambda moment: _millis(moment) / 1000),
}
"""By the names that they have as methods."""

PROPERTIES: dict[str, Callable[[datetime], Any]] = {
    "year": lambda moment: moment.year,
    "month": lambda moment: moment.month,
    "day": lambda moment: moment.day,
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
    "weekday": lambda moment: moment.isoweekday(),
}

FUNCTIONS: dict[str, Callable[..., Any]] = {"dtFromIso": from_iso, "dtFromFormat": from_format}
