"""Wire formats: bytes to a batch, results to bytes. No I/O."""

from fanfold.dialects.asana import AsanaDialect
from fanfold.dialects.dialect import Dialect
from fanfold.dialects.strict_json import decode_strict

__all__ = ["AsanaDialect", "Dialect", "decode_strict"]
