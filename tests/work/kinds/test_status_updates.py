"""Status updates, and project statuses, which are their former form."""

import pytest


@pytest.fixture
def post(world, call, project):
    """Posts a status update on the project a minute after the last."""

    def post(status_type="on_track", **values):
        world.later(minutes=1)
        data = {"parent": project, "status_type": status_type, "text": "All is well"} | values
        return world.made("/status_updates", data)

    return post


def gids(shown):
    return [item["gid"] for item in shown]


def test_a_status_update_is_posted_read_and_deleted(world, call, ada, project, post):
    gid = post(title="Week 1", text="Going <well>", status_type="at_risk")
    shown = call("GET", f"/status_updates/{gid}")[1]
    assert (shown["title"], shown["text"], shown["status_type"]) == ("Week 1", "Going <well>", "at_risk")
    assert shown["parent"] == {"gid": project, "resource_type": "project", "name": "Launch"}
    assert shown["author"]["gid"] == shown["created_by"]["gid"] == ada
    assert shown["resource_subtype"] == "project_status_update"
    assert (shown["num_likes"], shown["likes"], shown["liked"], shown["reaction_summary"]) == (0, [], False, [])
    assert shown["created_at"] == shown["modified_at"] == "2026-01-05T09:31:00.000Z"
    html = call("GET", f"/status_updates/{gid}", opt_fields="html_text,parent.owner.name")[1]
    assert html["html_text"] == "<body>Going &lt;well&gt;</body>"
    assert html["parent"]["owner"]["name"] == "Ada Lovelace"
    assert call("DELETE", f"/status_updates/{gid}") == (200, {})
    assert call("GET", f"/status_updates/{gid}") == (404, f"status_update: Unknown object: {gid}")


def test_a_status_update_needs_words_a_type_and_a_parent(call, project):
    whole = {"parent": project, "status_type": "on_track", "text": "x"}
    for name in ("parent", "status_type", "text"):
        data = {key: value for key, value in whole.items() if key != name}
        assert call("POST", "/status_updates", data) == (400, f"{name}: Missing input")
    assert call("POST", "/status_updates", whole | {"html_text": "<body>x</body>"})[0] == 400
    assert call("POST", "/status_updates", whole | {"title": "x" * 1025})[0] == 400
    assert call("POST", "/status_updates", whole | {"status_type": "fine"})[0] == 400


def test_formatted_words_will_do(call, project):
    data = {"parent": project, "status_type": "on_track", "html_text": "<body><em>Well</em></body>"}
    assert call("POST", "/status_updates", data)[1]["text"] == "Well"


def test_each_kind_of_parent_has_its_own_types(call, project):
    data = {"parent": project, "status_type": "achieved", "text": "x"}
    said = "status_type: Must be one of on_track, at_risk, off_track, on_hold, complete, dropped, not: achieved"
    assert call("POST", "/status_updates", data) == (400, said)


def test_what_nobody_may_set_is_ignored(call, ada, bob, project):
    data = {"parent": project, "status_type": "on_track", "text": "x", "created_by": bob, "liked": True, "author": bob}
    shown = call("POST", "/status_updates", data)[1]
    assert (shown["author"]["gid"], shown["liked"], shown["num_likes"]) == (ada, False, 0)


def test_only_some_kinds_have_status_updates(world, call, holder, eve):
    data = {"parent": holder, "status_type": "on_track", "text": "x"}
    assert call("POST", "/status_updates", data) == (400, "parent: Not a valid GID type: task")
    assert call("GET", "/status_updates", parent=holder) == (400, "parent: Not a valid GID type: task")
    assert call("GET", "/status_updates") == (400, "parent: Missing input")
    assert call("GET", "/status_updates", parent="x")[0] == 400


def test_status_updates_are_listed_newest_first(world, call, project, post):
    made = [post() for _ in range(3)]
    assert gids(call("GET", "/status_updates", parent=project)[1]) == made[::-1]
    assert gids(world.pages("/status_updates", parent=project, limit=1)) == made[::-1]
    since = call("GET", f"/status_updates/{made[1]}")[1]["created_at"]
    assert gids(call("GET", "/status_updates", parent=project, created_since=since)[1]) == made[:0:-1]
    assert call("GET", "/status_updates", parent=project, created_since="soon")[0] == 400


def test_the_project_shows_the_latest(world, call, ada, project, post):
    shown = call("GET", f"/projects/{project}")[1]
    assert (shown["current_status"], shown["current_status_update"]) == (None, None)
    first, second = post(title="One"), post("dropped", title="Two", text="No")
    shown = call("GET", f"/projects/{project}")[1]
    assert shown["current_status_update"]["gid"] == second
    assert shown["current_status_update"]["title"] == "Two"
    status = shown["current_status"]
    assert (status["gid"], status["resource_type"], status["color"]) == (second, "project_status", "red")
    assert (status["text"], status["author"]["gid"]) == ("No", ada)
    assert "html_text" not in status
    named = call("GET", f"/projects/{project}", opt_fields="current_status.html_text,current_status_update.text")[1]
    assert named["current_status"] == {"gid": second, "html_text": "<body>No</body>"}
    assert named["current_status_update"]["text"] == "No"
    call("DELETE", f"/status_updates/{second}")
    assert call("GET", f"/projects/{project}")[1]["current_status_update"]["gid"] == first
    call("DELETE", f"/status_updates/{first}")
    assert call("GET", f"/projects/{project}")[1]["current_status_update"] is None


def test_deleting_an_older_one_changes_nothing(call, project, post):
    first, second = post(), post()
    call("DELETE", f"/status_updates/{first}")
    assert call("GET", f"/projects/{project}")[1]["current_status_update"]["gid"] == second


def test_a_status_is_posted_not_set(call, project, post):
    gid = post()
    shown = call("PUT", f"/projects/{project}", {"current_status": {"color": "red"}, "current_status_update": None})[1]
    assert shown["current_status"]["color"] == "green"
    assert shown["current_status_update"]["gid"] == gid


def test_a_copied_project_has_no_status(world, call, project, post):
    post()
    made = call("POST", f"/projects/{project}/duplicate", {"name": "Again"})[1]["new_project"]["gid"]
    assert call("GET", f"/projects/{made}")[1]["current_status"] is None


def test_status_updates_go_with_their_project(call, project, post):
    gid = post()
    call("DELETE", f"/projects/{project}")
    assert call("GET", f"/status_updates/{gid}")[0] == 404


def test_others_see_nothing_of_it(call, project, post, eve):
    gid = post()
    for path in (f"/status_updates/{gid}", f"/project_statuses/{gid}"):
        for method in ("GET", "DELETE"):
            assert call(method, path, user=eve)[0] == 404
    assert call("GET", "/status_updates", parent=project, user=eve) == (400, f"parent: Unknown object: {project}")
    data = {"parent": project, "status_type": "on_track", "text": "x"}
    assert call("POST", "/status_updates", data, user=eve) == (400, f"parent: Unknown object: {project}")
    assert call("GET", f"/projects/{project}/project_statuses", user=eve)[0] == 404


def test_a_status_update_is_as_private_as_its_project(call, project, post, bob):
    gid = post()
    assert call("GET", f"/status_updates/{gid}", user=bob)[0] == 200
    call("PUT", f"/projects/{project}", {"privacy_setting": "private"})
    assert call("GET", f"/status_updates/{gid}", user=bob)[0] == 404


def test_portfolios_have_status_updates(world, call, space):
    portfolio = world.made("/portfolios", {"name": "All", "workspace": space})
    gid = world.made("/status_updates", {"parent": portfolio, "status_type": "complete", "text": "x"})
    shown = call("GET", f"/status_updates/{gid}")[1]
    assert (shown["resource_subtype"], shown["parent"]["name"]) == ("portfolio_status_update", "All")
    assert call("GET", f"/portfolios/{portfolio}")[1]["current_status_update"]["gid"] == gid
    assert call("GET", f"/project_statuses/{gid}") == (404, f"project_status: Unknown object: {gid}")


# -- the former form -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("color", "status_type"),
    [
        ("green", "on_track"),
        ("yellow", "at_risk"),
        ("red", "off_track"),
        ("blue", "on_hold"),
        ("complete", "complete"),
    ],
)
def test_colors_stand_for_types(world, call, project, color, status_type):
    path = f"/projects/{project}/project_statuses"
    status, shown = call("POST", path, {"title": "T", "text": "x", "color": color})
    assert (status, shown["color"], shown["resource_type"], shown["text"]) == (201, color, "project_status", "x")
    assert call("GET", f"/status_updates/{shown['gid']}")[1]["status_type"] == status_type
    assert call("GET", f"/project_statuses/{shown['gid']}")[1]["color"] == color


def test_project_statuses_are_the_status_updates_of_the_project(world, call, project, post):
    made = [post(title=f"{n}") for n in range(3)]
    path = f"/projects/{project}/project_statuses"
    listed = call("GET", path)[1]
    assert listed[0] == {"gid": made[2], "resource_type": "project_status", "title": "2"}
    assert gids(world.pages(path, limit=2)) == made[::-1]
    assert call("GET", path, opt_fields="color,author.name")[1][0]["author"]["name"] == "Ada Lovelace"
    assert call("DELETE", f"/project_statuses/{made[2]}") == (200, {})
    assert call("GET", f"/status_updates/{made[2]}")[0] == 404
    assert call("GET", f"/projects/{project}")[1]["current_status"]["gid"] == made[1]


def test_a_project_status_has_a_color_there_is(call, project):
    path = f"/projects/{project}/project_statuses"
    assert call("POST", path, {"text": "x", "color": "mauve"})[0] == 400
    assert call("POST", path, {"text": 1, "color": None})[0] == 400
    assert call("POST", path, {"text": "x", "status_type": "dropped"})[1]["color"] == "green"
    assert call("GET", "/project_statuses/1") == (404, "project_status: Unknown object: 1")
    assert call("GET", "/project_statuses/x") == (404, "project_status: Not a recognized ID: x")
