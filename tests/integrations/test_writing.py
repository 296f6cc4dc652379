"""YAML as it is written: it is read as what it was, in the order it was in."""

from hypothesis import given
from hypothesis import strategies as st

from fanfold.integrations.documents import read_document
from fanfold.integrations.writing import as_yaml

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "1e3",
            "0o7",
            "no",
            "012",
            "2022-01-01",
            "{{a}}",
            "a\nb",
            "=",
            "<<",
            "1_0",
            "12:30",
            "~",
            "\x85",
            "a\u2028b\nc",
        ]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4),
    max_leaves=15,
)


@given(values)
def test_what_is_written_is_read_as_what_it_was(value):
    assert read_document(as_yaml(value).encode(), "x.yaml").value == value


def test_order_is_kept_and_nothing_is_abbreviated():
    shared = {"z": 1, "a": [1, {"b": "no"}]}
    assert as_yaml({"two": shared, "one": shared}, ["A note.", "Another\nof two lines."]) == (
        "# A note.\n# Another\n# of two lines.\n\n"
        "two:\n  z: 1\n  a:\n    - 1\n    - b: 'no'\none:\n  z: 1\n  a:\n    - 1\n    - b: 'no'\n"
    )


def test_several_lines_stay_several_lines():
    assert as_yaml({"a": "$map(\n  x\n)"}) == "a: |-\n  $map(\n    x\n  )\n"
