"""How a path finds its operation."""

import pytest

from fanfold.errors import NoSuchRoute
from fanfold.work.router import Router
from fanfold.work.schema import Route


def route(template, method="GET"):
    return Route(method, template, f"{method} {template}", lambda request: None, "task")


def filled(template):
    """A path for the template, and its parameters: numbers, each another."""
    segments, params = [], []
    for segment in template.split("/"):
        if segment.startswith("{"):
            params.append(str(1001 + len(params)))
            segments.append(params[-1])
        else:
            segments.append(segment)
    return "/".join(segments), tuple(params)


class Counted(dict):
    """Literals of a node that count how often they are looked into."""

    looks = 0

    def get(self, *wanted):
        Counted.looks += 1
        return super().get(*wanted)


def count_looks(node):
    node.literals = Counted(node.literals)
    for below in (*node.literals.values(), *filter(None, [node.parameter])):
        count_looks(below)


def test_every_operation_is_found_by_its_own_template(world):
    router = world.api.router
    assert len(router.routes) > 200
    for served in router.routes:
        path, params = filled(served.template)
        assert router.find(served.method, path) == (served, params)


def test_a_literal_goes_before_a_parameter():
    word, number = route("/tasks/search"), route("/tasks/{task_gid}")
    for router in (Router([word, number]), Router([number, word])):
        assert router.find("GET", "/tasks/search") == (word, ())
        assert router.find("GET", "/tasks/searching") == (number, ("searching",))


def test_an_encoded_slash_never_separates():
    router = Router([route("/tasks/{gid}"), route("/tasks/{gid}/stories")])
    for slash in ("%2F", "%2f"):
        found, params = router.find("GET", f"/tasks/1{slash}stories")
        assert (found.template, params) == ("/tasks/{gid}", ("1/stories",))
    assert router.find("GET", "/tasks/1%252Fstories")[1] == ("1%2Fstories",)


def test_parameters_are_decoded_once():
    router = Router([route("/users/{user_gid}")])
    for written, read in (("a%40b.c", "a@b.c"), ("%C3%A9", "é"), ("a+b", "a+b"), ("%2541", "%41"), ("100%", "100%")):
        assert router.find("GET", f"/users/{written}")[1] == (read,)


@pytest.mark.parametrize("path", ["/users/%ff", "/users/%C3", "/users/%ED%A0%80", "/users/%C0%AF"])
def test_what_encodes_no_text_is_nowhere(path):
    with pytest.raises(NoSuchRoute):
        Router([route("/users/{user_gid}")]).find("GET", path)


@pytest.mark.parametrize(
    "path", ["", "/", "/tasks", "/tasks/", "/tasks//", "/tasks/1/", "/tasks/1/2", "//tasks/1", "/Tasks/1"]
)
def test_nothing_but_the_whole_path_is_found(path):
    with pytest.raises(NoSuchRoute):
        Router([route("/tasks/{gid}")]).find("GET", path)


def test_another_method_is_another_operation():
    get, put = route("/tasks/{gid}"), route("/tasks/{gid}", "PUT")
    router = Router([get, put])
    assert router.find("PUT", "/tasks/1")[0] is put
    with pytest.raises(NoSuchRoute):
        router.find("DELETE", "/tasks/1")


def test_no_two_operations_stand_at_one_place():
    with pytest.raises(TypeError, match=r"two operations at GET /tasks/\{other\}"):
        Router([route("/tasks/{gid}"), route("/tasks/{other}")])


@pytest.mark.parametrize("others", [0, 10, 1000])
def test_a_path_costs_one_look_for_each_segment_however_many_routes_there_are(others):
    router = Router([route(f"/kind{n}/{{gid}}/verb{n}") for n in range(others)] + [route("/tasks/{gid}/stories")])
    count_looks(router._root)
    Counted.looks = 0
    router.find("GET", "/tasks/1/stories")
    assert Counted.looks == 3
