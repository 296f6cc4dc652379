"""``fanfold batch`` against a server that is one, and against some that are not."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys

import pytest

from tests.cli.batch_servers import OFFER, results, telling

MIXED = """\
- GET /users/me?opt_fields=name
- POST /tasks: {name: Order ink, projects: ["1025"]}
  id: create
  fields: [name]
- GET /tasks/{{create.body.data.gid}}?opt_fields=name
- GET /tasks/999
"""


@pytest.fixture
def write(tmp_path):
    def write_it(text, name="batch.yaml"):
        file = tmp_path / name
        file.write_text(text)
        return file

    return write_it


@pytest.fixture
def batch(fanfold, asana_server, write):
    """Runs a batch of that text against the server."""

    def run_it(text, *options):
        return fanfold("batch", write(text), "--url", asana_server.url, "--token", asana_server.token, *options)

    return run_it


# -- what comes out --------------------------------------------------------------------------------------------------


def test_results_stand_in_the_order_of_the_actions(batch):
    code, out, err = batch(MIXED, "--json")
    told = json.loads(out)["data"]
    assert code == 1
    assert [result["status_code"] for result in told] == [200, 201, 200, 404]
    assert (told[1]["id"], told[2]["body"]["data"]["name"]) == ("create", "Order ink")
    assert re.fullmatch(r"4 actions, 1 failed, in 2 batches\. This took [\d.]+ ms\. The server says .+\n", err)


def test_people_get_a_line_for_each_action_and_the_figures(batch):
    code, out, err = batch(MIXED.rsplit("\n", 2)[0])
    rows = [line.split() for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [row[0] for row in rows[:4]] == ["#", "1", "◆2", "◆3"]
    assert rows[2][1:5] == ["create:", "POST", "/tasks", "201"]
    assert "◆ critical path" in out
    assert "\x1b" not in out
    assert "3 actions, 0 failed, in 1 batch and 1 request alone. This took" in out


def test_more_than_ten_actions_are_split_and_dependency_groups_kept_together(batch, asana_server):
    groups = "".join(
        f"- POST /tasks: {{name: n{number}, workspace: '1005'}}\n  id: a{number}\n"
        f"- GET /users/me\n- GET /tasks/{{{{a{number}.body.data.gid}}}}?opt_fields=name\n"
        for number in range(8)
    )
    code, out, err = batch(groups, "--json")
    told = json.loads(out)["data"]
    assert code == 0
    assert [told[3 * number + 2]["body"]["data"]["name"] for number in range(8)] == [f"n{n}" for n in range(8)]
    assert "24 actions, 0 failed, in 3 batches." in err


def test_a_group_that_fits_into_no_batch_is_refused_before_anything_is_sent(batch, asana_server):
    chain = "- {GET /users/me: , id: a0}\n" + "".join(
        f"- {{GET /users/me: , id: a{number}, depends_on: a{number - 1}}}\n" for number in range(1, 11)
    )
    asana_server.clear_requests()
    code, out, err = batch(chain)
    assert (code, out) == (2, "")
    assert err == "11 actions that hang together do not fit into one batch. Nothing was sent.\n"
    assert batch(chain, "--dry-run")[2].endswith(
        "11 actions from here on hang together, and a batch takes 10 at most.\n"
    )
    assert asana_server.requested(method="POST") == []


def test_options_of_a_batch_reach_the_server(batch):
    text = "actions: [GET /users/me, GET /tasks/999, GET /users/me]\noptions: {execution: serial, on_error: stop}"
    code, out, _ = batch(text, "--json")
    assert (code, [each["status_code"] for each in json.loads(out)["data"]]) == (1, [200, 404, 424])
    text = "actions: [GET /users/me, GET /users/me]\noptions: {max_parallel: 1, deadline: 5}"
    assert batch(text, "--json")[0] == 0


def test_a_dry_run_shows_the_servers_plan_and_changes_nothing(batch, asana_server):
    code, out, _ = batch(MIXED, "--dry-run")
    assert code == 0
    assert out.splitlines()[-1] == (
        "Nothing was carried out. The server says that it would cost 4 requests, 3 reads, 1 writes."
    )
    assert [line.split()[-1] for line in out.splitlines()[1:5]] == ["0", "0", "create", "0"]
    told = json.loads(batch(MIXED, "--dry-run", "--json")[1])
    assert (told["waves"], [each["actions"] for each in told["batches"]]) == ([0, 0, 1, 0], [[0, 3], [1, 2]])
    assert [request["path"] for request in asana_server.requested(method="POST")] == ["/api/1.0/batch"] * 4


def test_a_server_that_tells_no_plans_is_asked_none(fanfold, write):
    with telling(results) as server:
        code, out, _ = fanfold("batch", write("[GET /a, POST /b]"), "--url", server.url, "--dry-run")
    assert (code, server.asked) == (0, [])
    assert out.splitlines()[-1].startswith("Nothing was sent. The server does not tell plans")


def test_comparing_measures_what_may_be_sent_again_and_says_what_may_not(batch, asana_server):
    asana_server.clear_requests()
    _, out, _ = batch(MIXED, "--compare")
    figures = " ".join(out.split("critical path")[1].split())
    assert re.search(
        r"One by one its 2 reads took [\d.]+ ms, measured on an open connection; in the batch they", figures
    )
    assert "2 were not sent again, as they write or need other actions" in figures
    alone = [request for request in asana_server.requests if not request["path"].endswith("/batch")]
    assert {request["method"] for request in alone} <= {"GET", "OPTIONS"}


def test_without_comparing_it_says_that_it_does_not_know(batch):
    assert "How long they would take one by one is not known; --compare" in batch("- GET /users/me")[1]


def test_a_refusal_for_a_limit_is_waited_for_and_told(batch, asana_server):
    asana_server.fault("rate_limit", path="/users/me", count=1, retry_after=1)
    code, out, _ = batch("[GET /users/me, GET /users/me]")
    assert code == 0
    assert "waits for a limit" in out
    assert "200 x2" in out


def test_a_report_is_written_and_known_to_be_impossible_before_anything_is_done(batch, asana_server, tmp_path):
    assert batch(MIXED, "--report", tmp_path / "r.html")[0] == 1
    page = (tmp_path / "r.html").read_text()
    assert "Order ink" in page
    assert asana_server.token not in page
    asana_server.clear_requests()
    assert batch(MIXED, "--report", tmp_path / "none" / "r.html")[0] == 2
    assert asana_server.requests == []


def test_what_servers_say_cannot_move_the_cursor(batch):
    code, out, _ = batch('- POST /tasks: {name: "\\e[31mred\\u202e", workspace: "1005"}')
    assert (code, "\x1b" in out, r"\x1b[31mred\u202e" in out) == (0, False, True)


def test_curl_commands_can_be_piped_in(batch, fanfold, asana_server, monkeypatch):
    import io  # noqa: PLC0415

    class Input:
        buffer = io.BytesIO(b"curl http://elsewhere/api/1.0/users/me?opt_fields=name")

    monkeypatch.setattr("sys.stdin", Input)
    code, out, _ = fanfold("batch", "-", "--url", f"{asana_server.url}/batch/", "--token", asana_server.token)
    assert (code, "Ada Lovelace" in out) == (0, True)


# -- servers that are none -------------------------------------------------------------------------------------------

TWO = "[GET /a, GET /b]"
PAGE = "<html><body>Welcome</body></html>"


def fewer(asked):
    return {"data": results(asked)["data"][:-1]}


def more(asked):
    return {"data": [*results(asked)["data"], {"status_code": 200}]}


@pytest.mark.parametrize(
    ("body", "how", "told"),
    [
        (PAGE, {"kind": "text/html"}, "The answer is text/html, not JSON.\n"),
        (PAGE, {"kind": "text/html", "status": 404}, "There is no batch endpoint at URL/batch: it answers 404.\n"),
        ("", {"status": 302}, "There is no batch endpoint at URL/batch: it answers 302.\n"),
        ({"data": {"gid": "1"}}, {}, "The answer is not that of a batch: "),
        ({"hello": "world"}, {}, "The answer is not that of a batch: "),
        ('{"data": [{"status_code": 200, "bo', {}, "The answer is broken JSON of 34 bytes."),
        (results, {"missing": 10}, "The connection broke: "),
        (fewer, {}, "The answer has 1 results for 2 actions."),
        (more, {}, "The answer has 3 results for 2 actions."),
        ({"errors": [{"message": "Not Authorized"}]}, {"status": 401}, "The server does not know the token"),
        ({"errors": [{"message": "No\x1b batch"}]}, {"status": 403}, r"The server refused the batch with 403: No\x1b"),
    ],
)
@pytest.mark.parametrize("json_wanted", [True, False])
def test_a_bad_answer_is_one_sentence_and_no_result_is_shown(fanfold, write, body, how, told, json_wanted):
    with telling(body, **how) as server:
        code, out, err = fanfold(
            "batch", write(TWO), "--url", server.url, "--timeout", 5, *(["--json"] if json_wanted else [])
        )
    assert code == 2
    sentence = err.splitlines()[-1] + "\n"
    assert told.rstrip("\n").replace("URL", server.url) in sentence
    if json_wanted:
        assert [each["status_code"] for each in json.loads(out)["data"]] == [None, None]
    else:
        assert (out, len(err.splitlines())) == ("", 1)


def lines(*told):
    return "".join(json.dumps(line) + "\n" for line in told)


def line(index, gid):
    return {"index": index, "status_code": 200, "headers": {}, "body": {"data": {"gid": gid}}}


END = {"summary": {"actions": 2}}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (lines(line(1, "b")), [None, "b"]),
        (lines(line(1, "b"), END), [None, "b"]),
        (lines(line(1, "b"), line(1, "a"), END), [None, "b"]),
        (lines(line(2, "c"), line(0, "a"), END), [None, None]),
        (lines(line(0, "a")) + '{"index": 1, "sta', ["a", None]),
        (lines(line(1, "b")) + PAGE + "\n", [None, None]),
    ],
)
def test_of_lines_that_break_off_only_what_is_sure_is_shown(fanfold, write, text, kept):
    with telling(text, kind="application/x-ndjson", offer=OFFER) as server:
        code, out, err = fanfold("batch", write(TWO), "--url", server.url, "--json")
    told = json.loads(out)["data"]
    assert code == 2
    assert [each["body"]["data"]["gid"] if each["status_code"] else None for each in told] == kept
    assert err.splitlines()[-1].endswith(
        f"{kept.count(None)} of 2 actions have no result, and may have been carried out."
    )


def test_a_server_that_is_not_there_is_said(fanfold, write):
    with telling(results) as server:
        pass
    code, out, err = fanfold("batch", write(TWO), "--url", server.url)
    assert (code, out) == (2, "")
    assert err.startswith(f"{server.url} does not answer: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["- {GET /a: , id: a}\n- GET /{{a.body.gid}}", "actions: [GET /a]\noptions: {deadline: 1}"]
)
def test_what_a_plain_batch_server_does_not_know_is_never_sent_to_it(fanfold, write, text):
    with telling(results) as server:
        code, _, err = fanfold("batch", write(text), "--url", server.url)
    assert (code, server.asked) == (2, [])
    assert err.startswith("This server does not know ")
    assert err.endswith("Nothing was sent.\n")


def test_a_plain_batch_server_gets_plain_batches_of_ten(fanfold, write):
    text = "".join(f"- {{GET /{number}: , id: n{number}}}\n" for number in range(25))
    with telling(results) as server:
        code, out, _ = fanfold("batch", write(text), "--url", server.url, "--json")
    assert (code, sorted(len(asked["data"]["actions"]) for asked in server.asked)) == (0, [5, 10, 10])
    assert all(
        set(action) == {"method", "relative_path"} for asked in server.asked for action in asked["data"]["actions"]
    )
    told = json.loads(out)["data"]
    assert [(each["id"], each["body"]["data"]["gid"]) for each in told] == [(f"n{n}", f"/{n}") for n in range(25)]


# -- what was told wrongly -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--url", "nowhere"), "--url: 'nowhere' is no API's URL; expected such as http://127.0.0.1:8480/api/1.0.\n"),
        (("--url", "http://x:port"), "--url: 'http://x:port' is no API's URL; "),
        (("--url", "http://me:secret@x/api"), "--url: 'http://me:secret@x/api' is no API's URL; "),
        (("--token", "a\nb"), "The token has characters that no token has.\n"),
        (("--report", "/nowhere/r.html"), "/nowhere/r.html cannot be written: No such file or directory.\n"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(fanfold, asana_server, write, words, told):
    known = {"--url": asana_server.url, "--token": asana_server.token, **dict([words])}
    code, _, err = fanfold("batch", write("- GET /users/me"), *(word for pair in known.items() for word in pair))
    assert (code, err.startswith(told)) == (2, True), err


# -- at a terminal ---------------------------------------------------------------------------------------------------


def at_terminal(arguments, interrupt_at="", **environment):
    """What a command writes to a terminal; it is interrupted as soon as that has a certain text."""
    first, second = pty.openpty()
    known = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    process = subprocess.Popen(
        [sys.executable, "-m", "fanfold", *map(str, arguments)],
        stdin=second,
        stdout=second,
        stderr=second,
        env={**known, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **environment},
        # Whoever runs the tests in the background has them ignore interrupts, and what they start would do likewise.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it has no threads
    )
    os.close(second)
    written = b""
    while True:
        try:
            ready, _, _ = select.select([first], [], [], 30)
            piece = os.read(first, 65536) if ready else b""
        except OSError:
            break
        if not piece:
            break
        written += piece
        if interrupt_at and interrupt_at.encode() in written:
            process.send_signal(signal.SIGINT)
            interrupt_at = ""
    os.close(first)
    return process.wait(timeout=30), written.decode()


HIDES, COLOUR = "\x1b[?25l", re.compile("\x1b\\[[0-9;]*3[0-7]m")


@pytest.mark.parametrize(
    ("environment", "moves", "coloured"),
    [({}, True, True), ({"NO_COLOR": "1"}, False, False), ({"TERM": "dumb"}, False, False)],
)
def test_only_a_terminal_that_can_and_may_is_moved_and_coloured(asana_server, write, environment, moves, coloured):
    asana_server.fault("latency", path="/users/me", ms=300)
    words = [
        "batch",
        write("[GET /users/me, GET /tasks/999]"),
        "--url",
        asana_server.url,
        "--token",
        asana_server.token,
    ]
    code, written = at_terminal(words, **environment)
    assert code == 1
    assert (HIDES in written, bool(COLOUR.search(written))) == (moves, coloured)
    assert "2 actions, 1 failed" in written
    assert not moves or "of 2 settled" in written


def test_who_interrupts_is_told_how_far_it_had_come(asana_server, write):
    asana_server.fault("latency", path="/users/me", ms=20_000)
    text = "[GET /tasks/999, GET /users/me]"
    words = ["batch", write(text), "--url", asana_server.url, "--token", asana_server.token]
    code, written = at_terminal(words, interrupt_at="1 of 2 settled")
    assert code == 130
    assert "Interrupted: 1 of 2 actions had been carried out; 1 were under way, and may be carried out" in written


def test_where_there_is_no_terminal_nothing_forces_colour(batch, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    _, out, err = batch(MIXED)
    assert "\x1b" not in out + err
