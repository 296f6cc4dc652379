"""Who has to travel with whom."""

from hypothesis import given
from hypothesis import strategies as st

from fanfold.client import get, post, put
from fanfold.client.grouping import groups_of, packed


def grouped(*requests):
    return groups_of(requests, [request.in_batch() for request in requests])


def test_actions_without_names_are_each_on_their_own():
    assert grouped(get("/a/{{x}}"), get("/b"), get("/c")) == [[0], [1], [2]]


def test_a_dependency_and_a_reference_join():
    assert grouped(
        post("/a", id="one"),
        get("/b"),
        put("/c/{{ONE.body.data.gid}}"),
        get("/d", id="two"),
        get("/e", depends_on="two"),
        post("/f", {"text": ["{{ two.body.data.name }}"]}),
    ) == [[0, 2], [1], [3, 4, 5]]


def test_a_loop_joins_what_it_is_over():
    assert grouped(get("/a", id="list"), put("/b/{{item.gid}}", for_each="{{list.body.data}}")) == [[0, 1]]


def test_what_only_looks_like_a_reference_joins_nothing():
    assert grouped(get("/a", id="one"), post("/b", {"text": "{{mustache}}"})) == [[0], [1]]


def test_groups_are_put_together_as_far_as_they_fit_and_singles_are_left_alone():
    assert packed([[0, 1, 2], [3], [4, 5], [6, 7], [8, 9, 10]], 5) == [[0, 1, 2, 4, 5], [3], [6, 7, 8, 9, 10]]


@given(st.lists(st.sets(st.integers(0, 11), max_size=3), min_size=1, max_size=12))
def test_every_action_is_in_one_group_with_all_that_it_needs(needs):
    requests = [
        get("/x", id=f"a{place}", depends_on=[f"a{one}" for one in sorted(wants) if one < len(needs)])
        for place, wants in enumerate(needs)
    ]
    groups = grouped(*requests)
    assert sorted(place for group in groups for place in group) == list(range(len(needs)))
    home = {place: number for number, group in enumerate(groups) for place in group}
    for place, wants in enumerate(needs):
        assert all(home[one] == home[place] for one in wants if one < len(needs))
    linked = {frozenset((place, one)) for place, wants in enumerate(needs) for one in wants if one < len(needs)}
    for group in groups:
        reached, edge = {group[0]}, [group[0]]
        while edge:
            here = edge.pop()
            for link in linked:
                if here in link:
                    edge += link - reached
                    reached |= link
        assert reached >= set(group)
