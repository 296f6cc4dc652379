"""An executable security checklist for batch servers: ``fanfold attack URL``.

Batch endpoints have been broken again and again in the same thirty ways. Each way is a line here, S1 to S30, and each
line some cases: what is sent, and how the answer is judged. The kit knows nothing of the server it attacks but its
wire format, so that it can be turned on any server that speaks it, our own included.
"""

from fanfold.attack.cases import Case, Shot, Trial
from fanfold.attack.kit import Orders, all_cases, attack
from fanfold.attack.report import Outcome

__all__ = ["Case", "Orders", "Outcome", "Shot", "Trial", "all_cases", "attack"]
