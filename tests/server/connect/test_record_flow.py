"""Lines that wait for a slow reader are bounded: nothing more is asked for until it has caught up."""

from msgspec import json

from fanfold.dialects import TrutoDialect
from fanfold.entries import Mishap, Outcome
from fanfold.errors import RequestError
from fanfold.model import Result
from fanfold.server.connect.record_flow import MAX_WAITING, RecordFlow

BODY = {
    "integrated_account_id": "a",
    "resources": [
        {"resource": "users", "method": "list", "persist": True},
        {"resource": "tags", "method": "list"},
        {"resource": "users", "method": "list", "name": "more", "persist": True},
    ],
}


def flow():
    dialect = TrutoDialect()
    batch = dialect.decode(json.encode(BODY))
    return RecordFlow(dialect, batch, 1.0, batch.recipe.entries)


def test_it_is_full_until_the_reader_has_taken_enough():
    one, gone_on = flow(), []
    one.when_room(lambda: gone_on.append(1))
    one.records(0, ["x" * MAX_WAITING])
    assert one.full()
    size = one.waiting
    one.taken(10)
    assert one.full() or size - 10 <= MAX_WAITING
    one.taken(size - 10)
    assert not one.full()
    assert gone_on == [1]
    one.records(0, ["y"])
    one.taken(one.waiting)
    assert gone_on == [1]


def test_the_last_line_counts_by_the_keys_of_a_whole_answer():
    one = flow()
    one.records(0, [1, 2])
    one.records(2, [3])
    mishaps = (Mishap(RequestError("No.")),)
    for place, outcome in enumerate((Outcome(calls=1), Outcome(calls=2, mishaps=mishaps, records=9), Outcome(calls=3))):
        one.settled(place, Result(one.results[place].action, outcome=outcome))
    summary = json.decode(one.closing(broken=False))["summary"]
    assert summary.pop("ms") >= 0
    assert summary == {"records": 3, "errors": 1, "calls": 6, "resources": {"users": 3}}


def test_a_batch_that_broke_off_ends_with_an_error():
    assert json.decode(flow().closing(broken=True))["error"]["statusCode"] == 500
