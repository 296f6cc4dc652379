"""How a batch file is parted into batches."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.cli.batches.files import parse_batch
from fanfold.cli.batches.preview import parted
from fanfold.errors import SetupError


@given(st.data())
def test_every_action_is_in_one_batch_with_all_that_it_hangs_together_with(data):
    count = data.draw(st.integers(1, 30))
    actions = []
    for number in range(count):
        group = number // 4 * 4
        needs = data.draw(st.lists(st.integers(group, number - 1), max_size=2, unique=True)) if number > group else []
        actions.append({"GET /a": None, "id": f"a{number}", "depends_on": [f"a{need}" for need in needs]})
    batch = parse_batch(json.dumps(actions).encode(), "b.json")
    batches = parted(batch, 10)
    assert sorted(place for places in batches for place in places) == list(range(count))
    assert all(len(places) <= 10 for places in batches)
    where = {place: number for number, places in enumerate(batches) for place in places}
    assert all(where[place] == where[need] for place in range(count) for need in batch.needs[place])


def test_what_hangs_together_and_is_too_much_is_told_with_its_line():
    text = "actions:\n" + "- GET /a\n" * 11 + "options: {execution: serial}"
    with pytest.raises(SetupError, match=r"^b\.yaml:2: 11 actions from here on hang together, and a batch takes 10"):
        parted(parse_batch(text.encode(), "b.yaml"), 10)
