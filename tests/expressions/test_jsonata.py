"""JSONata within its bounds: what it gives, what it refuses, and what it survives."""

import asyncio
import contextlib
import itertools
import json
import resource
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanfold.errors import ExpressionError
from fanfold.expressions import jsonata
from fanfold.expressions.bounds import Bounds
from fanfold.expressions.jsonata import JsonataEvaluator

LATE = "took too long|steps"
LARGE = "too much memory|exceed|took too long|gives more than"
"""One of several bounds: which one is reached first depends on how fast the machine is."""

GIVES = [
    ("1 + 1", {}, 2),
    ("a.b", {"a": {"b": [1]}}, [1]),
    ("a", {}, None),
    ("null", {}, None),
    ("users.{'n': name}", {"users": [{"name": "x"}]}, {"n": "x"}),
    ("users.{'n': name}[]", {"users": [{"name": "x"}]}, [{"n": "x"}]),
    ("$map(users, function($u){$u.name})", {"users": [{"name": "x"}]}, "x"),
    ("resources.`block-children`.id", {"resources": {"block-children": [{"id": 1}, {"id": 2}]}}, [1, 2]),
    ("[1..3]", {}, [1, 2, 3]),
    ("$sum(a)", {"a": [1, 2.5]}, 3.5),
    ("a", {"a": 2**53}, 2**53),
    ("$count(a)", {"a": list(range(10_000))}, 10_000),
]


BOMBS = [
    pytest.param("($f := function($x){$f($x + 1)}; $f(1))", LATE, id="endless tail recursion"),
    pytest.param("($f := function($x){1 + $f($x + 1)}; $f(1))", "Stack overflow", id="deep recursion"),
    pytest.param(
        "($y := function($f){$f($f)}; $y(function($f){[1, 2].($f($f))}))", "Stack overflow|took too long", id="lambdas"
    ),
    pytest.param("$sum([1..9000000])", LARGE, id="a sum over a range"),
    pytest.param("$count([1..100000].([1..1000]))", LARGE, id="a cross product"),
    pytest.param("$count([1..100000].[[1..200000]])", LARGE, id="ranges of ranges"),
    pytest.param("($a := [1..200000]; $count($map($a, function($i){$reverse($a)})))", LARGE, id="copies of an array"),
    pytest.param('$pad("a", 300000000, "x")', "must not exceed", id="padding"),
    pytest.param('$pad("a", 9000000, "x")', LARGE, id="padding below the limit of the language"),
    pytest.param('$match("' + "a" * 40 + '!", /(a+)+$/)', LATE, id="a regular expression that tries everything"),
    pytest.param('$replace("' + "a" * 40 + '!", /(a|aa)+$/, "")', LATE, id="another"),
    pytest.param("$power(10, 400)", "cannot be represented", id="a power"),
    pytest.param("9e307 * 10", "out of range|[Nn]umber", id="a product"),
    pytest.param('($f := function($s, $n){$n = 0 ? $s : $f($s & $s, $n - 1)}; $f("a", 60))', LARGE, id="doubling text"),
    pytest.param(
        "($f := function($s, $n){$n = 0 ? $s : $f($append($s, $s), $n - 1)}; $f([1], 60))", LARGE, id="arrays"
    ),
    pytest.param(
        '($s := $pad("", 1000000, "ab"); $count($map([1..9999], function($i){$split($s, "a")})))', LARGE, id="splitting"
    ),
    pytest.param('$replace($pad("", 900000, "a"), "a", "bbbbbbbbbbbbbbbb")', LARGE, id="replacing"),
    pytest.param(
        '($s := $pad("", 1000000); $count($map([1..200000], function($i){$s & $i})))', LARGE, id="copies of text"
    ),
    pytest.param('$map([1..100000], function($i){$pad("", 100, "x")})', LARGE, id="a large result"),
    pytest.param(
        "($f := function($a, $n){$n = 0 ? $a : $f([[$a]], $n - 1)}; $f([1, 2], 5000))",
        "nested|Stack|" + LARGE,
        id="a deep result",
    ),
    pytest.param(
        '($x := {"a": [1..1000]}; $count($map([1..4000000], function($i){$merge([$x, {"b": $i}])})))',
        LARGE,
        id="copies of objects",
    ),
    pytest.param(
        "$sort([1..100000], function($l, $r){$sort([1..1000]) and $l < $r})", LARGE, id="sorting within sorting"
    ),
    pytest.param("$count($distinct([1..200000].{'a': $}))", LARGE, id="telling apart what is alike"),
    pytest.param(
        "$count($sortNodes([1..40].([{'id': $, 'parent_id': $ - 1}, {'id': $, 'parent_id': $ - 1}])))",
        "more than 200000 records|" + LARGE,
        id="twins in a tree",
    ),
    pytest.param("$string([1..200000]) & $string([1..200000])", LARGE, id="long text of arrays"),
]

UNREADABLE = [
    pytest.param("(" * 3000 + "1" + ")" * 3000, "nested too deeply", id="3,000 parentheses"),
    pytest.param("(" * 30_000 + "1" + ")" * 30_000, "nested too deeply", id="30,000 parentheses"),
    pytest.param("(" * 100_000, "65536 characters", id="100,000 parentheses"),
    pytest.param("[" * 60_000, "nested too deeply", id="brackets"),
    pytest.param("-" * 60_000 + "1", "nested too deeply", id="signs"),
    pytest.param("a" + ".a" * 30_000, "nested too deeply", id="a long path"),
    pytest.param("1 +", "Unexpected end", id="half a sum"),
    pytest.param('"a', "String literal|terminated|Unexpected", id="half a string"),
    pytest.param("/(/", "terminat|regular|group", id="half a regular expression"),
    pytest.param("a[", "before end of expression", id="half a filter"),
    pytest.param("$match('a', /a(?<=b)/", "Unexpected|Expected", id="half a call"),
]

REFUSED = [
    ('$eval("1+1")', r"\$eval is not available here"),
    ("$f := $eval", r"\$eval is not available"),
    ('($e := $eval; $e("1"))', r"\$eval is not available"),
    ("$map(a, $eval)", r"\$eval is not available"),
    ("a ~> $eval", r"\$eval is not available"),
    ('function($x){$eval($x)}("1")', r"\$eval is not available"),
    ("$parseDocument(file)", r"\$parseDocument is not available here: it asks"),
    ("$f := $parseDocument", r"\$parseDocument is not available"),
    ("$generateEmbeddingsCohere(a)", "is not available here"),
    ("$jsonToParquet(a)", "is not available here: it gives bytes"),
    ("$convertMdToPdf(a)", "is not available here"),
    ("$blob(a)", "is not available here"),
    ("$convertQueryToSql(a)", "is not available here"),
    ("$nosuch(1)", r"There is no function \$nosuch"),
    ("a ~> $nosuch", r"There is no function \$nosuch"),
    ("function(){$nosuch (1)}()", r"There is no function \$nosuch"),
]


@pytest.mark.parametrize(("source", "context", "gives"), GIVES)
async def test_an_expression_gives_a_value(work_out, source, context, gives):
    assert await work_out(source, context) == gives


async def test_bindings_are_variables(work_out):
    assert await work_out("a * $factor", {"a": 2}, {"factor": 3}) == 6
    assert await work_out("[1..2].($ * $factor)", {}, {"factor": 3}) == [3, 6]


@pytest.mark.parametrize(
    "source",
    [
        "$.__class__",
        "$.constructor",
        "__proto__",
        "$__proto__",
        "$string.__globals__",
        "a.__class__.__mro__",
        "`__proto__`.polluted",
        "$.a.constructor.constructor",
    ],
)
async def test_nothing_but_data_is_reached(work_out, source):
    assert await work_out(source, {"a": {"b": 1}}) is None
    with pytest.raises(ExpressionError):
        await work_out("a.constructor('return 1')()", {"a": {}})


@pytest.mark.parametrize(("source", "message"), BOMBS)
async def test_a_bomb_is_put_out(work_out, source, message):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ExpressionError, match=message) as caught:
        await work_out(source)
    assert caught.value.status == 422
    assert len(caught.value.message) < 300
    # In kilobytes: what it takes here before it goes on beside.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 * 1024


MEASURE = """
import asyncio, json, resource, sys, time
from fanfold.errors import ExpressionError
from fanfold.expressions.bounds import Bounds
from fanfold.expressions.cage import Cages
cages, slowest = Cages(), 0.0
cages.evaluate("1", {}, {}, Bounds())
for source in json.load(sys.stdin):
    begun = time.monotonic()
    try:
        cages.evaluate(source, {}, {}, Bounds())
    except ExpressionError:
        pass
    slowest = max(slowest, time.monotonic() - begun)
    try:
        cages.evaluate("1", {}, {}, Bounds())
    except ExpressionError:
        pass
cages.close()
# Not its own ru_maxrss: that begins with the size of the process that it was begun by.
(own,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(slowest, own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_all_bombs_together_take_little_time_and_memory():
    sources = json.dumps([bomb.values[0] for bomb in BOMBS])
    told = subprocess.run([sys.executable, "-c", MEASURE], input=sources, capture_output=True, text=True, check=True)
    slowest, own, beside = map(float, told.stdout.split())
    # However busy the machine: the patience, the grace, and the start of a new process.
    assert slowest < 1 + 0.25 + 1
    assert own < 120 * 1024
    # The address space of such a process when nothing is asked, which is 69 MiB, and the bound on memory.
    assert beside < (72 + 64) * 1024


async def test_the_event_loop_goes_on_meanwhile(work_out):
    await work_out("[1..2]")
    gaps = []

    async def tick():
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            gaps.append(time.thread_time() - last)
            last = time.thread_time()

    ticking = asyncio.create_task(tick())
    for bomb in BOMBS[:12]:
        with pytest.raises(ExpressionError):
            await work_out(bomb.values[0])
    ticking.cancel()
    # Of this thread's processor time, so that other work of the machine does not count. Usually it is some 4 ms.
    assert max(gaps) < 0.05


async def test_as_many_as_there_are_workers_are_worked_out_at_once(evaluator):
    bomb = evaluator.compile("($f := function($x){$f($x + 1)}; $f(1))")
    gathered = await asyncio.gather(*(evaluator.evaluate(bomb, {}) for _ in range(4)), return_exceptions=True)
    assert [error.message for error in gathered] == ["The expression took too long"] * 4


@pytest.mark.parametrize(("source", "message"), UNREADABLE)
def test_what_cannot_be_read_is_refused_quickly(evaluator, source, message):
    begun = time.process_time()
    with pytest.raises(ExpressionError, match=message):
        evaluator.compile(source)
    assert time.process_time() - begun < 0.5


def test_a_mistake_is_told_with_its_place(evaluator):
    with pytest.raises(ExpressionError) as caught:
        evaluator.compile("a + + b )")
    assert isinstance(caught.value.position, int)
    assert caught.value.status == 422


@pytest.mark.parametrize(("source", "message"), REFUSED)
def test_a_function_that_is_not_there_is_refused_by_name(evaluator, source, message):
    with pytest.raises(ExpressionError, match=message):
        evaluator.compile(source)


@pytest.mark.parametrize(
    "source",
    [
        "$factor * 2",
        "'$eval'",
        "`$eval`",
        "/* $eval( */ 1",
        "($h := function($x){$x}; $h(1))",
        "($f := function($n){$n = 0 ? 1 : $g($n - 1)}; $g := function($n){$f($n)}; $f(3))",
    ],
)
def test_names_that_call_nothing_are_no_functions(evaluator, source):
    assert evaluator.compile(source).source == source


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("resources.crm.contacts", (("resources", "crm", "contacts"),)),
        ("a.b + c", (("a", "b"), ("c",))),
        ("resources.`a/b`.id", (("resources", "a/b", "id"),)),
        ("$map(resources.x, function($v){$merge([$v, {'a': args.id}])})", (("args", "id"), ("resources", "x"))),
        ("$sortNodes(a.b)", (("a", "b"),)),
        ("1", ()),
        ("$", None),
        ("$$.a", (("a",),)),
    ],
)
def test_an_expression_says_what_it_reads(evaluator, source, reads):
    read = evaluator.compile(source).reads
    assert read == reads or sorted(read) == sorted(reads)


async def test_only_what_is_read_is_handed_over(work_out):
    context = {"a": {"n": 3, "unread": object()}, "unread": object()}
    assert await work_out("[1..a.n]", context) == [1, 2, 3]


@pytest.mark.parametrize("source", ["a", "[1..2].($$.a)"])
async def test_what_is_no_json_is_refused_and_not_shown(work_out, source):
    with pytest.raises(ExpressionError) as caught:
        await work_out(source, {"a": object()})
    assert "object at" not in caught.value.message


@pytest.mark.parametrize("source", ["$string(a)", "[1..2] and $string(a)"])
async def test_input_that_is_nested_too_deeply_is_refused(work_out, source):
    value = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(ExpressionError):
        await work_out(source, {"a": value})


async def test_more_than_may_be_handed_over_is_refused():
    evaluator = JsonataEvaluator(Bounds(given=1000))
    with pytest.raises(ExpressionError, match="given more than"):
        await evaluator.evaluate(evaluator.compile("[1..2].($$.a)"), {"a": "x" * 2000})
    evaluator.close()


async def test_an_expression_of_another_evaluator_is_compiled_here(work_out, evaluator):
    other = JsonataEvaluator()
    foreign = type("Foreign", (), {"source": "1 + 1", "reads": ()})()
    assert await evaluator.evaluate(foreign, {}) == 2
    other.close()


def test_what_was_compiled_is_remembered_within_bounds(monkeypatch):
    evaluator = JsonataEvaluator()
    assert evaluator.compile("a") is evaluator.compile("a")
    monkeypatch.setattr(jsonata, "REMEMBERED", 10)
    first = evaluator.compile("b")
    for index in range(10):
        evaluator.compile(f"x{index}")
    assert evaluator.compile("b") is not first
    monkeypatch.setattr(jsonata, "REMEMBERED_SOURCE", 1000)
    for index in range(10):
        evaluator.compile(f"'{index}" + "x" * 300 + "'")
    assert len(evaluator._compiled) <= 3
    evaluator.close()


async def test_an_evaluator_that_was_closed_leaves_no_process(evaluator):
    own = JsonataEvaluator()
    assert await own.evaluate(own.compile("[1..2]"), {}) == [1, 2]
    process = own._cages._idle.get()
    own._cages._idle.put(process)
    own.close()
    assert not process.alive


async def test_a_process_is_kept_for_the_next():
    evaluator = JsonataEvaluator(workers=1)
    processes = set()
    for _ in range(5):
        assert await evaluator.evaluate(evaluator.compile("[1..2]"), {}) == [1, 2]
        process = evaluator._cages._idle.get()
        processes.add(process)
        evaluator._cages._idle.put(process)
    assert len(processes) == 1
    evaluator.close()


async def test_a_process_that_died_is_replaced(work_out, evaluator):
    await work_out("[1..2]")
    process = evaluator._cages._idle.get()
    process._process.kill()
    process._process.wait()
    evaluator._cages._idle.put(process)
    assert await work_out("[1..3]") == [1, 2, 3]


async def test_what_runs_beside_sees_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv("FANFOLD_SECRET", "hush")
    evaluator = JsonataEvaluator()
    assert await evaluator.evaluate(evaluator.compile("[1..2]"), {}) == [1, 2]
    process = evaluator._cages._idle.get()
    with open(f"/proc/{process._process.pid}/environ", "rb") as environment:  # noqa: ASYNC230, PTH123
        assert b"hush" not in environment.read()
    process.end()
    evaluator.close()


def blocks(count):
    return [
        {
            "id": f"b{index}",
            "parent": {"page_id": "p"} if index % 10 == 0 else {"block_id": f"b{index - index % 10}"},
            "type": "paragraph",
            "has_children": index % 10 == 0,
            "paragraph": {"rich_text": [{"plain_text": f"text {index}", "annotations": {"bold": False}, "href": None}]},
        }
        for index in range(count)
    ]


NOTION = (
    "$convertNotionToMarkdown($sortNodes($map(resources.`block-children`, function($v) {$merge([$v, {'parent_id': "
    "$firstNonEmpty($v.parent.page_id, $v.parent.block_id)}])}), 'id', 'parent_id'))"
)


def plain(name):
    return {
        "id": name,
        "type": "paragraph",
        "parent": {"page_id": "p"},
        "paragraph": {"rich_text": [{"plain_text": name}]},
    }


async def test_the_documented_example_gives_one_text(work_out):
    context = {"resources": {"block-children": [plain("Ta"), plain("Tb")]}}
    assert await work_out(NOTION, context) == "Ta\n\nTb\n\n"


@pytest.mark.parametrize("count", [0, 1])
async def test_the_documented_example_fails_on_less_than_two_records(work_out, count):
    with pytest.raises(ExpressionError, match=r"\$sortNodes takes an array"):
        await work_out(NOTION, {"resources": {"block-children": [plain("T")] * count}})


async def test_five_thousand_blocks_can_be_transformed(work_out):
    made = await work_out(NOTION, {"resources": {"block-children": blocks(5000)}})
    assert made.startswith("text 0\n\ntext 1\n\n")
    assert made.count("text ") == 5000


async def test_an_exception_of_a_function_is_an_error_of_the_expression(work_out):
    with pytest.raises(ExpressionError, match=r"\$digest takes text") as caught:
        await work_out("$digest(5)")
    assert caught.value.status == 422
    with pytest.raises(ExpressionError, match="wrong arguments"):
        await work_out("$uuid(1, 2, 3)")


WORDS = (
    *("a", "$", "(", ")", "[", "]", "{", "}", ".", "*", "**", "%", "'x'", "1", "..", ":=", "~>", "?", ":", "$map"),
    *("function", "/a/", "@", "#", "^", ",", "\\", "`", "\ud800", "/*"),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=15))
def test_whatever_is_written_is_read_or_refused(evaluator, words):
    for source in ("".join(words), " ".join(words)):
        # Any other exception than this one fails the test.
        with contextlib.suppress(ExpressionError):
            compiled = evaluator.compile(source)
            # Only what is tried on the event loop: what goes on beside is tried above.
            if compiled.quick:
                asyncio.run(evaluator.evaluate(compiled, {"a": {"a": 1}}))


NAMES = [
    "__class__",
    "__dict__",
    "__globals__",
    "__import__",
    "__init__",
    "__mro__",
    "__proto__",
    "__subclasses__",
    "constructor",
    "prototype",
    "f_globals",
    "gi_frame",
]


@pytest.mark.parametrize("names", list(itertools.pairwise(NAMES)))
async def test_no_name_leads_out_of_the_data(work_out, names):
    one, other = names
    for source in (f"$.{one}.{other}", f"$uuid.{one}", f"$string(${one})", f"a.{one}[{other}]", f"$lookup($, '{one}')"):
        assert await work_out(source, {"a": [1]}) in (None, "")
