"""``python -m faults``: scenarios, a JSON line for each, a table at the end; exit code 1 if a promise was broken."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from time import monotonic

from msgspec import json
from msgspec.structs import replace
from uvloop import run

from faults.battery import SCENARIOS
from faults.setting import Outcome, Scenario, Setting, UnableError


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults", description="Break a server in every way that is known.")
    parser.add_argument("--tier", choices=("quick", "long"), default="quick")
    parser.add_argument("--seed", type=int, default=1, help="what all random numbers are drawn from")
    parser.add_argument("--only", default="", help="names of scenarios, with commas between")
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--minutes", type=float, help="how long each scenario goes on that could go on for ever")
    parser.add_argument("--within", type=float, help="minutes after which no scenario is begun any more")
    parser.add_argument("--count", type=int, help="how often each scenario does what it repeats")
    parser.add_argument("--keep", type=Path, help="a folder for databases and logs, which are thrown away otherwise")
    parser.add_argument("--list", action="store_true", help="tell what there is")
    return parser.parse_args()


async def _one(scenario: Scenario, setting: Setting) -> Outcome:
    began = monotonic()
    outcome = Outcome(
        scenario=scenario.name, tier=setting.tier, db=setting.db, seed=setting.seed, seconds=0.0, counts={}
    )
    try:
        figures = await scenario.run(setting)
    except UnableError as unable:
        outcome = replace(outcome, unable=str(unable))
    except Exception as error:  # noqa: BLE001 - what breaks a scenario is a finding, and the others go on
        traceback.print_exc()
        outcome = replace(outcome, violations=(f"the scenario broke off: {type(error).__name__}: {error}"[:600],))
    else:
        outcome = replace(outcome, counts=figures.counts, violations=figures.violations, notes=figures.notes)
    return replace(outcome, seconds=round(monotonic() - began, 1))


def _left_out(scenario: Scenario, options: argparse.Namespace) -> Outcome:
    """What is told of a scenario for which there is no time."""
    return Outcome(
        scenario=scenario.name,
        tier=options.tier,
        db=options.db,
        seed=options.seed,
        seconds=0.0,
        counts={},
        unable=f"{options.within:g} minutes are over",
    )


def _chosen(options: argparse.Namespace) -> list[Scenario]:
    names = [name.strip() for name in options.only.split(",") if name.strip()]
    known = {scenario.name: scenario for scenario in SCENARIOS}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"There is no scenario {', '.join(unknown)}; there are: {', '.join(known)}.")
    if names:
        return [known[name] for name in names]
    return [scenario for scenario in SCENARIOS if scenario.quick or options.tier == "long"]


def _again(outcome: Outcome, options: argparse.Namespace) -> str:
    """The command that repeats an outcome."""
    words = ["python -m faults", "--only", outcome.scenario, "--tier", outcome.tier, "--seed", str(outcome.seed)]
    if outcome.db != "sqlite":
        words += ["--db", outcome.db]
    for name in ("minutes", "count"):
        if (value := getattr(options, name)) is not None:
            words += [f"--{name}", str(value)]
    return " ".join(words)


def _table(outcomes: list[Outcome], options: argparse.Namespace) -> str:
    lines = []
    for outcome in outcomes:
        state = (
            "left out" if outcome.unable else f"{len(outcome.violations)} VIOLATED" if outcome.violations else "held"
        )
        figures = outcome.unable or ", ".join(f"{name} {value}" for name, value in outcome.counts.items())
        lines.append(f"{outcome.scenario:<11} {state:<11} {outcome.seconds:>7.1f} s  {figures}")
        lines += [f"            note: {note}" for note in outcome.notes]
        lines += [f"            {violation}" for violation in outcome.violations]
        if outcome.violations:
            lines.append(f"            again: {_again(outcome, options)}")
    return "\n".join(lines)


def main() -> None:
    """Run what is asked for."""
    options = _options()
    if options.list:
        for scenario in SCENARIOS:
            print(f"{scenario.name:<11} {scenario.title}: {scenario.proves}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logging.basicConfig(level=logging.ERROR)
    outcomes: list[Outcome] = []
    began = monotonic()
    for scenario in _chosen(options):
        if options.within is not None and monotonic() - began > options.within * 60:
            outcomes.append(_left_out(scenario, options))
            print(json.encode(outcomes[-1]).decode(), flush=True)
            continue
        print(f"{scenario.name}: {scenario.title}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix=f"faults-{scenario.name}-") as made:
            folder = Path(made)
            if options.keep is not None:
                folder = options.keep / scenario.name
                folder.mkdir(parents=True)
            setting = Setting(
                folder=folder,
                tier=options.tier,
                seed=options.seed,
                db=options.db,
                minutes=options.minutes,
                count=options.count,
                say=lambda text: print(f"  {text}", file=sys.stderr, flush=True),
            )
            outcomes.append(run(_one(scenario, setting)))
        print(json.encode(outcomes[-1]).decode(), flush=True)
    print(_table(outcomes, options), file=sys.stderr)
    sys.exit(any(outcome.violations for outcome in outcomes))


if __name__ == "__main__":
    main()
