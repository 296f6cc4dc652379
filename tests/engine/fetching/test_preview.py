"""What is told of a recipe before anything of it is done."""

from fanfold.engine import Engine
from fanfold.engine.fetching.preview import preview
from fanfold.expressions.evaluator import FunctionEvaluator
from tests.engine.fetching.apis import CALLER, Api, batch_of, entry, recipe_of, spool, transform

API = Api({"crm/contacts": [], "notes": [], "users": []})


async def previewed(*entries, args=None, functions=None, describe=None):
    engine = Engine(API, evaluator=FunctionEvaluator(functions or {}))
    plan, refusals, _ = await engine.preview(batch_of(recipe_of(*entries, args=args)), CALLER)
    assert refusals == []
    assert plan.costs == {"requests": 1}
    assert plan.fetch is not None
    return preview(plan.fetch, describe)


async def test_the_graph_is_shown_in_words():
    shown = await previewed(
        entry("crm/contacts"),
        entry("notes", query={"of": "{{resources.crm.contacts.id}}"}),
        entry("users", depends_on="notes"),
        spool("all", "notes"),
        transform("text", "f", "all", persist=True),
        transform("each", "f", "notes"),
        entry("users", name="many", group={"of": "{{resources.notes.id}}", "size": 20}, query={"ids": "{{group}}"}),
        entry("users", "get", name="looped", id="{{args.ids}}", loop_on="ids"),
        functions={"f": lambda _: None},
        args={"ids": ["u1"]},
    )
    assert [one["runs"] for one in shown["resources"]] == [
        "once",
        "once for each record of 'crm/contacts'",
        "once",
        "once with all of 'notes'",
        "once with what 'all' gives",
        "once for each page of 'notes'",
        "once for each 20 values of 'notes'",
        "once, for each element of ids",
    ]
    assert [one["wave"] for one in shown["resources"]] == [0, 1, 2, 2, 3, 2, 2, 0]
    assert shown["resources"][1]["depends_on"] == ["crm/contacts"]
    assert [one["included"] for one in shown["resources"][:2]] == [True, False]
    assert shown["waves"] == 4


async def test_the_calls_that_are_known_are_named_and_nothing_is_called():
    shown = await previewed(
        entry("users", "get", id="{{args.ids}}", loop_on="ids", query={"fields": "{{args.fields:any}}"}),
        entry("notes", query="f"),
        entry("crm/contacts", run_if="f"),
        entry("users", "get", name="wrong", id="{{args.none}}"),
        args={"ids": ["u1", "u2"], "fields": ["name"]},
        functions={"f": lambda _: {}},
        describe=lambda call: {"method": "GET", "url": f"https://api{call.path}/{call.body.id}"},
    )
    first, second, later, perhaps, wrong = shown["calls"]
    assert first == {
        "index": 0,
        "resource": "users",
        "method": "get",
        "id": "u1",
        "query": {"fields": ["name"]},
        "request": {"method": "GET", "url": "https://api/acc/users/u1"},
    }
    assert second["id"] == "u2"
    assert later["known_later"] == ["query"]
    assert "request" in perhaps
    assert wrong["error"]["statusCode"] == 400
    assert shown["cost"] == {"requests": 1, "calls": {"at_least": 3, "at_most": 1000}}
    assert API.calls == []


async def test_what_leads_nowhere_says_so():
    shown = await previewed(entry("nothing"))
    assert shown["resources"][0]["error"]["statusCode"] == 404
    assert shown["calls"] == []
