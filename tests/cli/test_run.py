"""``fanfold run``: what is sent, what comes out where, and the exit code."""

import io
import json

import pytest
from rich.console import Console

from fanfold.cli.app import app
from fanfold.cli.following import MAX_TOLD, Follower
from fanfold.errors import SetupError
from tests.cli.servers import serving

PLAN = """\
integrated_account_id: acc
args: {site: a, size: 1}
resources:
  - {name: all, resource: users, method: list, persist: true}
  - {name: sum, type: transform, depends_on: all, config: {expression: "$count($)"}, persist: true}
"""
RECORD = {"resource": "users", "name": "all", "record": {"id": 1}}
VALUE = {"name": "sum", "value": 1}
ERROR = {
    "resource": "users",
    "name": "all",
    "error": {"statusCode": 404, "error": "Not Found", "message": "No such user"},
}
PROGRESS = {"progress": {"name": "all", "calls": 3, "records": 2}}


def summary(records=1, errors=0):
    return {
        "summary": {"records": records, "errors": errors, "calls": 3, "ms": 1500.0, "resources": {"users": records}}
    }


@pytest.fixture
def plan(tmp_path):
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN)
    return file


@pytest.fixture
def run(plan, capfdbinary):
    """Runs the command; the exit code, what is on standard output, and what is beside."""

    def run_it(*arguments):
        with pytest.raises(SystemExit) as ended:
            app(["run", str(plan), *arguments])
        out, err = capfdbinary.readouterr()
        return ended.value.code, out.decode(), err.decode()

    return run_it


def test_records_go_to_standard_output_and_the_rest_beside(run):
    with serving(RECORD, PROGRESS, VALUE, summary(2)) as server:
        code, out, err = run("--url", server.url)
    assert (code, [json.loads(line) for line in out.splitlines()]) == (0, [RECORD, VALUE])
    assert "2 records, 0 errors, 3 calls in 1.5 s." in err
    assert [line.split() for line in err.splitlines()[:3]] == [
        ["entry", "calls", "records", "errors"],
        ["all", "3", "2", "0"],
        ["sum", "0", "1", "0"],
    ]


def test_what_is_sent_is_the_plan_with_values_and_token(run, tmp_path):
    (tmp_path / "values.toml").write_text('size = 2\nwhere = "x"\n')
    with serving(summary(0)) as server:
        run(
            *("--url", f"{server.url}/base/", "--token", "secret", "--account", "other"),
            *(
                "--args-file",
                str(tmp_path / "values.toml"),
                "--args",
                "where=y=z",
                "list=[1]",
                "none=null",
                'quoted="5"',
            ),
        )
    ((path, headers, body),) = server.asked
    assert path == "/base/batch-request"
    assert headers["authorization"] == "Bearer secret"
    assert headers["accept"] == "application/x-ndjson"
    assert body["integrated_account_id"] == "other"
    assert body["args"] == {"site": "a", "size": 2, "where": "y=z", "list": [1], "none": None, "quoted": "5"}
    assert [entry["name"] for entry in body["resources"]] == ["all", "sum"]


def test_the_token_may_stand_in_the_environment(run, monkeypatch):
    monkeypatch.setenv("FANFOLD_TOKEN", "from-there")
    with serving(summary(0)) as server:
        run("--url", server.url)
    assert server.asked[0][1]["authorization"] == "Bearer from-there"


def test_errors_are_told_beside_and_in_the_exit_code(run):
    with serving(RECORD, ERROR, summary(1, 1)) as server:
        code, out, err = run("--url", server.url)
    assert (code, [json.loads(line) for line in out.splitlines()]) == (1, [RECORD])
    assert "all: 404 No such user\n" in err
    assert "1 record, 1 error, 3 calls" in err


def test_one_document_holds_records_and_errors(run, tmp_path):
    out_file = tmp_path / "out.json"
    whole = {"result": {"users": [{"id": 1}], "sum": 1}, "errors": {"users": [ERROR["error"]]}}
    with serving(whole, kind="application/json") as server:
        code, out, err = run("--url", server.url, "--format", "json", "--out", str(out_file))
    assert (code, out, json.loads(out_file.read_text())) == (1, "", whole)
    assert "users: 404 No such user" in err
    assert server.asked[0][1]["accept"] == "application/json"


def test_a_server_that_answers_in_one_piece_is_followed_too(run):
    whole = {"result": {"users": [{"id": 1}, {"id": 2}], "sum": "text"}, "errors": {"users": [ERROR["error"]]}}
    with serving(whole, kind="application/json; charset=utf-8") as server:
        code, out, err = run("--url", server.url)
    assert code == 1
    assert [json.loads(line).get("record") for line in out.splitlines()] == [{"id": 1}, {"id": 2}, "text"]
    assert "3 records, 1 error." in err


@pytest.mark.parametrize("cut", [(b'{"resource": "us',), (b"[1]\n",), (b"nonsense\n",), ()])
def test_an_answer_without_an_end_is_told(run, cut):
    with serving(RECORD, *cut, complete=False) as server:
        code, out, err = run("--url", server.url)
    assert (code, [json.loads(line) for line in out.splitlines()]) == (1, [RECORD])
    assert "The answer ended before its end" in err


def refusal(run, *arguments):
    with pytest.raises(SetupError) as raised:
        run(*arguments)
    return raised.value.message


def test_mistakes_that_the_server_sees_are_told_with_their_lines(run):
    failures = [
        {"path": "/resources/1/config/expression", "message": "There is no function $cuont"},
        {"path": "/integrated_account_id", "message": "no"},
    ]
    with serving({"statusCode": 400, "details": {"failures": failures}}, status=400, kind="application/json") as server:
        told = refusal(run, "--url", server.url)
    assert [line.split("/")[-1] for line in told.splitlines()] == [
        "plan.yaml:5: resources[1].config.expression: There is no function $cuont",
        "plan.yaml:1: integrated_account_id: no",
    ]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            401,
            {"message": "Not Authorized"},
            "The server does not know the token (Not Authorized): --token, or FANFOLD_TOKEN.",
        ),
        (404, {"message": "There is no account."}, "The server answers 404: There is no account."),
        (502, b"<html>", "The server answers 502."),
        (429, [], "The server answers 429."),
    ],
)
def test_a_refusal_is_one_sentence(run, status, body, words):
    with serving(body, status=status, kind="application/json") as server:
        assert refusal(run, "--url", server.url) == words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", "http://127.0.0.1:1"], "does not answer: Connection refused"),
        (["--url", "nowhere"], "no server's URL"),
        (["--url", "http://x:port"], "no server's URL"),
        (["--args", "nonsense"], "--args expects name=value, not 'nonsense'."),
        (["--args-file", "none.yaml"], "none.yaml cannot be read"),
        (["--out", "none/out", "--url", "http://127.0.0.1:1"], "none/out cannot be written"),
        (["--token", "ü\n", "--url", "http://127.0.0.1:1"], "no token has"),
    ],
)
def test_a_mistake_in_what_was_told_is_one_sentence(run, arguments, words):
    assert words in refusal(run, *arguments)


def test_values_in_a_file_have_to_have_names(run, tmp_path):
    (tmp_path / "values.yaml").write_text("[1]")
    assert "expected an object" in refusal(run, "--args-file", str(tmp_path / "values.yaml"))


def test_a_plan_without_account_needs_one(run, plan):
    plan.write_text(PLAN.partition("\n")[2])
    assert "--account" in refusal(run)


def test_a_wrong_plan_is_not_sent(run, plan):
    plan.write_text(PLAN.replace("method: list", "methd: list"))
    with serving(summary()) as server:
        assert "Did you mean method?" in refusal(run, "--url", server.url)
    assert server.asked == []


def test_a_dry_run_shows_what_the_server_says_of_the_plan(plan, capsys):
    with (
        serving({"resources": [{"name": "all"}]}, kind="application/json") as server,
        pytest.raises(SystemExit) as ended,
    ):
        app(["run", str(plan), "--url", server.url, "--dry-run"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"resources": [{"name": "all"}]}
    assert server.asked[0][2]["dry_run"] is True


def test_what_is_told_while_it_runs_is_shown_in_place():
    shown = io.StringIO()
    follower = Follower(io.BytesIO(), ["all"], whole=False, console=Console(file=shown, force_terminal=True, width=60))
    assert follower.follow(iter([RECORD, PROGRESS, ERROR, summary(1, 1)])) == 1
    assert "\x1b[" in shown.getvalue()
    assert "all: 404 No such user" in shown.getvalue()


def test_many_errors_are_counted_rather_than_told_one_by_one():
    shown = io.StringIO()
    follower = Follower(io.BytesIO(), [], whole=False, console=Console(file=shown, width=60))
    assert follower.follow(iter([*[ERROR] * (MAX_TOLD + 5), summary(0, MAX_TOLD + 5)])) == 1
    assert shown.getvalue().count("No such user") == MAX_TOLD
    assert "… and 5 further errors." in shown.getvalue()


@pytest.mark.parametrize(
    "line", [{}, {"summary": 1}, {"progress": 1}, {"error": "x"}, {"record": None}, {"progress": {"calls": "x"}}]
)
def test_odd_lines_break_nothing(line):
    follower = Follower(io.BytesIO(), [], whole=True, console=Console(file=io.StringIO()))
    assert follower.follow(iter([line, summary(0)])) == ("error" in line)
