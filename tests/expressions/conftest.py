"""One evaluator for all tests: the process beside it takes a moment to begin."""

import pytest

from fanfold.expressions.jsonata import JsonataEvaluator


@pytest.fixture(scope="session")
def evaluator():
    made = JsonataEvaluator()
    yield made
    made.close()


@pytest.fixture
def work_out(evaluator):
    """Evaluates an expression for an input."""

    async def run(source, context=None, bindings=None):
        return await evaluator.evaluate(evaluator.compile(source), {} if context is None else context, bindings)

    return run
