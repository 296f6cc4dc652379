"""Asana's batch envelope: ``{"data": {"actions": [...]}}`` in, ``{"data": [{status_code, headers, body}, ...]}`` out.

What is wrong with the envelope is an exception and refuses the whole request; what is wrong with one action is that
action's error, at its own place. Bodies are embedded as the bytes the target gave, without being decoded.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Collection, Sequence
from typing import cast

import msgspec

from fanfold.dialects.actions import read_action, read_wired
from fanfold.dialects.limit_headers import limit_headers
from fanfold.dialects.paths import PathRules
from fanfold.dialects.phrases import make_phrase
from fanfold.dialects.shown import shown
from fanfold.dialects.strict_json import decode_strict, is_deeper
from fanfold.dialects.wiring import are_plain, read_options
from fanfold.errors import Crashed, ForeignError, LimitExceeded, RequestError
from fanfold.model import Action, Answer, Batch, Conduct, Pairs, Result, Wiring

logger = logging.getLogger("fanfold")

BASE = "/api/1.0"
"""The prefix of a plain request's URL, which an action leaves out."""

REFUSED = (("*", "batch"), ("*", "organization_exports"), ("*", "scim"), ("POST", "attachments"))
"""Methods and first segments of what a batch may not hold: itself, exports, provisioning, uploads."""

HELP = (
    "For more information on API status codes and how to handle them, "
    "read the docs on errors: https://developers.asana.com/docs/errors"
)
FIELDS = ("status_code", "headers", "body")

PARTICULAR_HEADERS = frozenset({"location", "idempotency-replayed", "retry-after"})
"""Response headers that belong to one result; all others are common and stand on the parent."""

FOREIGN_HEADERS = PARTICULAR_HEADERS | {"etag", "last-modified", "link"}
"""Those of an API that is not ours."""

COMMON_HEADERS = frozenset(
    {
        *("connection", "content-length", "date", "keep-alive", "proxy-connection", "server"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""What is never shown of a result where all else is: it belongs to a connection, or to a body of another form."""

_PRETTY_DEPTH = 100
_WITHOUT_HELP = frozenset({412, 429})
_UNNAMED = Action("", "")
_OPENINGS = {status: b'{"status_code":%d,"headers":{},"body":' % status for status in range(100, 600)}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_scan = msgspec.json.Decoder(msgspec.Raw).decode


class AsanaDialect:
    """Reads and writes Asana's wire format.

    ``timeout`` and ``deadline`` are in seconds and go into every batch, and so does ``max_parallel``, how many actions
    may run at once (0 for all).

    ``foreign``: the actions are for APIs that know nothing of the format. The ``data`` of a write is its body as it is,
    and a response that is not JSON stands in its result as text, or as base64 with its content type. ``extended``:
    actions may use each other's results; otherwise what says so is ignored, as the real service does. ``own`` are the
    headers that an action may set. ``shows`` says which headers of an answer its result has, None for all that are not
    common to all answers.
    """

    def __init__(  # noqa: PLR0913 - each is a setting with a default
        self,
        *,
        max_actions: int = 10,
        max_parallel: int = 0,
        lenient_paths: bool = False,
        refused: tuple[tuple[str, str], ...] = REFUSED,
        foreign: bool = False,
        extended: bool = True,
        own: Collection[str] = (),
        shows: Collection[str] | None = PARTICULAR_HEADERS,
        timeout: float | None = None,
        deadline: float | None = None,
        phrase: Callable[[], str] = make_phrase,
    ) -> None:
        self.max_actions = max_actions
        self.max_parallel = max_parallel
        self.timeout = timeout
        self.deadline = deadline
        self.paths = PathRules(refused, "" if foreign else BASE, lenient=lenient_paths)
        self._foreign = foreign
        self.extended = extended
        self._own = frozenset(own)
        self._shows = None if shows is None else frozenset(shows)
        self._phrase = phrase

    def decode(self, body: bytes) -> Batch:
        """The batch a request body holds. Raises ``RequestError`` if the envelope itself cannot be understood."""
        envelope = decode_strict(body)
        data = _required(envelope if isinstance(envelope, dict) else {}, "data")
        if not isinstance(data, dict):
            raise RequestError(f"data: Value is not a JSON object: {shown(data)}")
        items = _required(data, "actions")
        if not isinstance(items, list):
            raise RequestError(f"actions: Value is not an array: {shown(items)}")
        if not items:
            raise RequestError("actions: Must contain at least one action")
        if len(items) > self.max_actions:
            raise RequestError(f"actions: Must contain at most {self.max_actions} actions")
        if self.extended and (data.get("options") is not None or not are_plain(items)):
            return self._decode_wired(items, data.get("options"))
        conduct = Conduct(max_parallel=self.max_parallel) if 0 < self.max_parallel < len(items) else None
        paths, foreign = self.paths, self._foreign
        actions = tuple([read_action(item, index, paths, foreign=foreign) for index, item in enumerate(items)])
        return Batch(actions, timeout=self.timeout, deadline=self.deadline, conduct=conduct)

    def _decode_wired(self, items: list[object], options: object) -> Batch:
        conduct, deadline = read_options(options, self.deadline, self.max_parallel)
        templated = any(isinstance(item, dict) and item.get("id") is not None for item in items)
        actions = tuple(
            [
                read_wired(item, index, self.paths, templated=templated, own=self._own, foreign=self._foreign)
                for index, item in enumerate(items)
            ]
        )
        return Batch(actions, timeout=self.timeout, deadline=deadline, conduct=conduct, read_path=self.paths.read)

    def encode(
        self, results: Sequence[Result], fields: Collection[str] | None = None, *, pretty: bool = False
    ) -> bytes:
        """The envelope of ``results``, in their order; ``fields`` are the keys of a result to keep, None for all."""
        pieces = [b'{"data":[']
        kept = FIELDS if fields is None else tuple(name for name in FIELDS if name in fields)
        for result in results:
            answer = result.answer
            if answer is None or not answer.trusted:
                answer = self._embeddable(result)
            opening = None if answer.headers or result.action.wiring else _OPENINGS.get(answer.status)
            if opening is None or kept is not FIELDS:
                pieces += (self._write_members(result, answer, kept), b",")
            else:
                pieces += (opening, answer.body or b"null", b"},")
        pieces[-1] = (pieces[-1][:-1] if results else pieces[-1]) + b"]}"
        body = b"".join(pieces)
        return _prettify(body) if pretty else body

    def answer_of(self, result: Result) -> Answer:
        """What a single request is answered, and the same action inside a batch."""
        return result.answer or self.error_answer(cast("RequestError", result.error))

    def error_answer(self, error: RequestError) -> Answer:
        """The error body that goes with the status: ``help`` for the caller's mistakes, a ``phrase`` for our own."""
        status = error.status
        if isinstance(error, ForeignError):
            return Answer(status, error.body, (("content-type", error.speaks),), trusted=True)
        entry = {"message": error.message}
        if 400 <= status < 500 and status not in _WITHOUT_HELP and not self._foreign:
            entry["help"] = HELP
        elif status == 500:
            entry["phrase"] = self._phrase()
        wait = error.retry_after
        headers = () if wait is None else (("retry-after", str(wait)),)
        return Answer(status, _encode({**error.extra, "errors": [entry]}), headers, trusted=True)

    def limit_answer(self, error: LimitExceeded) -> Answer:
        """429, with the seconds to wait where waiting helps, and how the limits stood that refused."""
        wait = () if error.retry_after is None else (("retry-after", str(error.retry_after)),)
        headers = (*wait, *limit_headers(error.standing))
        return Answer(429, _encode({"errors": [{"message": error.message}]}), headers, trusted=True)

    def _embeddable(self, result: Result) -> Answer:
        answer = self.answer_of(result)
        if answer.trusted or not answer.body or _is_json(answer.body):
            return answer
        if self._foreign:
            return Answer(answer.status, _encode(_as_json(answer)), answer.headers, trusted=True)
        logger.error(
            "%s %r answered %d with a body that is not JSON", result.action.method, result.action.path, answer.status
        )
        return self.error_answer(Crashed())

    def settled_answer(self, result: Result) -> Answer:
        """What stands for an action once it is settled: JSON, with the results of its elements in it if it has any."""
        answer = result.answer
        if answer is None or not answer.trusted:
            answer = self._embeddable(result)
        if result.parts is None:
            return answer
        return msgspec.structs.replace(answer, body=self._write_body(result, answer))

    def encode_settled(self, name: str, answer: Answer, fields: Collection[str] | None = None) -> bytes:
        """The result of an action that has a ``name``, or an empty one, from what ``settled_answer`` made of it."""
        kept = FIELDS if fields is None else tuple([field for field in FIELDS if field in fields])
        action = Action("", "", wiring=Wiring(name)) if name else _UNNAMED
        return self._write_members(Result(action, answer), answer, kept)

    def encode_one(self, place: int, result: Result) -> bytes:
        """One result on a line of its own, with its place and how long it took."""
        answer = result.answer
        if answer is None or not answer.trusted:
            answer = self._embeddable(result)
        members = self._write_members(result, answer, FIELDS)
        line = b'{"index":%d,%b,"ms":%.3f}' % (place, members[1:-1], result.seconds * 1000)
        # Outside of strings line breaks are but white space, and inside they are escaped.
        return line.replace(b"\n", b" ").replace(b"\r", b" ")

    def _write_members(self, result: Result, answer: Answer, kept: tuple[str, ...]) -> bytes:
        wiring = result.action.wiring
        headers = _encode(self._shown_headers(answer.headers)) if answer.headers else b"{}"
        body = self._write_body(result, answer)
        if wiring is None and kept is FIELDS:
            return b'{"status_code":%d,"headers":%b,"body":%b}' % (answer.status, headers, body)
        written = {"status_code": b"%d" % answer.status, "headers": headers, "body": body}
        if wiring is not None and wiring.id:
            written["id"] = _encode(wiring.id)
            kept = ("id", *kept)
        return b"{" + b",".join([b'"%b":%b' % (name.encode(), written[name]) for name in kept]) + b"}"

    def _write_body(self, result: Result, answer: Answer) -> bytes:
        if result.parts is None:
            return answer.body or b"null"
        parts = []
        for part in result.parts:
            of_part = part.answer
            if of_part is None or not of_part.trusted:
                of_part = self._embeddable(part)
            bare = Result(_UNNAMED, of_part)
            parts.append(self._write_members(bare, of_part, FIELDS))
        return b'{"data":[' + b",".join(parts) + b"]}"

    def _shown_headers(self, pairs: Pairs) -> dict[str, str | list[str]]:
        """The headers of an answer as its result has them. Those that are there twice are one, but cookies a list."""
        shows = self._shows
        kept = [pair for pair in pairs if (pair[0] in shows if shows is not None else pair[0] not in COMMON_HEADERS)]
        once: dict[str, str | list[str]] = dict(kept)
        if len(once) == len(kept):
            return once
        found: dict[str, list[str]] = {}
        for name, value in kept:
            found.setdefault(name, []).append(value)
        return {
            name: values[0] if len(values) == 1 else values if name == "set-cookie" else ", ".join(values)
            for name, values in found.items()
        }


def _required(members: dict[str, object], name: str) -> object:
    value = members.get(name)
    if value is None:
        raise RequestError(f"{name}: Missing input")
    return value


def _is_json(body: bytes) -> bool:
    """Whether ``body`` can stand inside JSON. Scanning it costs a quarter of decoding it."""
    try:
        _scan(body)
        if not body.isascii():
            body.decode()
    except (ValueError, RecursionError):
        return False
    return True


def _as_json(answer: Answer) -> object:
    """What stands for a body that is not JSON: the text, or what a reader needs to have the bytes again."""
    kind = dict(answer.headers).get("content-type", "application/octet-stream")
    if kind.lower().startswith("text/"):
        try:
            return answer.body.decode()
        except UnicodeDecodeError:
            pass
    return {"content_type": kind, "base64": base64.b64encode(answer.body).decode()}


def _prettify(body: bytes) -> bytes:
    """Indent by two spaces; but not what is nested so deep that the indentation would dwarf the text."""
    try:
        if is_deeper(_decode(body), _PRETTY_DEPTH):
            return body
    except (ValueError, RecursionError):
        return body
    return msgspec.json.format(body, indent=2)
