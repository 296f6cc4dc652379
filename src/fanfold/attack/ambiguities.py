"""S18: what two careful readers would read differently is refused, or at least read in one way only."""

from __future__ import annotations

from fanfold.attack.cases import JSON, Case, Shot, Trial, batch, good
from fanfold.attack.json_bodies import case_of
from fanfold.attack.judging import all_of, answered, is_refusal, no_failure, quick, refused_whole

HOLE = "A check reads the body one way and the application another: what was allowed is not what is run."

TWICE = {
    "actions twice": b'{"data":{"actions":[~],"actions":[~]}}',
    "the envelope twice": b'{"data":{"actions":[~]},"data":{"actions":[~]}}',
    "actions twice, spelt otherwise": b'{"data":{"actions":[~],"\\u0061ctions":[~]}}',
    "a method twice": b'{"data":{"actions":[{"method":"get","method":"post","relative_path":"/count/@RUN@"}]}}',
    "a path twice": b'{"data":{"actions":[{"method":"post","relative_path":"/x","relative_path":"/count/@RUN@"}]}}',
    "a path twice, spelt otherwise": (
        b'{"data":{"actions":[{"method":"post","relative_path":"/x","relative\\u005fpath":"/count/@RUN@"}]}}'
    ),
    "data twice": b'{"data":{"actions":[{"method":"post","relative_path":"/count/@RUN@","data":{},"data":{"a":1}}]}}',
}

NO_NUMBERS = {
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "a number with a plus": b"+1",
    "a number with a leading zero": b"01",
    "a number in hexadecimal": b"0x1",
    "a number that ends with a point": b"1.",
    "undefined": b"undefined",
    "a control character": b'"\x01"',
    "bytes that are no UTF-8": b'"\xff"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "half a surrogate pair in UTF-8": b'"\xed\xa0\x80"',
    "an unknown escape": b'"\\x41"',
}

ODD_VALUES = {
    "a float beyond all": b"1e999",
    "an integer of 65 bits": b"9223372036854775808",
    "an integer of 65 bits below nothing": b"-9223372036854775809",
    "an integer of 5000 digits": b"9" * 5000,
    "an integer of 500000 digits": b"9" * 500_000,
    "two hundred integers of 4300 digits": b"[" + b",".join([b"9" * 4300] * 200) + b"]",
    "a float of 100000 digits": b"0." + b"3" * 100_000,
    "minus nothing": b"-0",
    "half a surrogate pair": b'"\\ud800"',
    "half a surrogate pair as a name": b'{"\\udc00":1}',
    "NUL": b'"\\u0000"',
    "NUL in a name": b'{"\\u0000":1}',
    "a name twice": b'{"a":1,"a":2}',
    "a hundred thousand names": b"{" + b",".join(b'"%d":0' % number for number in range(100_000)) + b"}",
    "names that look like the inside": b'{"__proto__":{"x":1},"constructor":{"prototype":{}},"__class__":1}',
    "sixty-five levels": b"[" * 65 + b"]" * 65,
    "five hundred levels": b"[" * 500 + b"]" * 500,
}
"""A server may refuse these or take them; but then what it sends on and answers has to be JSON."""


def _sane(trial: Trial) -> str:
    """Refused whole, or answered with a document that can be read."""
    reply = trial.reply
    if 400 <= reply.status < 500:
        return refused_whole(trial)
    if reply.results is None:
        return is_refusal(reply)
    for event in trial.seen:
        if any(word in event.body for word in ("NaN", "Infinity", "1e999")):
            return f"the application was sent what is no JSON: {event.body[:80]!r}"
    try:
        reply.body.decode()
    except UnicodeDecodeError:
        return "the answer is no UTF-8"
    return answered(trial)


def _odd(name: str, value: bytes, place: str) -> Case:
    body = b'{"data":{"actions":[{"method":"post","relative_path":"/echo/@RUN@","data":%b}]}}' % value
    if place == "get":
        body = b'{"data":{"actions":[{"method":"get","relative_path":"@READ:0@","data":{"q":%b}}]}}' % value
    return Case(
        line="S18",
        name=f"as a value of {'a write' if place == 'post' else 'a read'}: {name}",
        hole=HOLE,
        judge=all_of(no_failure, _sane, quick(5)),
        send=(Shot(body=body),),
    )


def _encoded(encoding: str) -> Case:
    """The places of an action cannot be filled in here; that it is refused is enough."""
    text = '{"data":{"actions":[{"method":"get","relative_path":"/"}]}}'
    return case_of(f"as the body: a batch in {encoding}", text.encode(encoding), HOLE)


CASES = (
    *(case_of(f"as the body: {name}", body, HOLE) for name, body in TWICE.items()),
    *(
        case_of(f"beside the actions: {name}", b'{"data":{"actions":[~],"x":%b}}' % value, HOLE)
        for name, value in NO_NUMBERS.items()
    ),
    *(_odd(name, value, "post") for name, value in ODD_VALUES.items()),
    *(_odd(name, value, "get") for name, value in ODD_VALUES.items() if not value.startswith((b"{", b"["))),
    *(_encoded(encoding) for encoding in ("utf-16", "utf-16-le", "utf-32", "cp037")),
    case_of("as the body: a batch behind a byte order mark", b'\xef\xbb\xbf{"data":{"actions":[~]}}', HOLE),
    case_of("as the body: NUL behind the batch", b'{"data":{"actions":[~]}}\x00', HOLE),
    Case(
        line="S18",
        name="a batch that says it is in UTF-16 and is not",
        hole=HOLE,
        judge=all_of(
            no_failure, lambda trial: "" if trial.reply.results or 400 <= trial.reply.status < 500 else "it failed"
        ),
        send=(batch(good(0), headers={**JSON, "Content-Type": "application/json; charset=utf-16"}),),
    ),
)
