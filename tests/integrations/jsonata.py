"""The real evaluator, which notes what it evaluates: what is a plain path should not be."""

from fanfold.expressions.jsonata import JsonataEvaluator


class Jsonata(JsonataEvaluator):
    """Notes the sources."""

    def __init__(self):
        super().__init__(workers=1)
        self.evaluated = []

    async def evaluate(self, expression, context, bindings=None):
        self.evaluated.append(expression.source)
        return await super().evaluate(expression, context, bindings)
