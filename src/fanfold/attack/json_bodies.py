"""S18: what is no batch is refused as a whole, before anything of it runs.

Each body holds an action that writes (``~``), so that at the ground running any part of it would be seen.
"""

from __future__ import annotations

from fanfold.attack.cases import Case, Shot
from fanfold.attack.judging import all_of, quick, refused_whole

HOLE = "A body that is none runs in part, fails the server, or holds it up out of all proportion to its size."

NO_BATCH = {
    "nothing": b"",
    "white space": b"  \n",
    "null": b"null",
    "true": b"true",
    "a list": b"[~]",
    "a string": b'"~"',
    "a number": b"0",
    "actions without an envelope": b'{"actions":[~]}',
    "an envelope that is a list": b'{"data":[~]}',
    "an envelope that is null": b'{"data":null}',
    "no actions": b'{"data":{}}',
    "actions that are null": b'{"data":{"actions":null}}',
    "actions in an object": b'{"data":{"actions":{"0":~}}}',
    "an object with a length": b'{"data":{"actions":{"length":1,"0":~}}}',
    "an empty list of actions": b'{"data":{"actions":[]}}',
    "actions that are text": b'{"data":{"actions":"~"}}'.replace(b'"~"', b'"x"'),
    "actions that are a number": b'{"data":{"actions":7}}',
    "actions that are true": b'{"data":{"actions":true}}',
    "a thousand actions": b'{"data":{"actions":[' + b",".join([b"~"] * 1000) + b"]}}",
    "a hundred thousand actions": b'{"data":{"actions":[~' + b",{}" * 100_000 + b"]}}",
    "text after the end": b'{"data":{"actions":[~]}} {}',
    "two documents": b'{"data":{"actions":[~]}}\n{"data":{"actions":[~]}}',
    "a comma too many": b'{"data":{"actions":[~,]}}',
    "a hundred thousand commas": b'{"data":{"actions":[' + b"," * 100_000 + b"]}}",
    "single quotes": b"{'data':{'actions':[~]}}",
    "names without quotes": b"{data:{actions:[~]}}",
    "a comment": b'{"data":{"actions":[~]}}/* x */',
    "a hundred thousand levels": b'{"data":{"actions":[~],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "a hundred thousand levels in an action": b'{"data":{"actions":[~,{"data":'
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}]}}",
    "a hundred thousand objects in each other": b'{"data":{"actions":[~],"x":'
    + b'{"a":' * 100_000
    + b"1"
    + b"}" * 100_000
    + b"}}",
    "a hundred thousand levels, not closed": b'{"data":{"actions":[~],"x":' + b'{"a":' * 100_000,
    "a million levels": b"[" * 900_000,
    "an unfinished string": b'{"data":{"actions":[~],"x":"',
    "an unfinished escape": b'{"data":{"actions":[~],"x":"\\u12',
    "half a document": b'{"data":{"actions":[~',
    "a form": b"data=%7B%22actions%22%3A%5B%5D%7D",
    "an XML document": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><data>&y;</data>',
    "a YAML document": b"data:\n  actions:\n    - method: get\n      relative_path: /echo\n",
    "a pickled object": b"\x80\x04\x95\x1c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "bytes that are nothing": bytes(range(256)),
}


def case_of(name: str, body: bytes, hole: str = HOLE, *, seconds: float = 5) -> Case:
    """A body that has to be refused whole, and soon."""
    shot = Shot(body=body.replace(b"~", b"@WRITE@"))
    return Case(line="S18", name=name, hole=hole, judge=all_of(refused_whole, quick(seconds)), send=(shot,))


CASES = tuple(case_of(f"as the body: {name}", body) for name, body in NO_BATCH.items())
