"""What is said to us within a query."""

from fanfold.integrations.options import Options, read_options, without_fields


def test_options_are_read_and_taken_out():
    query = {
        "truto_response_format": "raw",
        "truto_ignore_remote_data": "true",
        "truto_exclude_fields": "a, b,,c",
        "truto_key_by": "id",
        "truto_unknown": 1,
        "a": 1,
    }
    assert read_options(query) == (Options("raw", True, ("a", "b", "c"), "id"), {"a": 1})
    assert read_options({"a": 1}) == (Options(), {"a": 1})


def test_what_the_entry_says_counts_more():
    assert read_options({"truto_response_format": "raw"}, "unified")[0].response_format == "unified"
    assert read_options({}, "normalized")[0].response_format == "normalized"


def test_options_of_the_wrong_type_are_none():
    query = {"truto_response_format": 1, "truto_exclude_fields": {"a": 1}, "truto_key_by": []}
    assert read_options(query) == (Options(), {})


def test_fields_are_left_out_of_records():
    assert without_fields([{"a": 1, "b": 2}, 3], ("a",)) == [{"b": 2}, 3]
