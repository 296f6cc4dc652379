"""Creating many tasks in order with batches that promise none."""

from fanfold.client.ordered.creation import Patience
from fanfold.client.ordered.ordering import create_in_order
from fanfold.client.ordered.outcome import PartlyCreated
from fanfold.client.ordered.schemes import Scarce

__all__ = ["PartlyCreated", "Patience", "Scarce", "create_in_order"]
