"""S12: an action names a path of one API, and by no spelling another server.

``@TRAP@`` is the ground under another name: whoever follows such a path arrives at ``/landed``, and the ground tells.
"""

from __future__ import annotations

from fanfold.attack.cases import JSON, Case, Trial, batch, get, good, needing, post
from fanfold.attack.judging import all_of, good_at, never_reached, no_failure, whole_or_at

HOLE = "The server calls addresses of the attacker's choice, within its own network, with its own or a caller's rights."

ELSEWHERE = (
    *(
        "http://@TRAP@/landed/@RUN@",
        "https://@TRAP@/landed/@RUN@",
        "HTTP://@TRAP@/landed/@RUN@",
        "//@TRAP@/landed/@RUN@",
    ),
    *("///@TRAP@/landed/@RUN@", "/\\@TRAP@/landed/@RUN@", "\\\\@TRAP@\\landed\\@RUN@", "\t//@TRAP@/landed/@RUN@"),
    *(" //@TRAP@/landed/@RUN@", "\n//@TRAP@/landed/@RUN@", "/\t/@TRAP@/landed/@RUN@", "http:@TRAP@/landed/@RUN@"),
    *("http:/@TRAP@/landed/@RUN@", "http:///@TRAP@/landed/@RUN@", "http:\\\\@TRAP@\\landed\\@RUN@"),
    *("@@TRAP@/landed/@RUN@", ":@@TRAP@/landed/@RUN@", ":80@@TRAP@/landed/@RUN@", ".@@TRAP@/landed/@RUN@"),
    *("http://@HOST@@@TRAP@/landed/@RUN@", "http://user:password@@TRAP@/landed/@RUN@", "//user@@TRAP@/landed/@RUN@"),
    *(
        "http://@TRAP@#@@HOST@/landed/@RUN@",
        "http://@TRAP@\\@@HOST@/landed/@RUN@",
        "http://@TRAP@?@@HOST@/landed/@RUN@",
    ),
    *("#@@TRAP@/landed/@RUN@", "?@@TRAP@/landed/@RUN@", "%2f%2f@TRAP@/landed/@RUN@", "/%2f@TRAP@/landed/@RUN@"),
)
"""Addresses of the trap."""

PRIVATE = (
    *(
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
    ),
    *(
        "http://0251.0376.0251.0376/",
        "http://[::ffff:169.254.169.254]/",
        "http://127.1:1/",
        "http://0/",
        "http://[::1]:1/",
    ),
    *(
        "http://localhost.:1/",
        "http://127.0.0.1.nip.example:1/",
        "http://10.0.0.1/",
        "http://192.168.0.1/",
        "http://100.64.0.1/",
    ),
    *(
        "file:///etc/passwd",
        "gopher://127.0.0.1:1/_x",
        "ftp://127.0.0.1:1/",
        "dict://127.0.0.1:1/x",
        "unix:///run/x.sock",
    ),
    *("http+unix://%2frun%2fx.sock/", "data:text/plain,x", "javascript:1", "jar:http://127.0.0.1:1/!/x"),
)
"""Addresses within, by their many names, and schemes of other kinds: nothing need answer there, trying is enough."""


def _not_tried(trial: Trial) -> str:
    """Whoever reports that an address cannot be reached has tried it."""
    if trial.reply.results is None:
        return ""
    status = trial.result(1).get("status_code")
    return f"it was tried, and answered {status}" if status in {502, 503, 504} else ""


def _case(path: str) -> Case:
    def judge(trial: Trial) -> str:
        if found := all_of(no_failure, never_reached("landed"), _not_tried, whole_or_at(1))(trial):
            return found
        return good_at(0, 2)(trial) if trial.reply.results is not None else ""

    send = (batch(good(0), get(path), good(2)),)
    return Case(line="S12", name=ascii(path)[1:-1], hole=HOLE, judge=judge, send=send)


def _member(name: str, value: str) -> Case:
    """A member beside the path, by which some readers choose the server."""
    return Case(
        line="S12",
        name=f"a member {name} of an action",
        hole=HOLE,
        judge=all_of(no_failure, never_reached("landed")),
        send=(batch(get("@READ:0@", **{name: value})),),
        needs=needing("ground"),
    )


def _header(name: str, *, outer: bool) -> Case:
    header = {name: "@TRAP@"}
    action = get("/landed-not/@RUN@", **({} if outer else {"headers": header}))
    return Case(
        line="S12",
        name=f"{name} {'of the batch' if outer else 'of an action'} names another server",
        hole="The server that is called is chosen by a header: credentials go to whoever is named there.",
        judge=all_of(no_failure, _none_by_the_other_name),
        send=(batch(good(0), action, headers={**JSON, **(header if outer else {})}),),
        needs=needing("ground"),
    )


def _none_by_the_other_name(trial: Trial) -> str:
    """In the same process the outer Host is the application's to know; but no connection is made because of it."""
    ports = {dict(event.headers).get("host", "") for event in trial.seen}
    clients = {event.client for event in trial.seen}
    return "" if len(ports) <= 1 and len(clients) <= 1 else "some actions went another way"


CASES = (
    *(_case(path) for path in (*ELSEWHERE, *PRIVATE)),
    *(
        _member(name, "http://@TRAP@/landed/@RUN@")
        for name in ("url", "uri", "base_url", "absolute_path", "href", "host", "upstream", "target")
    ),
    *(_header(name, outer=True) for name in ("Host", "X-Forwarded-Host", "X-Upstream", "X-Target-URL")),
    *(_header(name, outer=False) for name in ("Host", "X-Forwarded-Host")),
    *(
        Case(
            line="S12",
            name=f"a reference to {value.replace('@TRAP@', 'another server')}, as the whole path",
            hole=HOLE,
            judge=all_of(no_failure, never_reached("landed")),
            send=(batch(get("/value/@RUN@", id="a", data={"v": value}), get("{{a.body.v}}", id="b")),),
            needs=needing("references"),
        )
        for value in ("http://@TRAP@/landed/@RUN@", "//@TRAP@/landed/@RUN@", "@@TRAP@/landed/@RUN@")
    ),
    Case(
        line="S12",
        name="a write to another server",
        hole=HOLE,
        judge=all_of(no_failure, never_reached("landed"), whole_or_at(0)),
        send=(batch(post("http://@TRAP@/landed/@RUN@", {"a": 1})),),
    ),
)
