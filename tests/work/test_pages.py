"""Lists a page at a time."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanfold.work.pages import LIFETIME, MAX_UNPAGED

INVALID = (400, {"message": "offset: Your pagination token is invalid."})
EXPIRED = (400, {"message": "offset: Your pagination token has expired."})


@pytest.fixture
def tags(world, space):
    return [world.made("/tags", {"name": name, "workspace": space}) for name in "abcde"]


@pytest.fixture
def path(space, tags):
    return f"/workspaces/{space}/tags"


@pytest.fixture
def offset(world, path):
    return world.ask("GET", path, limit=2)[1]["next_page"]["offset"]


def gids(body):
    return [item["gid"] for item in body["data"]]


def test_pages_follow_each_other_to_the_end(world, path, tags):
    for limit in (1, 2, 4, 5, 100):
        assert [item["gid"] for item in world.pages(path, limit=limit)] == tags


def test_without_a_limit_nothing_is_said_about_pages(world, path, tags):
    status, body = world.ask("GET", path)
    assert (status, list(body), gids(body)) == (200, ["data"], tags)


def test_the_last_page_has_none_behind_it(world, path, offset, tags):
    assert world.ask("GET", path, limit=5)[1]["next_page"] is None
    assert world.ask("GET", path, limit=4)[1]["next_page"] is not None
    assert world.ask("GET", path, limit=3, offset=offset)[1]["next_page"] is None


def test_the_next_page_s_address_repeats_what_was_asked(world, path, tags):
    following = world.ask("GET", path, limit=2, opt_fields="name,color")[1]["next_page"]
    assert following["uri"] == f"https://fanfold.test/api/1.0{following['path']}"
    address = urlsplit(following["path"])
    query = dict(parse_qsl(address.query))
    assert address.path == path
    assert query == {"limit": "2", "opt_fields": "name,color", "offset": following["offset"]}
    status, body = world.ask("GET", following["path"])
    assert (status, gids(body)) == (200, tags[2:4])


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "ten", " ", "١", "10000", "1e1"])
def test_a_limit_is_from_1_to_100(world, path, limit):
    said = {"message": "limit: Must be an integer between 1 and 100"}
    assert world.ask("GET", path, None, world.ada, limit=limit) == (400, said)


def test_an_offset_is_good_with_another_limit_and_other_fields(world, path, offset, tags):
    assert gids(world.ask("GET", path, limit=1, offset=offset)[1]) == tags[2:3]
    assert gids(world.ask("GET", path, offset=offset, opt_fields="name")[1]) == tags[2:]


@pytest.mark.parametrize("index", [0, 20, 60, -1])
def test_an_offset_that_was_changed_is_invalid(world, path, offset, index):
    other = "A" if offset[index] != "A" else "B"
    changed = list(offset)
    changed[index] = other
    assert world.ask("GET", path, limit=2, offset="".join(changed)) == INVALID


@pytest.mark.parametrize("offset", ["1", ".", "a.b.c", "..", "é", "0" * 5000])
def test_what_is_no_offset_is_invalid(world, path, offset):
    assert world.ask("GET", path, limit=2, offset=offset) == INVALID


def test_an_offset_without_its_signature_is_invalid(world, path, offset):
    assert world.ask("GET", path, limit=2, offset=offset.rpartition(".")[0] + ".") == INVALID


def test_an_offset_is_good_for_its_own_list_and_reader_only(world, path, offset, space, bob):
    assert world.ask("GET", f"/workspaces/{world.org}/tags", limit=2, offset=offset) == INVALID
    assert world.ask("GET", f"/workspaces/{space}/projects", limit=2, offset=offset) == INVALID
    assert world.ask("GET", path, None, bob, limit=2, offset=offset) == INVALID
    assert world.ask("GET", path, limit=2, offset=offset, archived="true") == INVALID


def test_an_offset_expires(world, path, offset, tags):
    world.later(seconds=LIFETIME)
    assert gids(world.ask("GET", path, limit=2, offset=offset)[1]) == tags[2:4]
    world.later(seconds=1)
    assert world.ask("GET", path, limit=2, offset=offset) == EXPIRED


def test_a_list_that_is_too_long_has_to_be_paged(world, path, space, tags):
    for number in range(MAX_UNPAGED - len(tags)):
        world.made("/tags", {"name": str(number), "workspace": space})
    assert len(world.call("GET", path)[1]) == MAX_UNPAGED
    world.made("/tags", {"name": "one more", "workspace": space})
    status, said = world.call("GET", path)
    assert status == 400
    assert said.startswith("The result is too large. You should use pagination (may require specifying a workspace)!")
    assert len(world.pages(path, limit=100)) == MAX_UNPAGED + 1


CHANGES = st.lists(
    st.tuples(st.sampled_from(["before", "after", "top", "end", "delete"]), st.integers(0, 50)), max_size=4
)


class Sections:
    """A project's sections, and a list of what they have to be."""

    def __init__(self, world, space):
        self.world = world
        self.path = f"/projects/{world.made('/projects', {'name': 'Paged', 'workspace': space})}/sections"
        self.model = [section["gid"] for section in world.call("GET", self.path)[1]]

    def change(self, what, number):
        at = number % len(self.model)
        if what == "delete":
            if len(self.model) > 1:
                assert self.world.call("DELETE", f"/sections/{self.model.pop(at)}")[0] == 200
            return
        place = {
            "before": ({"insert_before": self.model[at]}, at),
            "after": ({"insert_after": self.model[at]}, at + 1),
            "top": ({"insert_after": None}, 0),
            "end": ({}, len(self.model)),
        }
        words, index = place[what]
        self.model.insert(index, self.world.made(self.path, {"name": "S", **words}))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 8), st.integers(1, 4), st.lists(CHANGES, max_size=6))
def test_inserting_and_deleting_while_paging_neither_skips_nor_repeats(world, space, size, limit, rounds):
    sections = Sections(world, space)
    for _ in range(size):
        sections.change("end", 0)
    stayed, found, query = list(sections.model), [], {}
    for changes in [*rounds, *([[]] * 40)]:
        status, body = world.ask("GET", sections.path, limit=limit, **query)
        assert status == 200
        found += gids(body)
        if body["next_page"] is None:
            break
        query = {"offset": body["next_page"]["offset"]}
        for change in changes:
            sections.change(*change)
        stayed = [gid for gid in stayed if gid in sections.model]
    assert body["next_page"] is None
    assert len(found) == len(set(found))
    assert [gid for gid in found if gid in stayed] == stayed
    in_order = [gid for gid in sections.model if gid in found]
    assert [gid for gid in found if gid in sections.model] == in_order
    assert gids(world.ask("GET", sections.path)[1]) == sections.model


@pytest.mark.parametrize("listed", ["project", "section"])
def test_renumbering_a_list_while_somebody_pages_neither_skips_nor_repeats(world, space, listed):
    """Forty insertions at one place leave no room there, so that every position changes under the reader."""
    ask = world.ask
    project = ask("POST", "/projects", {"name": "P", "workspace": space})[1]["data"]["gid"]
    gids = [ask("POST", "/tasks", {"name": str(n), "projects": [project]})[1]["data"]["gid"] for n in range(6)]
    section = ask("GET", f"/projects/{project}/sections")[1]["data"][0]["gid"]
    owner = f"/projects/{project}" if listed == "project" else f"/sections/{section}"
    first = ask("GET", f"{owner}/tasks", limit=3)[1]
    for _ in range(40):
        new = ask("POST", "/tasks", {"name": "new", "workspace": space})[1]["data"]["gid"]
        status, _ = ask("POST", f"/tasks/{new}/addProject", {"project": project, "insert_after": gids[0]})
        assert status == 200
    assert world.store.setting(f"renumbered {section} section.tasks") == b"1"
    second = ask("GET", f"{owner}/tasks", limit=100, offset=first["next_page"]["offset"])[1]
    assert [task["gid"] for task in first["data"] + second["data"]] == gids


def test_a_reader_whose_last_record_left_a_renumbered_list_has_to_begin_again(world, space):
    ask = world.ask
    project = ask("POST", "/projects", {"name": "P", "workspace": space})[1]["data"]["gid"]
    gids = [ask("POST", "/tasks", {"name": str(n), "projects": [project]})[1]["data"]["gid"] for n in range(4)]
    first = ask("GET", f"/projects/{project}/tasks", limit=2)[1]
    for _ in range(40):
        new = ask("POST", "/tasks", {"name": "new", "workspace": space})[1]["data"]["gid"]
        ask("POST", f"/tasks/{new}/addProject", {"project": project, "insert_after": gids[0]})
    ask("DELETE", f"/tasks/{gids[1]}")
    status, refusal = ask("GET", f"/projects/{project}/tasks", limit=2, offset=first["next_page"]["offset"])
    assert status == 400
    assert "expired" in str(refusal)
