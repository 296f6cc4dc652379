"""Plan files: what is read, every mistake with its line, and the same order whoever writes."""

import pytest

from fanfold.integrations.places import DocumentError
from fanfold.integrations.plan_files import PlanError, plan_yaml, read_plan, read_plan_file

PLAN = """\
integrated_account_id: acc
args: {page_id: p1}
resources:
  - name: page-content
    resource: block-children
    method: list
    query: {block_id: "{{args.page_id}}", truto_ignore_remote_data: true}
    recurse:
      if: "{{resources.block-children.has_children:bool}}"
      config: {query: {block_id: "{{resources.block-children.id}}"}}
    persist: false
  - {name: all-page-content, type: spool, depends_on: page-content}
  - name: combined
    type: transform
    depends_on: all-page-content
    config: {expression: "$count(resources.`block-children`)"}
    persist: true
  - resource: users
    method: get
    id: "{{args.user}}"
    depends_on: [page-content]
    loop_on: args.users
    run_if: "$exists(args.user)"
    retry: {attempts: 2, pause: 1, statuses: [503]}
    timeout: 5
    on_error: stop
    include_from_parent: [id]
    group: {of: "{{args.user}}", size: 10}
    response_format: raw
    body: "{'a': 1}"
"""


def complaints(text, evaluator, source="plan.yaml"):
    with pytest.raises(PlanError) as raised:
        read_plan(text.encode(), source, evaluator)
    return list(raised.value.complaints)


def with_line(number, line):
    lines = PLAN.splitlines()
    lines[number - 1] = line
    return "\n".join(lines)


def test_a_plan_is_read_as_it_was_written(evaluator):
    plan = read_plan(PLAN.encode(), "plan.yaml", evaluator)
    assert plan.body["integrated_account_id"] == "acc"
    assert [entry.get("type", "request") for entry in plan.entries] == ["request", "spool", "transform", "request"]
    assert plan.entries[0]["query"] == {"block_id": "{{args.page_id}}", "truto_ignore_remote_data": True}


def test_a_plan_in_json_or_toml_is_one_too(evaluator):
    assert read_plan(b'{"resources": [{"resource": "a", "method": "list"}]}', "p.json", evaluator).entries
    assert read_plan(b'[[resources]]\nresource = "a"\nmethod = "list"\n', "p.toml", evaluator).entries


@pytest.mark.parametrize(
    ("number", "line", "complaint"),
    [
        (1, "account: acc", "plan.yaml:1: account: there is no such field."),
        (
            1,
            "integrated_account: a",
            "plan.yaml:1: integrated_account: there is no such field. Did you mean integrated",
        ),
        (2, "args: [1]", "plan.yaml:2: args: expected an object, not a list."),
        (
            5,
            "    resorce: block-children",
            "plan.yaml:5: resources[0].resorce: there is no such field. Did you mean reso",
        ),
        (5, "    timeout: 1", "plan.yaml:4: resources[0].resource: is missing; it has to be there."),
        (6, "    method: 5", "plan.yaml:6: resources[0].method: expected text, not 5."),
        (7, "    query: [1]", "plan.yaml:7: resources[0].query: expected an object or text, not a list."),
        (7, '    query: {a: "{{x:foo}}"}', "plan.yaml:7: resources[0].query.a: Unsupported type: foo"),
        (7, '    query: "{"', "plan.yaml:7: resources[0].query: no expression that can be worked out"),
        (9, '      if: "{{x:foo}}"', "plan.yaml:9: resources[0].recurse.if: Unsupported type"),
        (9, "      when: x", "plan.yaml:9: resources[0].recurse.when: there is no such field."),
        (
            12,
            "  - {name: a, type: spoool, depends_on: page-content}",
            "plan.yaml:12: resources[1].type: expected one of req",
        ),
        (12, "  - {type: spool, depends_on: page-content}", "plan.yaml:12: resources[1].name: is missing"),
        (12, "  - {name: a, type: spool}", "plan.yaml:12: resources[1].depends_on: is missing"),
        (
            12,
            "  - {name: a, type: spool, depends_on: [users, page-content]}",
            "plan.yaml:12: resources[1].depends_on: a spool",
        ),
        (
            12,
            "  - {name: page-content, type: spool, depends_on: users}",
            "plan.yaml:12: resources[1].name: 'page-content' is",
        ),
        (
            12,
            "  - {name: users, type: spool, depends_on: page-content}",
            "plan.yaml:12: resources[1].name: 'users' is a res",
        ),
        (
            15,
            "    depends_on: all-content",
            "plan.yaml:15: resources[2].depends_on: there is no entry 'all-content'. Did you",
        ),
        (16, "    config: {}", "plan.yaml:16: resources[2].config.expression: is missing"),
        (16, "    config: {expression: '('}", "plan.yaml:16: resources[2].config.expression: no expression"),
        (20, '    id: "{{a:foo}}"', "plan.yaml:20: resources[3].id: Unsupported type"),
        (
            21,
            "    depends_on: [users]",
            "plan.yaml:21: resources[3].depends_on: these wait for each other: users → users.",
        ),
        (23, '    run_if: "("', "plan.yaml:23: resources[3].run_if: no expression"),
        (24, "    retry: {attempts: 0}", "plan.yaml:24: resources[3].retry.attempts: expected at least 1, not 0."),
        (25, "    timeout: soon", "plan.yaml:25: resources[3].timeout: expected a number, not 'soon'."),
        (26, "    on_error: halt", "plan.yaml:26: resources[3].on_error: expected one of"),
        (28, "    group: {size: 10}", "plan.yaml:28: resources[3].group.of: is missing"),
    ],
)
def test_every_mistake_is_told_with_its_line_and_field(number, line, complaint, evaluator):
    assert any(told.startswith(complaint) for told in complaints(with_line(number, line), evaluator))


def test_all_mistakes_are_told_at_once(evaluator):
    text = PLAN.replace("method: list", "method: 5").replace("persist: true", "persist: maybe")
    assert [told.split(": ")[0] for told in complaints(text, evaluator)] == ["plan.yaml:6", "plan.yaml:17"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "expected an object"),
        ("{}", "resources: is missing"),
        ("resources: []", "expected a list that is not empty"),
        ("resources: {}", "expected a list"),
        ("resources: [1]", "expected an object with fields, not 1."),
        ("resources: [{type: {}}]", "expected one of request, transform, spool"),
    ],
)
def test_what_is_no_plan_is_refused(text, words, evaluator):
    assert words in complaints(text, evaluator)[0]


def test_entries_that_wait_for_each_other_are_told(evaluator):
    text = "resources:\n" + "".join(
        f"  - {{name: {name}, resource: r, method: get, depends_on: {before}}}\n" for name, before in ("ab", "bc", "ca")
    )
    (told,) = complaints(text, evaluator)
    assert "these wait for each other: " in told
    assert told.count("→") == 3


def test_what_is_written_is_read_as_the_same_whatever_the_order_of_its_fields(evaluator):
    plan = read_plan(PLAN.encode(), "plan.yaml", evaluator)
    written = plan_yaml(plan.body, ["A plan."])
    again = read_plan(written.encode(), "plan.yaml", evaluator)
    assert again.body == plan.body
    turned = {"resources": [dict(reversed(entry.items())) for entry in plan.entries]} | plan.body.copy()
    turned = dict(reversed({**turned, "resources": [dict(reversed(entry.items())) for entry in plan.entries]}.items()))
    assert plan_yaml(turned, ["A plan."]) == written


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(DocumentError, match="cannot be read"):
        read_plan_file(tmp_path / "none.yaml")
