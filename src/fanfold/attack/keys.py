"""S27: a key that is repeated runs once, for one caller and one body only."""

from __future__ import annotations

from typing import Any

from fanfold.attack.cases import JSON, Case, Judge, Shot, Trial, batch, good, needing, post
from fanfold.attack.judging import all_of, no_failure

TWICE = "What was to be done once is done twice: a payment, an order."
MIXED = "A caller is given what was answered to somebody else, or has their write swallowed by a stranger's key."

KEY = "key-@RUN@"


def _keyed(*actions: Any, key: str = KEY, **more: Any) -> Shot:
    return batch(*actions, headers={**JSON, "Idempotency-Key": key}, **more)


def _write(number: int = 0, **more: Any) -> dict[str, Any]:
    return post("/count/@RUN@", {"n": number}, **more)


def _ran(times: int) -> Judge:
    def judge(trial: Trial) -> str:
        ran = len(trial.reached("count"))
        return "" if ran == times else f"it ran {ran} times instead of {times}"

    return judge


def _refused_last(trial: Trial) -> str:
    status = trial.reply.status
    return "" if status in {400, 409, 422} else f"another body under the same key was answered {status}"


def _apart_or_refused(trial: Trial) -> str:
    """Two keys of the same letters are two keys, or the second is seen to mean something else."""
    refused = trial.result(0).get("status_code") in {400, 409, 422}
    return _ran(1 if refused else 2)(trial)


def _same_answers(trial: Trial) -> str:
    bodies = {reply.body for reply in trial.replies if reply.results}
    return "" if len(bodies) == 1 else "the same key was answered in two ways"


def _case(
    name: str,
    hole: str,
    judge: Judge,
    *shots: Shot,
    way: Any = "in turn",
    needs: str = "idempotency",
    own: bool = False,
) -> Case:
    abilities = needing("ground", needs, *(["credentials"] if own else []))
    return Case(line="S27", name=name, hole=hole, judge=judge, send=shots, way=way, needs=abilities)


def _action(number: int = 0, key: str = KEY) -> Shot:
    return batch(_write(number, idempotency_key=key))


CASES = (
    _case(
        "the same batch twice", TWICE, all_of(no_failure, _ran(1), _same_answers), _keyed(_write()), _keyed(_write())
    ),
    _case("the same batch five times at once", TWICE, _ran(1), *[_keyed(_write())] * 5, way="at once"),
    _case(
        "another body under the same key", MIXED, all_of(_ran(1), _refused_last), _keyed(_write()), _keyed(_write(1))
    ),
    _case(
        "the same key by another caller", MIXED, _ran(2), _keyed(_write()), _keyed(_write(), caller="other"), own=True
    ),
    _case("the same key by nobody", MIXED, _ran(2), _keyed(_write()), _keyed(_write(), caller="nobody"), own=True),
    _case("two keys", TWICE, _ran(2), _keyed(_write()), _keyed(_write(), key="other-@RUN@")),
    _case("a key in other letters", MIXED, _ran(2), _keyed(_write()), _keyed(_write(), key="KEY-@RUN@")),
    _case("a key of nothing", TWICE, all_of(no_failure), _keyed(_write(), key=""), _keyed(_write(), key="")),
    _case("a key of eight thousand letters", TWICE, no_failure, _keyed(_write(), key="k" * 8000)),
    _case("the same key on another query", MIXED, no_failure, _keyed(_write()), _keyed(_write(), query="opt_pretty=1")),
    _case(
        "the same key on a batch that is none",
        MIXED,
        no_failure,
        Shot(body=b"{", headers={**JSON, "Idempotency-Key": KEY}),
        _keyed(_write()),
    ),
    _case("the same action twice", TWICE, _ran(1), _action(), _action(), needs="action keys"),
    _case("the same action five times at once", TWICE, _ran(1), *[_action()] * 5, way="at once", needs="action keys"),
    _case(
        "the same action twice in one batch",
        TWICE,
        lambda trial: "" if trial.reply.status == 400 else _ran(1)(trial),
        batch(_write(idempotency_key=KEY), _write(idempotency_key=KEY)),
        needs="action keys",
    ),
    _case(
        "another body under an action's key",
        MIXED,
        all_of(
            _ran(1), lambda trial: "" if trial.result(0).get("status_code") in {400, 409, 422} else "it was accepted"
        ),
        _action(),
        _action(1),
        needs="action keys",
    ),
    _case("a batch's key and an action's", MIXED, _apart_or_refused, _keyed(_write(1)), _action(), needs="action keys"),
    _case(
        "a key that is an object",
        MIXED,
        no_failure,
        batch(good(0), _write(idempotency_key={"a": 1})),
        needs="action keys",
    ),
    _case(
        "a key with a line break",
        MIXED,
        no_failure,
        batch(good(0), _write(idempotency_key="a\r\nX-Injected: y")),
        needs="action keys",
    ),
)
