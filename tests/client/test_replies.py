"""What is a batch's answer, and what is none: results are never mixed up."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.client import BadAnswer
from fanfold.client.replies import Results

JSON = {"content-type": "application/json; charset=UTF-8"}
LINES = {"content-type": "application/x-ndjson"}
GOOD = {"status_code": 200, "headers": {}, "body": {"data": {"gid": "1"}}}


def taken(size, body, headers=None, names=(), pieces=None):
    found = {}
    results = Results(size, found.__setitem__, 1 << 20, names)
    results.begin(200, JSON if headers is None else headers)
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    for piece in pieces or [raw]:
        results.feed(piece)
    results.finish()
    return found


def line(place, **more):
    return msgspec.json.encode({"index": place, **GOOD, **more}) + b"\n"


END = b'{"summary":{"actions":2,"succeeded":2,"failed":0,"ms":1.0}}\n'


def test_results_are_taken_in_their_order():
    found = taken(2, {"data": [GOOD, {**GOOD, "status_code": 404}]})
    assert [found[place].status for place in (0, 1)] == [200, 404]
    assert found[0].data == {"gid": "1"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>Bad gateway</html>", "broken JSON"),
        (b"", "broken JSON"),
        (b'{"data":[{"status_code":200,"body":' + b"[" * 100_000, "broken JSON"),
        (b'{"data":[{"status_code":200,"headers":{},"body":{}},{"status_co', "broken JSON"),
        (b'{"data":[{"status_code":200,"body":"\xff"},{"status_code":200}]}', "broken JSON"),
        (b'{"data":' + b"[" * 100_000, "not that of a batch"),
        ({"data": [GOOD]}, "1 results for 2 actions"),
        ({"data": [GOOD, GOOD, GOOD]}, "3 results for 2 actions"),
        ({"data": {"0": GOOD}}, "not that of a batch"),
        ({"data": [GOOD, None]}, "not that of a batch"),
        ({"data": [GOOD, {"body": {}}]}, "not that of a batch"),
        ({"data": [GOOD, {**GOOD, "status_code": "200"}]}, "not that of a batch"),
        ({"data": [GOOD, {**GOOD, "status_code": 42}]}, "not that of a batch"),
        ({"data": [GOOD, {**GOOD, "headers": []}]}, "not that of a batch"),
        ({"errors": [{"message": "no"}]}, "not that of a batch"),
        ([GOOD, GOOD], "not that of a batch"),
        ("ok", "not that of a batch"),
    ],
)
def test_what_is_no_answer_is_refused_whole(body, said):
    found = {}
    results = Results(2, found.__setitem__, 1 << 20)
    results.begin(200, JSON)
    results.feed(body if isinstance(body, bytes) else msgspec.json.encode(body))
    with pytest.raises(BadAnswer, match=said):
        results.finish()
    assert found == {}


def test_a_page_of_html_is_called_by_its_name():
    with pytest.raises(BadAnswer, match="text/html, not JSON"):
        taken(2, b"<html></html>", {"content-type": "text/html"})


def test_an_answer_that_never_ends_is_not_kept():
    results = Results(1, lambda *_: None, 1000)
    results.begin(200, JSON)
    results.feed(b" " * 900)
    with pytest.raises(BadAnswer, match="larger"):
        results.feed(b" " * 200)


def test_names_have_to_be_those_that_were_sent():
    assert taken(2, {"data": [{**GOOD, "id": "a"}, GOOD]}, names=("a", ""))[0].id == "a"
    with pytest.raises(BadAnswer, match="that of 'b', not of 'a'"):
        taken(2, {"data": [{**GOOD, "id": "b"}, GOOD]}, names=("a", ""))


def test_a_line_is_handed_on_the_moment_it_is_there():
    found = {}
    results = Results(2, found.__setitem__, 1 << 20)
    results.begin(200, LINES)
    text = line(1, ms=0.5)
    results.feed(text[:10])
    assert found == {}
    results.feed(text[10:])
    assert found[1].ms == 0.5
    results.feed(line(0) + END)
    results.finish()
    assert sorted(found) == [0, 1]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (line(0) + END, "after 1 results of 2"),
        (line(0) + line(1), "breaks off after 2"),
        (line(0) + line(1) + END[:-1], "breaks off"),
        (line(0) + line(1)[:-5], "breaks off after 1"),
        (line(0) + line(0), "index 0"),
        (line(0) + line(2), "index 2"),
        (line(-1), "index -1"),
        (line(0, status_code=7), "index 0"),
        (GOOD, "breaks off"),
        (msgspec.json.encode(GOOD) + b"\n", "index -1"),
        (line(0) + b'{"error":{"message":"Server Error"}}\n', "broke the answer off"),
        (line(0) + line(1) + END + line(1), "goes on after its end"),
        (line(0) + b"<html>\n", "broken JSON"),
        (line(0) + b'{"index":"1"}\n', "no result"),
    ],
)
def test_lines_that_do_not_fit_are_refused(body, said):
    with pytest.raises(BadAnswer, match=said):
        taken(2, body, LINES)


@given(st.permutations(range(5)), st.lists(st.integers(1, 60), min_size=1), st.text(max_size=20))
def test_lines_may_come_in_any_order_and_in_any_pieces(order, sizes, text):
    whole = b"".join([line(place, body={"data": {"place": place, "text": text}}) for place in order])
    whole += b'{"summary":{}}\n'
    pieces, at, turn = [], 0, 0
    while at < len(whole):
        size = sizes[turn % len(sizes)]
        pieces.append(whole[at : at + size])
        at, turn = at + size, turn + 1
    found = taken(5, b"", LINES, pieces=pieces)
    assert {place: reply.data["place"] for place, reply in found.items()} == {place: place for place in range(5)}
    assert {reply.data["text"] for reply in found.values()} == {text}
