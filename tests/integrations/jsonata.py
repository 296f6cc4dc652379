"""Real JSONata for tests of what uses it, with no bounds: their own tests see to these."""

import jlens

from fanfold.errors import ExpressionError


class Jsonata:
    """Notes what it evaluates: what is a plain path should not be."""

    def __init__(self):
        self.evaluated = []

    def compile(self, source):
        try:
            return jlens.Expression(source)
        except jlens.JlensError as error:
            raise ExpressionError(str(error)) from None

    async def evaluate(self, expression, context, bindings=None):
        self.evaluated.append(expression.source)
        try:
            return expression.evaluate(context, bindings)
        except jlens.JlensError as error:
            raise ExpressionError(str(error)) from None
