"""Amounts in the smallest unit of their currency."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

_TABLE = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
        "CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD "
        "HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP "
        "MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR "
        "SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED "
        "VES WST XCD YER ZAR ZMW ZWL"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Decimals, and the codes of ISO 4217 that have so many."""

_PLACES = {code: places for places, codes in _TABLE.items() for code in codes.split()}


def _places(currency: Any) -> int | None:
    return _PLACES.get(currency) if isinstance(currency, str) else None


def _amount(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount.adjusted()) < 30 else None


def to_subunit(value: Any = None, currency: Any = None) -> Any:
    """A whole number of the smallest unit, cut off; what has no known currency stays what it is."""
    places, amount = _places(currency), None if value is None or isinstance(value, bool) else _amount(value)
    return value if places is None or amount is None else int(amount.scaleb(places))


def from_subunit(value: Any = None, currency: Any = None) -> Any:
    """Text with as many decimals as the currency has; what has no known currency stays what it is."""
    places, amount = _places(currency), None if value is None or isinstance(value, bool) else _amount(value)
    return value if places is None or amount is None else f"{amount.scaleb(-places):.{places}f}"


FUNCTIONS = {"convertCurrencyToSubunit": to_subunit, "convertCurrencyFromSubunit": from_subunit}
