"""Events that were delivered are compared with those that a stream tells of later."""

from faults.afterwork import as_told_now, identity


def event(gid, parent=None, at="2026-11-27T10:00:00.000Z"):
    held = {"gid": parent} if parent else None
    return identity({"resource": {"gid": gid}, "action": "added", "created_at": at, "parent": held})


def test_a_parent_that_is_gone_by_now_makes_no_other_event():
    committed = [event("1"), event("2", "9")]
    assert as_told_now([event("1", "8"), event("2", "9")], committed) == committed


def test_another_parent_or_another_time_makes_another_event():
    committed = [event("1", "7"), event("2")]
    arrived = [event("1", "8"), event("2", "9", at="2026-11-27T11:00:00.000Z")]
    assert as_told_now(arrived, committed) == arrived
