"""``fanfold integration`` and ``fanfold plan``: what is said of right files and of wrong ones, and what is written."""

import json

import pytest

from fanfold.cli.app import app
from fanfold.errors import SetupError
from tests.integrations.descriptions import SMALL

DECLARATION = """\
base_url: https://acme.example
headers: {X-Api-Key: abc}
resources:
  things: {list: {path: /things, operation: listThings, response_path: items}}
unified: {crm: {contacts: {list: {resource: things, response_mapping: "{'id': id}"}}}}
"""
WORKFLOW = {
    "arazzo": "1.0.1",
    "workflows": [
        {
            "workflowId": "one",
            "steps": [{"stepId": "find", "operationId": "listThings", "onSuccess": [{"type": "goto"}]}],
        }
    ],
}


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.yaml").write_text(DECLARATION)
    (tmp_path / "wrong.yaml").write_text("base_url: acme\nlabel: 5\n")
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    (tmp_path / "flow.json").write_text(json.dumps(WORKFLOW))
    (tmp_path / "plan.yaml").write_text("resources: [{resource: a, method: list}]")
    (tmp_path / "broken.yaml").write_text("resources: [{resource: a}]")
    return tmp_path


@pytest.fixture
def run(capsys):
    def run_it(*arguments):
        with pytest.raises(SystemExit) as ended:
            app(arguments)
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run_it


def test_a_right_declaration_is_told_in_figures_with_what_is_doubted(run):
    code, out, err = run("integration", "check", "acme.yaml")
    assert (code, out) == (0, "acme.yaml: acme: 1 resource, 1 method, 1 resource of crm\n")
    assert err.startswith("acme.yaml:2: headers.X-Api-Key: looks like a secret")


def test_all_mistakes_of_all_files_are_told(run):
    code, out, err = run("integration", "check", "wrong.yaml", "acme.yaml", "none.yaml")
    assert code == 2
    assert out.startswith("acme.yaml: acme: ")
    assert [line.split(" ")[0] for line in err.splitlines() if "secret" not in line] == [
        "wrong.yaml:1:",
        "wrong.yaml:2:",
        "none.yaml",
    ]


def test_a_draft_is_printed_and_right(run, directory):
    code, out, _ = run("integration", "draft", "small.json", "--name", "mine")
    assert code == 0
    assert out.startswith("# Drafted from small.json.")
    (directory / "mine.yaml").write_text(out)
    assert run("integration", "check", "mine.yaml")[:2] == (0, "mine.yaml: mine: 5 resources, 12 methods\n")


def test_a_draft_goes_to_a_file_with_its_notes_beside(run, directory):
    code, out, err = run("integration", "draft", "small.json", "--out", "mine.yaml")
    assert (code, out) == (0, "mine.yaml: small-fine-api: 5 resources, 12 methods\n")
    assert "pagination: guessed" in err
    assert run("integration", "check", "mine.yaml")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["integration", "draft", "acme.yaml"], "no OpenAPI description"),
        (["integration", "draft", "none.yaml"], "cannot be read"),
        (["integration", "draft", "small.json", "--name", "a b"], "name"),
        (["integration", "draft", "small.json", "--out", "none/x.yaml"], "cannot be written"),
        (["plan", "import", "small.json", "--integration", "acme.yaml"], "no Arazzo description"),
        (["plan", "import", "flow.json", "--integration", "wrong.yaml"], "wrong.yaml:1: base_url"),
        (["plan", "import", "flow.json", "--integration", "acme.yaml", "--workflow", "two"], "no workflow 'two'"),
        (["plan", "import", "flow.json", "--integration", "acme.yaml", "--out", "none/x"], "cannot be written"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(run, arguments, words):
    with pytest.raises(SetupError) as raised:
        run(*arguments)
    assert words in raised.value.message


def test_plans_are_checked(run):
    code, out, err = run("plan", "check", "plan.yaml", "broken.yaml")
    assert (code, out) == (2, "plan.yaml: 1 entry\n")
    assert err == "broken.yaml:1: resources[0].method: is missing; it has to be there.\n"


def test_a_workflow_becomes_a_plan(run, directory):
    code, out, err = run("plan", "import", "flow.json", "--integration", "acme.yaml", "--out", "made.yaml")
    assert (code, out) == (0, "made.yaml: 1 entry\n")
    assert err == "find: what follows success is left out: goto.\n"
    assert run("plan", "check", "made.yaml")[0] == 0
    printed = run("plan", "import", "flow.json", "--integration", "acme.yaml")[1]
    assert printed == (directory / "made.yaml").read_text()
