"""S11, on the wire: a request that two readers could cut in different places is refused.

Each of these holds a second request where only one of the two readings has it. A server that serves it disagrees with
whatever proxy stands before it, and then a stranger's request is answered in the name of somebody else.
"""

from __future__ import annotations

from fanfold.attack.cases import Case, Shot, Trial, batch, good
from fanfold.attack.judging import all_of, never_reached

HOLE = "Between a proxy and this server a request can be hidden in another's body: it passes all checks unseen."

HIDDEN = "GET @BASE@/smuggled/@RUN@ HTTP/1.1\r\nHost: @HOST@\r\nAuthorization: Bearer @TOKEN@\r\n\r\n"
LAST = "0\r\n\r\n"


def _request(*lines: str, body: str = "", start: str = "POST @ENDPOINT@ HTTP/1.1") -> bytes:
    usual = ("Host: @HOST@", "Content-Type: application/json", "Authorization: Bearer @TOKEN@")
    return ("\r\n".join((start, *usual, *lines, "", "")) + body).encode("latin-1")


# Lengths are given so that the hidden request is inside the body by one reading, and behind it by another.
CUTS = {
    "both a length and chunks": _request("Content-Length: 6", "Transfer-Encoding: chunked", body=LAST + "G" + HIDDEN),
    "chunks and a length": _request("Transfer-Encoding: chunked", "Content-Length: 900", body=LAST + HIDDEN),
    "two lengths": _request("Content-Length: 0", "Content-Length: 900", body=HIDDEN),
    "two lengths in one line": _request("Content-Length: 0, 900", body=HIDDEN),
    "a length with a sign": _request("Content-Length: +0", body=HIDDEN),
    "a length below nothing": _request("Content-Length: -1", body=HIDDEN),
    "a length in hexadecimal": _request("Content-Length: 0x0", body=HIDDEN),
    "a length with a space in it": _request("Content-Length: 0 0", body=HIDDEN),
    "a length with an underscore": _request("Content-Length: 0_0", body=HIDDEN),
    "a length in other digits": _request("Content-Length: \xb2", body=HIDDEN),
    "a length of no digits": _request("Content-Length: ", body=HIDDEN),
    "a space before the colon of the length": _request("Content-Length : 900", body=HIDDEN),
    "a space before the colon of the chunks": _request("Transfer-Encoding : chunked", body=LAST + HIDDEN),
    "a length on a folded line": _request("X-A: b", " Content-Length: 900", body=HIDDEN),
    "chunks by a name of their own": _request("Transfer-Encoding: xchunked", body=LAST + HIDDEN),
    "chunks that are not last": _request("Transfer-Encoding: chunked, identity", body=LAST + HIDDEN),
    "chunks behind a vertical tab": _request("Transfer-Encoding: \x0bchunked", body=LAST + HIDDEN),
    "a name of chunks behind NUL": _request("\x00Transfer-Encoding: chunked", body=LAST + HIDDEN),
    "chunks with an underscore": _request("Transfer_Encoding: chunked", "Content-Length: 900", body=LAST + HIDDEN),
    "a bare line feed between headers": _request("X-A: b\nContent-Length: 900", body=HIDDEN),
    "a bare carriage return in a header": _request("X-A: b\rContent-Length: 900", body=HIDDEN),
    "a chunk's length with a sign": _request("Transfer-Encoding: chunked", body="+0\r\n\r\n" + HIDDEN),
    "a chunk's length in the manner of C": _request("Transfer-Encoding: chunked", body="0x0\r\n\r\n" + HIDDEN),
    "a chunk's length below nothing": _request("Transfer-Encoding: chunked", body="-1\r\n\r\n" + HIDDEN),
    "a chunk's length beyond 64 bits": _request(
        "Transfer-Encoding: chunked", body="10000000000000000\r\n\r\n" + HIDDEN
    ),
    "a chunk that is longer than it says": _request("Transfer-Encoding: chunked", body="1\r\nxx\r\n" + LAST + HIDDEN),
    "a chunk that ends with a bare line feed": _request("Transfer-Encoding: chunked", body="1\nx\n0\n\n" + HIDDEN),
    "a line break within a chunk's extension": _request("Transfer-Encoding: chunked", body="0;a\nb\r\n\r\n" + HIDDEN),
}

HEADS = {
    "no version": _request(start="POST @ENDPOINT@"),
    "a version that is none": _request(start="POST @ENDPOINT@ HTTP/9.9"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "spaces in the target": _request(start="POST @ENDPOINT@ x HTTP/1.1"),
    "NUL in the target": _request(start="POST @ENDPOINT@\x00 HTTP/1.1"),
    "another server in the target": _request(
        "Content-Length: 2", body="{}", start="POST http://@TRAP@/landed/@RUN@ HTTP/1.1"
    ),
    "another server to be connected to": _request(start="CONNECT @TRAP@ HTTP/1.1"),
    "two hosts": _request("Host: evil.example", "Content-Length: 2", body="{}"),
    "NUL in a header": _request("X-A: a\x00b", "Content-Length: 2", body="{}"),
    "a header without a name": _request(": a", "Content-Length: 2", body="{}"),
    "a header without a colon": _request("nonsense", "Content-Length: 2", body="{}"),
    "a name with a space": _request("X A: b", "Content-Length: 2", body="{}"),
    "ten thousand headers": _request(*(f"X-{number}: x" for number in range(10_000)), "Content-Length: 2", body="{}"),
    "a header of a megabyte": _request("X-A: " + "a" * 1_000_000, "Content-Length: 2", body="{}"),
    "a target of a megabyte": _request(
        "Content-Length: 2", body="{}", start="POST @ENDPOINT@?" + "a" * 1_000_000 + " HTTP/1.1"
    ),
    "a protocol of another kind": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "nothing but line breaks": b"\r\n" * 1000,
}


def _no_failure(trial: Trial) -> str:
    first = trial.replies[0]
    if first.status >= 500 and first.status not in {501, 505}:
        return f"the server failed with {first.status}"
    return ""


def _still_serves(trial: Trial) -> str:
    results = trial.reply.results
    return (
        "" if results and trial.site.is_good(results[0], 0, trial.run) else "afterwards a plain batch was not answered"
    )


def _case(name: str, raw: bytes, hole: str) -> Case:
    judge = all_of(_no_failure, never_reached("smuggled"), _still_serves)
    return Case(line="S11", name=f"on the wire: {name}", hole=hole, judge=judge, send=(Shot(raw=raw), batch(good(0))))


CASES = (
    *(_case(name, raw, HOLE) for name, raw in CUTS.items()),
    *(
        _case(name, raw, "A malformed head fails the server, or is read as another request.")
        for name, raw in HEADS.items()
    ),
)
