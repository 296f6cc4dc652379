"""Project briefs."""

import pytest


@pytest.fixture
def brief(world, project):
    values = {"title": "Why", "html_text": "<body><h1>So</h1>that <strong>all</strong> know</body>"}
    return world.made(f"/projects/{project}/project_briefs", values)


def test_a_brief_is_made_read_changed_and_deleted(call, project, brief):
    path = f"/project_briefs/{brief}"
    shown = call("GET", path)[1]
    assert (shown["title"], shown["project"]["gid"]) == ("Why", project)
    assert shown["html_text"] == "<body><h1>So</h1>that <strong>all</strong> know</body>"
    assert (shown["permalink_url"].endswith(brief), "text" in shown) == (True, False)
    assert call("GET", path, opt_fields="text")[1]["text"] == "So\nthat all know"
    shown = call("PUT", path, {"text": "a < b", "title": "Because"})[1]
    assert (shown["title"], shown["html_text"]) == ("Because", "<body>a &lt; b</body>")
    assert call("DELETE", path) == (200, {})
    assert call("GET", path) == (404, f"project_brief: Unknown object: {brief}")


def test_a_project_has_one_brief_and_shows_it_when_asked(call, project, brief):
    shown = call("GET", f"/projects/{project}", opt_fields="project_brief")[1]
    assert shown["project_brief"] == {"gid": brief, "resource_type": "project_brief"}
    said = call("POST", f"/projects/{project}/project_briefs", {"text": "again"})
    assert said == (400, "project: Has a project brief already")
    call("DELETE", f"/project_briefs/{brief}")
    assert call("GET", f"/projects/{project}", opt_fields="project_brief")[1]["project_brief"] is None
    assert call("POST", f"/projects/{project}/project_briefs", {"text": "again"})[0] == 201


def test_a_brief_may_hold_tables_but_no_scripts(call, project, brief):
    table = "<body><table><tr><td>1</td></tr></table></body>"
    assert call("PUT", f"/project_briefs/{brief}", {"html_text": table})[1]["html_text"] == table
    status, said = call("PUT", f"/project_briefs/{brief}", {"html_text": "<body><script>1</script></body>"})
    assert (status, said) == (400, "html_text: XML is invalid: <script> is not allowed")
    said = call("PUT", f"/project_briefs/{brief}", {"html_text": "<body/>", "text": ""})
    assert said == (400, "You may only provide one of text or html_text!")


def test_a_brief_has_attachments(world, call, brief):
    data = {"parent": brief, "resource_subtype": "external", "name": "Plan", "url": "https://fanfold.test/plan"}
    link = world.made("/attachments", data)
    assert [item["gid"] for item in call("GET", "/attachments", parent=brief)[1]] == [link]
    call("DELETE", f"/project_briefs/{brief}")
    assert call("GET", f"/attachments/{link}")[0] == 404


def test_only_who_sees_the_project_sees_its_brief(world, call, bob, eve, space):
    hidden = world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"})
    gid = world.made(f"/projects/{hidden}/project_briefs", {"text": "x"})
    for user in (bob, eve):
        assert call("GET", f"/project_briefs/{gid}", user=user)[0] == 404
        assert call("POST", f"/projects/{hidden}/project_briefs", {"text": "x"}, user=user)[0] == 404
    assert call("GET", f"/project_briefs/{gid}")[0] == 200


def test_a_brief_goes_with_its_project(call, project, brief):
    call("DELETE", f"/projects/{project}")
    assert call("GET", f"/project_briefs/{brief}")[0] == 404


def test_a_copied_project_has_no_brief_of_its_own(call, project, brief):
    job = call("POST", f"/projects/{project}/duplicate", {"name": "Copy"})[1]
    copy = call("GET", f"/jobs/{job['gid']}")[1]["new_project"]["gid"]
    assert call("GET", f"/projects/{copy}", opt_fields="project_brief")[1]["project_brief"] is None
    assert call("POST", f"/projects/{copy}/project_briefs", {"text": "x"})[0] == 201
