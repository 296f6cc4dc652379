"""What a recipe will do, decided before anything is done: its graph, and where each entry leads."""

from __future__ import annotations

from msgspec import Struct

from fanfold.engine.fetching.graph import Node, connect
from fanfold.entries import Recipe
from fanfold.errors import RequestError, WrongRecipe
from fanfold.expressions.evaluator import Evaluator
from fanfold.model import Caller, Endpoint, Resolve

Found = tuple[Endpoint, tuple[str, ...]]


class FetchPlan(Struct, frozen=True):
    """The graph of a recipe. ``found`` has, for each entry, the endpoint it leads to, or why it leads nowhere.

    What has no endpoint because it asks nobody (a transform, a spool) has None there.
    """

    recipe: Recipe
    nodes: tuple[Node, ...]
    found: tuple[Found | RequestError | None, ...]
    caller: Caller

    @property
    def waves(self) -> int:
        """How many entries wait for each other in the longest row."""
        return 1 + max((node.wave for node in self.nodes), default=0)


def make_fetch_plan(recipe: Recipe, caller: Caller, resolve: Resolve, evaluator: Evaluator | None) -> FetchPlan:
    """The plan of a recipe; raises ``WrongRecipe`` with all of its mistakes."""
    nodes, failures = connect(recipe, evaluator)
    if failures:
        raise WrongRecipe(failures)
    return FetchPlan(recipe, nodes, tuple([_find(node, recipe, resolve) for node in nodes]), caller)


def path_of(recipe: Recipe, resource: str) -> str:
    """The path of calls to a resource of the account that a recipe is for."""
    return f"/{recipe.account}/{resource}"


def _find(node: Node, recipe: Recipe, resolve: Resolve) -> Found | RequestError | None:
    if node.entry.kind != "request":
        return None
    try:
        return resolve(node.entry.method, path_of(recipe, node.entry.resource))
    except RequestError as error:
        return error.alone()
