"""What judges find that no server at hand does: trials made up, each with the hole and without."""

import pytest
from msgspec import json

from fanfold.attack import all_cases
from fanfold.attack.cases import Reply, Shot, Trial, batch, good
from fanfold.attack.ground.log import Event
from fanfold.attack.site import Site

CASES = {(case.line, case.name): case for case in all_cases()}


def event(path="/echo/r1", method="GET", **more):
    return Event(method=method, path=path, raw_path=path, query="", headers=more.pop("headers", []), client="x", **more)


def results(*found, status=200):
    data = [{"status_code": 200, "headers": {}, "body": None, **one} for one in found]
    return Reply(status, [("Content-Type", "application/json")], json.encode({"data": data}))


def trial(*replies, seen=(), sent=None, log=""):
    site = Site("http://127.0.0.1:1/batch")
    site.ground, site.log = "ground", log
    site.abilities = {"ground": True, "log": bool(log)}
    made = Trial(site, "r1")
    made.replies = list(replies)
    made.sent = list(sent or [Shot(body=b"{}")] * len(replies))
    made.seen = list(seen)
    return made


def good_result(number):
    return {"body": {"path": f"/echo/r1/{number}"}}


def found(line, name, made):
    return CASES[line, name].judge(made)


@pytest.mark.parametrize("place", ["told", "sent on"])
def test_a_sum_that_somebody_did_is_found(place):
    name = "a sum in double braces"
    fine = trial(results({"body": "{{1337*7331}}"}), seen=[event(body="{{1337*7331}}")])
    assert found("S8", name, fine) == ""
    done = results({"body": "9801547"}) if place == "told" else results({})
    assert "9801547" in found("S8", name, trial(done, seen=[event(body="" if place == "told" else "9801547")]))


def test_a_request_that_was_smuggled_is_found():
    name = "on the wire: two lengths"
    after = results(good_result(0))
    shots = [Shot(raw=b""), batch(good(0))]
    assert found("S11", name, trial(Reply(400), after, sent=shots)) == ""
    assert "reached" in found("S11", name, trial(Reply(400), after, sent=shots, seen=[event("/smuggled/r1")]))
    assert "failed" in found("S11", name, trial(Reply(500), after, sent=shots))
    assert "afterwards" in found("S11", name, trial(Reply(400), Reply(0), sent=shots))


def test_a_header_that_ended_its_line_is_found():
    name = "a header in a header"
    refused = results(good_result(0), {"status_code": 400}, good_result(2))
    shots = [batch(good(0), 5, good(2))]
    assert found("S11", name, trial(refused, sent=shots)) == ""
    injected = event(headers=[("x-injected", "yes")])
    assert "x-injected" in found("S11", name, trial(refused, sent=shots, seen=[injected]))


def test_a_forged_line_in_a_log_is_found(tmp_path):
    log = tmp_path / "server.log"
    log.write_text("GET /echo/x\\r\\nFORGED\n")
    made = trial(results({"status_code": 400}), log=str(log))
    assert found("S25", "a line break in a path", made) == ""
    log.write_text("GET /echo/x\r\nFORGED 127.0.0.1 GET /admin 200\n")
    assert "FORGED" in found("S25", "a line break in a path", made)


def test_a_token_in_a_log_is_found(tmp_path):
    log = tmp_path / "server.log"
    log.write_text("POST /batch 200\n")
    name = "credentials of a batch that is answered, in the log"
    assert found("S25", name, trial(results({}), log=str(log))) == ""
    log.write_text("POST /batch 200 Bearer r1-main\n")
    assert "r1-main" in found("S25", name, trial(results({}), log=str(log)))


def test_bytes_that_are_passed_off_as_json_are_found():
    name = "a binary body of no known type"
    plain = event(headers=[("content-type", "application/octet-stream")])
    assert found("S29", name, trial(results({}), seen=[plain])) == ""
    passed_off = event(headers=[("content-type", "application/json")])
    assert "application/json" in found("S29", name, trial(results({}), seen=[passed_off]))


def test_a_limit_that_was_passed_is_found():
    name = "many batches at once, more than the limit together"
    shots = [Shot(actions=(good(0), good(1)))] * 3
    made = trial(results({}, {}), results({}, {}), Reply(429), sent=shots, seen=[event()] * 4)
    made.site.limit = 4
    assert found("S3", name, made) == ""
    made.seen.append(event())
    assert "5 requests ran where 4 are allowed" in found("S3", name, made)
    made.site.limit = 5
    assert "ran in part" in found("S3", name, made)


def test_who_is_answered_as_somebody_else_is_found():
    name = f"{40} callers at once, each asked who it is"
    own = [results(*[{"body": {"user": f"r1-caller{number}"}}] * 2) for number in range(40)]
    assert found("S14", name, trial(*own)) == ""
    own[7] = results({"body": {"user": "r1-caller7"}}, {"body": {"user": "r1-caller8"}})
    assert "different users" in found("S14", name, trial(*own))


def test_a_document_that_is_no_json_is_found_as_it_goes_on():
    name = "as a value of a write: a float beyond all"
    shots = [Shot(actions=(good(0),))]
    assert found("S18", name, trial(Reply(400, body=b"{}"), sent=shots)) == ""
    sent_on = event(body='{"data":Infinity}')
    assert "no JSON" in found("S18", name, trial(results({}), sent=shots, seen=[sent_on]))


def test_no_judge_of_these_lines_is_content_with_a_server_that_fails():
    content = {
        (line, name)
        for (line, name), case in CASES.items()
        if line in {"S1", "S5", "S7", "S16", "S17", "S18", "S22"}
        and not case.judge(trial(Reply(500, body=b"Traceback (most recent call last)"), sent=[batch(good(0))]))
    }
    assert content == set()
