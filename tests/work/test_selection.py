"""What ``opt_fields`` and ``opt_expand`` select."""

import pytest

from fanfold.work.selection import MAX_GROUPS, MAX_LENGTH, MAX_PATHS, MAX_STEPS, select


def tree(selection):
    """The names selected, as nested dictionaries; ``*`` stands for the full form."""
    shown = {name: tree(below) for name, below in selection.fields.items()}
    return {"*": {}, **shown} if selection.full else shown


@pytest.mark.parametrize(
    ("fields", "selected"),
    [
        ("name", {"name": {}}),
        ("name,notes", {"name": {}, "notes": {}}),
        (" name , notes ,,", {"name": {}, "notes": {}}),
        ("assignee.name", {"assignee": {"name": {}}}),
        ("assignee,assignee.name", {"assignee": {"name": {}}}),
        ("assignee.name,assignee.email,assignee.name", {"assignee": {"name": {}, "email": {}}}),
        ("parent.parent.parent.name", {"parent": {"parent": {"parent": {"name": {}}}}}),
        ("this.name", {"name": {}}),
        ("this.assignee.name", {"assignee": {"name": {}}}),
        ("(this|parent).name", {"name": {}, "parent": {"name": {}}}),
        ("(assignee|parent).(gid|name)", {"assignee": {"gid": {}, "name": {}}, "parent": {"gid": {}, "name": {}}}),
        ("parent.( name | notes )", {"parent": {"name": {}, "notes": {}}}),
        ("['name', 'assignee.name']", {"name": {}, "assignee": {"name": {}}}),
        ('["name","notes"]', {"name": {}, "notes": {}}),
    ],
)
def test_paths_become_a_tree(fields, selected):
    assert tree(select(fields, "", full=True)) == selected


@pytest.mark.parametrize("fields", ["", ",", " , ", "[]"])
def test_who_names_nothing_gets_what_the_operation_shows_by_default(fields):
    assert select(fields, "", full=True).full
    assert select(fields, "", full=False).compact


def test_what_is_expanded_is_full_and_leaves_the_rest_as_it_was():
    assert tree(select("", "assignee", full=True)) == {"*": {}, "assignee": {"*": {}}}
    assert tree(select("name", "(this|parent.assignee)", full=False)) == {
        "*": {},
        "name": {},
        "parent": {"assignee": {"*": {}}},
    }


def test_fields_may_be_named_as_often_as_there_is_room():
    fields = ",".join(f"f{number}" for number in range(MAX_PATHS))
    assert len(select(fields, "", full=True).fields) == MAX_PATHS
    with pytest.raises(ValueError, match=f"at most {MAX_PATHS} fields"):
        select(f"{fields},more", "", full=True)


def test_groups_are_multiplied_out_no_further_than_that():
    with pytest.raises(ValueError, match=f"at most {MAX_PATHS} fields"):
        select(".".join(["(a|b)"] * 10), "", full=True)
    with pytest.raises(ValueError, match=f"at most {MAX_GROUPS} groups"):
        select("(a)" * (MAX_GROUPS + 1), "", full=True)


def test_what_is_too_long_is_not_read():
    assert select("a" * MAX_LENGTH, "", full=True).fields
    for fields, expand in (("a" * (MAX_LENGTH + 1), ""), ("", "a" * (MAX_LENGTH + 1))):
        with pytest.raises(ValueError, match=f"at most {MAX_LENGTH} characters"):
            select(fields, expand, full=True)


def test_of_trees_that_few_characters_ask_for_only_some_are_remembered():
    for number in range(200):
        large = select(".".join([f"(a{number}|b)"] * 9), "", full=False)
    assert select.cache_info().currsize * 1000 <= MAX_STEPS
    assert select(".".join([f"(a{number}|b)"] * 9), "", full=False) is large


def test_a_parameter_that_is_repeated_counts_as_one_list(world, call, holder):
    _, shown = call("GET", f"/tasks/{holder}?opt_fields=name&opt_fields=completed")
    assert shown == {"gid": holder, "name": "Holder", "completed": False}


def test_a_refusal_says_which_parameter_it_is_about(call, holder):
    status, said = call("GET", f"/tasks/{holder}", opt_fields="a" * (MAX_LENGTH + 1))
    assert (status, said) == (400, f"opt_fields: Must be at most {MAX_LENGTH} characters long")
