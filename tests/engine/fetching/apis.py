"""A target with scripted resources, for tests of recipes."""

import asyncio

import msgspec

from fanfold.engine import Engine
from fanfold.entries import Caps, Entry, Fetch, Group, Page, Recipe, Recurse, Retry
from fanfold.errors import RequestError
from fanfold.expressions.evaluator import FunctionEvaluator
from fanfold.model import Action, Answer, Batch, Caller

CALLER = Caller("tests", "1")


class Operation(msgspec.Struct, frozen=True):
    write: bool
    batchable: bool = True
    inline: bool = False
    costs: tuple[str, ...] = ()


class Api:
    """Resources by name: a function of what is asked, or an array that is served in pages of ``page_size``."""

    def __init__(self, resources=None, *, page_size=2, **more):
        self.resources = {**(resources or {}), **more}
        self.page_size = page_size
        self.calls = []
        self.most = self.under_way = 0
        self.waits = {}

    def resolve(self, method, path):
        resource = path.split("/", 2)[2]
        if resource not in self.resources:
            raise RequestError(f"There is no resource {resource}", status=404)
        return Operation(method not in {"list", "get"}), ()

    async def send(self, call):
        resource = call.path.split("/", 2)[2]
        fetch = call.body
        self.calls.append((call.method, resource, fetch))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if resource in self.waits:
                await self.waits[resource](fetch)
            else:
                await asyncio.sleep(0)
            return Answer(200, page=self._page(resource, call.method, fetch))
        finally:
            self.under_way -= 1

    def _page(self, resource, method, fetch):
        found = self.resources[resource]
        if callable(found):
            found = found(fetch)
        if isinstance(found, Page):
            return found
        if isinstance(found, RequestError):
            raise found
        if method != "list":
            return Page(found)
        start = int(fetch.cursor or 0)
        end = start + self.page_size
        return Page(found[start:end], str(end) if end < len(found) else "")

    def asked(self, resource):
        """What was asked of a resource, in order."""
        return [fetch for _, name, fetch in self.calls if name == resource]


def entry(resource="", method="list", **more):
    """An entry as the dialect would make it of such members."""
    if isinstance(more.get("depends_on"), str):
        more["depends_on"] = (more["depends_on"],)
    if isinstance(more.get("recurse"), dict):
        config = more["recurse"].get("config", {})
        more["recurse"] = Recurse(more["recurse"].get("if", ""), config.get("id"), config.get("query"))
    if isinstance(more.get("group"), dict):
        more["group"] = Group(**more["group"])
    if isinstance(more.get("retry"), dict):
        more["retry"] = Retry(**more["retry"])
    return {"resource": resource, "method": method, **more}


def transform(name, expression, depends_on=(), **more):
    return entry("", "", name=name, kind="transform", expression=expression, depends_on=depends_on, **more)


def spool(name, depends_on, **more):
    return entry("", "", name=name, kind="spool", depends_on=depends_on, **more)


def recipe_of(*entries, args=None, caps=None, context=None, failures=()):
    made = tuple(Entry(index=index, **one) for index, one in enumerate(entries))
    return Recipe(
        account="acc", entries=made, args=args or {}, caps=caps or Caps(), context=context or {}, failures=failures
    )


def batch_of(recipe):
    actions = tuple(Action(one.method or one.kind, f"/{one.resource or one.name}") for one in recipe.entries)
    return Batch(actions, recipe=recipe)


async def fetch(api, *entries, functions=None, watch=None, **more):
    """The outcomes of a recipe, in the order of its entries."""
    engine = Engine(api, evaluator=FunctionEvaluator(functions or {}))
    results = await engine.run(batch_of(recipe_of(*entries, **more)), CALLER, None, watch)
    return [result.outcome for result in results]


def told(outcome):
    """The mishaps of an outcome as tuples that are easy to compare: number of the run, status."""
    return [(mishap.index, mishap.error.status) for mishap in outcome.mishaps]


__all__ = ["CALLER", "Api", "Fetch", "batch_of", "entry", "fetch", "recipe_of", "spool", "told", "transform"]
