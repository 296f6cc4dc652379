"""Events that were delivered are compared with those that a stream tells of later."""

from faults.afterwork import identity


def event(gid, parent=None, at="2026-11-27T10:00:00.000Z"):
    held = {"gid": parent} if parent else None
    return {"resource": {"gid": gid}, "action": "added", "created_at": at, "parent": held}


def test_a_parent_that_is_gone_by_now_makes_no_other_event():
    assert identity(event("1", "8"), {"8"}) == identity(event("1"))
    assert identity(event("1", "8"), {"9"}) != identity(event("1"))


def test_another_time_or_another_parent_makes_another_event():
    assert identity(event("1", "7")) != identity(event("1", "8"))
    assert identity(event("1", "7")) != identity(event("1", "7", at="2026-11-27T11:00:00.000Z"))
