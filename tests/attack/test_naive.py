"""The kit is no decoration: on a server that makes every mistake, each line finds what it is there for."""

import logging

import pytest

from fanfold.attack import all_cases
from fanfold.attack.ground import Ground
from tests.attack.naive import LIMIT, Naive, OneAtATime
from tests.attack.servers import attacked, serving

CAUGHT = {
    "S1": ("an address without a host at place 0 of 4", "an empty object at place 2 of 4", "no path at place 1 of 4"),
    "S2": (
        *("post @BATCH@", "post /x/../@BATCH@", "post /@BATCH@/../@BATCH@"),
        "by a path that a reference fills in with x/../@BATCH@",
    ),
    "S3": ("batch after batch until the limit is reached", "many batches at once, more than the limit together"),
    "S4": (
        "an address of its own for each attempt, in X-REAL-IP of the action",
        "an address of its own for each attempt, in X-Forwarded-For of the action",
        "another X-Forwarded-For with each batch",
        "another cookie beside the same token with each batch",
        "the same token in another spelling with each batch",
    ),
    "S5": ("X-HTTP-Method-Override: DELETE in an action's headers", "_method beside an action's method"),
    "S6": (
        *("written //forbidden/@RUN@", "written /%66orbidden/@RUN@", "written /x/%2e%2e/forbidden/@RUN@"),
        *("by a reference to x/../forbidden", "by a redirect with 307"),
    ),
    "S7": (
        *("X-Forwarded-For in an action's headers", "X-REAL-IP in an action's headers", "If-Match on the batch"),
        *("X-Remote-User in an action's headers", "Content-Encoding: gzip in an action's headers"),
    ),
    "S8": ("a reference to a.__class__", "a reference to a.headers.__class__"),
    "S9": (
        "the way up, in a path",
        "a query, in a path",
        "a parameter more, in a query",
    ),
    "S10": ("a reference in what is referred to", "a reference in each item of a list"),
    "S12": (
        *("http://@TRAP@/landed/@RUN@", "@@TRAP@/landed/@RUN@", "http://[::1]:1/", "file:///etc/passwd"),
        "a reference to http://another server/landed/@RUN@, as the whole path",
    ),
    "S13": (
        *("a 301 to another server, after get", "a redirect to file:///etc/passwd"),
        "headers of an answer that a single request is not shown",
    ),
    "S14": ("a mark by one caller, a look by another", "a mark in one batch, a look in the next"),
    "S15": (
        "without credentials on the batch, but Authorization in an action's headers",
        *(
            "a batch from a foreign page, sent as text/plain",
            "a batch in the query of a GET",
            "a batch sent with PATCH",
        ),
    ),
    "S16": (
        "two that wait for each other",
        "two of the same name",
        "references in a ring",
        "one that waits for nobody known",
    ),
    "S17": ("a list of a thousand", "a list that is text"),
    "S18": (
        *("as the body: actions twice", "as the body: a method twice", "beside the actions: NaN"),
        *("as the body: a hundred thousand levels", "a batch, packed with gzip", "as the body: a batch in utf-16"),
    ),
    "S19": ("one answer of as much as there is, of no length that is told",),
    "S20": ("GET /whoami alone and in a batch, as nobody", "a path that climbs, encoded", "a path in a list"),
    "S21": ("as the method: TRACE", "as the method: PROPFIND", "as the method: a space at the end"),
    "S22": ("a stream of events", "one byte at a time", "no answer at all, to a write"),
    "S23": ("a client that leaves while it waits",),
    "S25": ("an escape sequence in a method",),
    "S27": (
        *("the same batch five times at once", "another body under the same key", "the same key by another caller"),
    ),
    "S28": ("four callers that ask the same, one after another", "callers known by cookies, one after another"),
    "S29": ("two parts of one name, sent as multipart/form-data",),
    "S30": ("a page that an application answers with", "markup in a path", "what a batch says it is"),
}
"""Where the naive server is naive. S11 is about whatever parses HTTP, which is not naive here; there are no jobs (S26);
how S24 is found is seen below, and what else a judge can find in ``test_judges.py``."""

RIGHT = {
    "S2": ("a path that only ends like the batch endpoint", "post /@BATCH@"),
    "S3": ("five attempts to log in, in one batch",),
    "S6": ("written /forbidden/@RUN@",),
    "S21": ("OPTIONS in the middle of a batch", "a path of another application beside the API"),
    "S27": ("the same batch twice",),
}
"""What even the naive server does right, so that a kit that fails everything would be seen."""

NAMES = [(line, name) for line, names in CAUGHT.items() for name in names]


@pytest.fixture(scope="module")
def outcomes():
    wanted = {*NAMES, *((line, name) for line, names in RIGHT.items() for name in names)}
    cases = [case for case in all_cases() if (case.line, case.name) in wanted]
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    with serving(Ground()) as ground, serving(Naive(ground), lifespan="on") as naive:
        found = attacked(f"{naive}/batch", cases, ground=ground, patience=2.0, big=60, limit=LIMIT, at_once=1)
    return {(one.case.line, one.case.name): one for one in found}


@pytest.mark.parametrize(("line", "name"), NAMES, ids=[f"{line} {name}" for line, name in NAMES])
def test_what_a_naive_server_does_is_found(outcomes, line, name):
    outcome = outcomes[line, name]
    assert outcome.verdict == "failed", outcome.why
    assert outcome.why


@pytest.mark.parametrize(("line", "name"), [(line, name) for line, names in RIGHT.items() for name in names])
def test_what_a_naive_server_does_right_is_no_failure(outcomes, line, name):
    assert outcomes[line, name].verdict == "passed", outcomes[line, name].why


def test_a_server_that_answers_one_batch_at_a_time_is_found():
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    cases = [case for case in all_cases() if case.name == "one caller beside another's crowd"]
    with serving(Ground()) as ground, serving(OneAtATime(ground), lifespan="on") as naive:
        (outcome,) = attacked(f"{naive}/batch", cases, ground=ground)
    assert (outcome.case.line, outcome.verdict) == ("S24", "failed"), outcome.why
