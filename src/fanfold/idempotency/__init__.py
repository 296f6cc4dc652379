"""Once and only once: a request that is sent again because its answer was lost is answered, not carried out again."""

from fanfold.idempotency.answers import AnswerStore, Kept
from fanfold.idempotency.fingerprint import fingerprint_of
from fanfold.idempotency.ledger import Ledger, answer_again, name_of
from fanfold.idempotency.memory import MemoryAnswers

__all__ = ["AnswerStore", "Kept", "Ledger", "MemoryAnswers", "answer_again", "fingerprint_of", "name_of"]
