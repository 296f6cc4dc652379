"""What every test shares: settings, and an eye on the contract.

On a machine whose load is not ours a slow example is no failure, so hypothesis has no deadline anywhere. In CI its
own ``ci`` profile (no deadline, the same examples every time) stays in force; ``--hypothesis-profile=thorough`` digs
deeper.
"""

import os
import sys

import pytest
from hypothesis import settings

settings.register_profile("quick", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
if "CI" not in os.environ:
    settings.load_profile("quick")


@pytest.fixture(scope="session")
def contract_faults():
    """What was wrong with answers; where no test imports the work API or a client there are none to look at."""
    if not {"fanfold.work.session", "asana"} & set(sys.modules):
        yield []
        return
    from tests.contract.checking import watched  # noqa: PLC0415

    with watched() as faults:
        yield faults


@pytest.fixture(autouse=True)
def _answers_keep_the_contract(contract_faults):
    """Every successful answer of the work API that a test receives is as described, by us and by the published API."""
    contract_faults.clear()
    yield
    assert contract_faults == [], "\n".join(
        ["answers that break the contract (see tests/contract):", *dict.fromkeys(contract_faults)]
    )
