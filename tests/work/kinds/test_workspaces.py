"""Workspaces: who is in them, who may change that, and what is lost on leaving."""


def test_a_member_reads_the_workspace(call, org):
    status, shown = call("GET", f"/workspaces/{org}")
    assert status == 200
    assert shown == {
        "gid": org,
        "resource_type": "workspace",
        "name": "Fanfold",
        "email_domains": ["fanfold.test"],
        "is_organization": True,
    }


def test_a_stranger_learns_nothing_of_it(call, org, eve):
    assert call("GET", f"/workspaces/{org}", user=eve) == (404, f"workspace: Unknown object: {org}")
