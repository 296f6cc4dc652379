"""Access requests: asking for, granting and denying a place among the members."""

import pytest


@pytest.fixture(params=["project", "portfolio"])
def target(request, world, space):
    """Something of Ada's that Bob does not see."""
    private = {"privacy_setting": "private"} if request.param == "project" else {}
    return world.made(f"/{request.param}s", {"name": "Hush", "workspace": space, **private})


@pytest.fixture
def kind(request, target):
    return request.node.callspec.params["target"]


@pytest.fixture
def asked(world, bob, target):
    return world.made("/access_requests", {"target": target, "message": "Please"}, bob)


def test_whoever_does_not_see_it_asks_and_is_told_no_more_than_they_knew(call, bob, kind, target):
    status, shown = call("POST", "/access_requests", {"target": target}, bob)
    assert status == 201
    assert shown == {
        "gid": shown["gid"],
        "resource_type": "access_request",
        "message": "",
        "approval_status": "pending",
        "requester": {"gid": bob, "resource_type": "user", "name": "Bob Hope"},
        "target": {"gid": target, "resource_type": kind},
    }


def test_approval_makes_a_member(world, call, bob, kind, target, asked):
    (shown,) = call("GET", "/access_requests", target=target)[1]
    assert (shown["gid"], shown["message"]) == (asked, "Please")
    assert call("POST", f"/access_requests/{asked}/approve") == (200, {})
    assert call("GET", f"/{kind}s/{target}", user=bob)[0] == 200
    (membership,) = call("GET", "/memberships", parent=target, member=bob)[1]
    assert membership["access_level"] == ("editor" if kind == "project" else "viewer")
    assert call("GET", "/access_requests", target=target) == (200, [])
    for decision in ("approve", "reject"):
        said = call("POST", f"/access_requests/{asked}/{decision}")
        assert said == (400, f"access_request: Decided on already: {asked}")


def test_rejection_leaves_them_out_and_lets_them_ask_again(world, call, bob, kind, target, asked):
    assert call("POST", f"/access_requests/{asked}/reject") == (200, {})
    assert call("GET", f"/{kind}s/{target}", user=bob)[0] == 404
    assert call("GET", "/access_requests", target=target) == (200, [])
    assert world.made("/access_requests", {"target": target}, bob) != asked


def test_nobody_asks_twice_or_for_what_they_have(call, ada, bob, target, asked):
    said = call("POST", "/access_requests", {"target": target}, bob)
    assert said == (400, f"target: You have asked for access to this object already: {target}")
    said = call("POST", "/access_requests", {"target": target})
    assert said == (400, f"target: You have access to this object already: {target}")


def test_only_admins_decide(world, call, bob, space, target, asked):
    carol = world.person("Carol", "carol@x.test")
    call("POST", f"/workspaces/{space}/addUser", {"user": "carol@x.test"})
    assert call("POST", f"/access_requests/{asked}/approve", user=carol)[0] == 404
    membership = world.made("/memberships", {"parent": target, "member": carol})
    for user in (bob, carol):
        for decision in ("approve", "reject"):
            assert call("POST", f"/access_requests/{asked}/{decision}", user=user)[0] == 403
    assert call("GET", "/access_requests", target=target, user=carol) == (200, [])
    call("PUT", f"/memberships/{membership}", {"access_level": "admin"})
    assert len(call("GET", "/access_requests", target=target, user=carol)[1]) == 1
    assert call("POST", f"/access_requests/{asked}/approve", user=carol) == (200, {})


def test_admins_may_be_admins_through_a_team(world, call, ada, bob, org):
    carol = world.person("Carol", "carol@fanfold.test")
    team = world.made("/teams", {"name": "Plot", "organization": org})
    for user in ("carol@fanfold.test",):
        call("POST", f"/workspaces/{org}/addUser", {"user": user})
        call("POST", f"/teams/{team}/addUser", {"user": user})
    target = world.made("/portfolios", {"workspace": org})
    world.made("/memberships", {"parent": target, "member": team, "access_level": "admin"})
    asked = world.made("/access_requests", {"target": target}, bob)
    assert call("POST", f"/access_requests/{asked}/reject", user=carol) == (200, {})


def test_requests_are_listed_by_whom_they_are_of(world, call, bob, space, target, asked):
    carol = world.person("Carol", "carol@x.test")
    call("POST", f"/workspaces/{space}/addUser", {"user": "carol@x.test"})
    other = world.made("/access_requests", {"target": target}, carol)
    path = f"/access_requests?target={target}"
    assert [shown["gid"] for shown in call("GET", path)[1]] == [asked, other]
    assert [shown["gid"] for shown in call("GET", f"{path}&user=carol@x.test")[1]] == [other]
    assert [shown["gid"] for shown in call("GET", f"{path}&user=me", user=bob)[1]] == [asked]
    assert [shown["gid"] for shown in call("GET", path, user=bob)[1]] == [asked]
    assert call("GET", "/access_requests") == (400, "target: Missing input")


def test_what_cannot_be_asked_for_is_refused(world, call, bob, eve, target, asked):
    def ask(target, user=bob):
        return call("POST", "/access_requests", {"target": target}, user)

    assert call("POST", "/access_requests", {}, bob) == (400, "target: Missing input")
    assert ask(bob, bob) == (400, f"target: Unknown object: {bob}")
    task = world.made("/tasks", {"workspace": call("GET", f"/users/{bob}")[1]["workspaces"][0]["gid"]}, bob)
    assert ask(task) == (400, "target: Not a valid GID type: task")
    assert ask("x") == (400, "target: Not a recognized ID: x")
    assert ask("999999") == (400, "target: Unknown object: 999999")
    assert ask(target, eve) == (400, f"target: Unknown object: {target}")
    assert call("GET", "/access_requests", target=target, user=eve)[0] == 400
    assert call("POST", f"/access_requests/{asked}/approve", user=eve)[0] == 404


def test_requests_end_with_their_target(call, bob, kind, target, asked):
    call("DELETE", f"/{kind}s/{target}")
    assert call("POST", f"/access_requests/{asked}/approve")[0] == 404
    assert call("GET", "/access_requests", target=target, user=bob)[0] == 400
