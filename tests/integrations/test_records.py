import pytest

from fanfold.entries import Fetch
from fanfold.errors import RequestError
from fanfold.integrations.records import Wishes, keyed, shown, wishes_of


@pytest.mark.parametrize(
    ("fetch", "wishes"),
    [
        (Fetch(), Wishes()),
        (Fetch(response_format="raw"), Wishes("raw")),
        (Fetch(query={"truto_response_format": "normalized"}), Wishes("normalized")),
        (Fetch(query={"truto_response_format": "stream"}), Wishes()),
        (Fetch(query={"truto_response_format": ["raw"]}), Wishes()),
        (Fetch(query={"truto_ignore_remote_data": "1"}), Wishes(remote_data=False)),
        (Fetch(query={"truto_ignore_remote_data": "false"}), Wishes()),
        (Fetch(query={"truto_exclude_fields": "a, ,b"}), Wishes(excluded=frozenset("ab"))),
        (Fetch(query={"truto_exclude_fields": ["a", 1]}), Wishes(excluded=frozenset("a"))),
        (Fetch(query={"truto_exclude_fields": 7}), Wishes()),
    ],
)
def test_wishes_are_read_from_the_query_and_the_entry(fetch, wishes):
    assert wishes_of(fetch) == wishes


def test_what_is_no_record_is_shown_as_it_is():
    assert shown("text", Wishes(excluded=frozenset("a"))) == "text"


def test_records_can_be_found_by_a_field():
    records = [{"id": 1, "n": "a"}, {"id": 2, "n": "b"}, {"id": 1, "n": "c"}]
    assert keyed(records, "id") == {"1": records[2], "2": records[1]}


@pytest.mark.parametrize("records", [[{}], [{"id": None}], [{"id": {}}], ["x"]])
def test_records_without_the_field_cannot_be_found_by_it(records):
    with pytest.raises(RequestError, match="truto_key_by: not every record has a 'id'"):
        keyed(records, "id")
