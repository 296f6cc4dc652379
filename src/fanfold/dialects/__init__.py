"""Wire formats: bytes to a batch, results to bytes. No I/O."""

from fanfold.dialects.asana import AsanaDialect
from fanfold.dialects.dialect import Dialect
from fanfold.dialects.strict_json import decode_strict
from fanfold.dialects.truto import TrutoDialect

__all__ = ["AsanaDialect", "Dialect", "TrutoDialect", "decode_strict"]
