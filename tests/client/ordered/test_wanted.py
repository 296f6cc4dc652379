"""What callers give as tasks, and what is made of it."""

import pytest

from fanfold.client.ordered.wanted import Wanted


def test_a_name_is_a_task():
    assert Wanted("7", ["a"], ()).tasks == [{"name": "a", "projects": ["7"]}]


def test_other_projects_are_kept():
    assert Wanted("7", [{"name": "a", "projects": ["8", "7"]}], ()).tasks == [{"name": "a", "projects": ["7", "8"]}]


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (5, r"tasks: \[1\]: Must be a name or the data of a task, not 5"),
        ({"memberships": []}, r"tasks: \[1\].memberships: The tasks go to the end of the project"),
        ({"parent": "3"}, r"tasks: \[1\].parent"),
        ({"projects": "3"}, r"tasks: \[1\].projects: Must be a list, not '3'"),
        ({"projects": 3}, r"tasks: \[1\].projects: Must be a list, not 3"),
    ],
)
def test_what_can_be_no_task_is_said_with_its_place(task, message):
    with pytest.raises(ValueError, match=message):
        Wanted("7", ["a", task], ())


def test_only_tasks_of_one_name_that_differ_have_a_kind():
    wanted = Wanted("7", ["a", "b", "b", {"name": "c", "notes": "1"}, {"name": "c", "notes": "2"}], ())
    assert wanted.kinds == [None, None, None, "c", "c"]
