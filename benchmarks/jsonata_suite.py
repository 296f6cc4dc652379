"""Runs the official JSONata suite through the evaluator that expressions have, and prints how much of it passes.

    python benchmarks/jsonata_suite.py [PATH]

PATH is a folder ``test-suite`` with ``groups`` and ``datasets``, or one that holds it, such as a check-out of
https://github.com/jsonata-js/jsonata. Without it, ``node_modules/jsonata`` is looked into; ``--fetch`` asks npm for the
package first. What npm publishes may come without the suite; where there is none the cases of our own tests are scored.
"""

import argparse
import asyncio
import importlib.util
import json
import math
import shutil
import subprocess
import tarfile
import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fanfold.errors import ExpressionError
from fanfold.expressions.bounds import Bounds
from fanfold.expressions.jsonata import JsonataEvaluator

ROOT = Path(__file__).parent.parent
OWN = ROOT / "tests" / "expressions" / "test_jsonata.py"
# What the suite has in it is larger, deeper and slower than what may run on a server.
BOUNDS = Bounds(seconds=5, patience=10, inline=2, array=10_000_000, string=20_000_000, result=50_000_000, memory=2**30)


def suite_in(folder: Path) -> Path | None:
    """The suite within a folder, or None."""
    for candidate in (folder, folder / "test-suite", folder / "test" / "test-suite"):
        if (candidate / "groups").is_dir():
            return candidate
    return None


def fetched(folder: Path) -> Path | None:
    """The suite of the package that npm has, if it came with one."""
    if shutil.which("npm") is None:
        return None
    packed = subprocess.run(["npm", "pack", "jsonata"], cwd=folder, capture_output=True, text=True, check=False)
    for archive in folder.glob("*.tgz") if packed.returncode == 0 else ():
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
    return suite_in(folder / "package")


def cases_of(suite: Path) -> list[tuple[str, dict[str, Any]]]:
    datasets = {path.stem: json.loads(path.read_text()) for path in (suite / "datasets").glob("*.json")}
    cases = []
    for path in sorted((suite / "groups").glob("*/*.json")):
        read = json.loads(path.read_text())
        for case in read if isinstance(read, list) else [read]:
            if "expr-file" in case:
                case["expr"] = (path.parent / case["expr-file"]).read_text()
            case["input"] = case["data"] if "data" in case else datasets.get(case.get("dataset") or "")
            cases.append((path.parent.name, case))
    return cases


def alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return (
            isinstance(one, int | float) and isinstance(other, int | float) and math.isclose(one, other, rel_tol=1e-12)
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    return type(one) is type(other) and bool(one == other)


async def passes(evaluator: JsonataEvaluator, case: dict[str, Any]) -> bool:
    """Whether a case has the outcome that is written down; of an error it is enough that there is one."""
    fails = "result" not in case and "undefinedResult" not in case
    try:
        given = await evaluator.evaluate(evaluator.compile(case["expr"]), case["input"], case.get("bindings"))
    except ExpressionError:
        return fails
    return not fails and alike(given, case.get("result"))


def own_cases() -> list[tuple[str, dict[str, Any]]]:
    spec = importlib.util.spec_from_file_location("own_cases", OWN)
    if spec is None or spec.loader is None:
        return []
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [("own", {"expr": source, "input": given, "result": gives}) for source, given, gives in module.GIVES]


async def score(cases: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    evaluator = JsonataEvaluator(BOUNDS)
    failed: Counter[str] = Counter()
    for group, case in cases:
        if not await passes(evaluator, case):
            failed[group] += 1
    evaluator.close()
    return {"passed": len(cases) - failed.total(), "of": len(cases), "failures": dict(sorted(failed.items()))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", type=Path, help="where the suite is")
    parser.add_argument("--fetch", action="store_true", help="ask npm for the package jsonata")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        suite = suite_in(asked.path) if asked.path else suite_in(ROOT / "node_modules" / "jsonata")
        if suite is None and asked.fetch:
            suite = fetched(Path(folder))
        told = asyncio.run(score(cases_of(suite) if suite else own_cases()))
    which = "official" if suite else "own cases; the official suite is not at hand"
    print(json.dumps({"benchmark": "jsonata_suite", "suite": which, **told, "engine": f"jlens {version('jlens')}"}))


if __name__ == "__main__":
    main()
