"""Paths that are looked up in place give what the evaluator would."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import ExpressionError
from fanfold.expressions.jsonata import JsonataEvaluator
from fanfold.integrations.dotted import reading_of, steps_of

EVALUATOR = JsonataEvaluator()
NAMES = st.sampled_from(["a", "b", "`c d`"])
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.just("x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c d"]), inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(NAMES, min_size=1, max_size=4).map(".".join), VALUES)
def test_a_path_means_the_same_either_way(source, value):
    async def both():
        expression = EVALUATOR.compile(source)
        return await reading_of(source, EVALUATOR)(value), await EVALUATOR.evaluate(expression, value)

    quick, slow = asyncio.run(both())
    assert quick == slow


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ("", ()),
        (" $ ", ()),
        ("data.items", ("data", "items")),
        ("data.`my-items`", ("data", "my-items")),
        ("a or b", None),
        ("true", None),
        ("a[0]", None),
        ("$.a", None),
        ("a.$count(b)", None),
        ("a.", None),
        ("a.b.and", None),
    ],
)
def test_what_is_a_plain_path_is_told(source, steps):
    assert steps_of(source) == steps


async def test_what_is_none_is_evaluated_and_what_is_no_expression_refused():
    assert await reading_of("a[0].b", EVALUATOR)({"a": [{"b": 1}, {"b": 2}]}) == 1
    assert await reading_of("", EVALUATOR)([1]) == [1]
    with pytest.raises(ExpressionError):
        reading_of("a[", EVALUATOR)
