"""The pages on which a user lets an app in or not: no scripts, nothing from elsewhere, and nobody can frame them.

Who the user is they prove with a personal token. There are no passwords and no sessions here that could be stolen or
ridden on, and whoever has the token could do all that the app may do anyway.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape
from importlib import resources
from string import Template
from urllib.parse import urlsplit

from fanfold.model import Answer
from fanfold.server.oauth.clients import SHOW_CODE, Client
from fanfold.work.scopes import EVERYTHING

_PAGE = resources.files("fanfold.server.oauth").joinpath("consent.html").read_text(encoding="utf-8")
_STYLE = _PAGE.partition("<style>")[2].partition("</style>")[0]
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_WORDS = {
    EVERYTHING: "Do everything that you can do",
    "openid": "Know that it is you",
    "email": "See your e-mail address",
    "profile": "See your name and photo",
}
_VERBS = {"read": "See", "write": "Create and change", "delete": "Delete"}


def say_scope(scope: str) -> str:
    """A scope in words: ``tasks:read`` → "See tasks"."""
    if scope in _WORDS:
        return _WORDS[scope]
    collection, _, verb = scope.partition(":")
    return f"{_VERBS[verb]} {collection.replace('_', ' ').replace('.', ' ')}"


def ask_page(client: Client, scope: str, redirect: str, query: str, *, wrong: bool = False) -> Answer:
    """Whether the user lets the app in; the form leads to where the wish came from."""
    can = "".join(f"<li>{escape(say_scope(one))}</li>" for one in scope.split())
    back = "It gets a code from you." if redirect == SHOW_CODE else f"You will be sent to {escape(_place(redirect))}."
    content = (
        f"<p>If you allow it, this app can in your name:</p><ul>{can}</ul>"
        + ('<p class="wrong" role="alert">This token is not valid.</p>' if wrong else "")
        + f'<form method="post" action="/-/oauth_authorize?{escape(query)}">'
        '<label for="token">Your personal token</label>'
        '<input id="token" name="token" type="password" autocomplete="off" spellcheck="false">'
        '<p class="soft">It shows who you are and stays with this server: the app does not get it. '
        "A fresh one is made with <code>fanfold token create</code></p>"
        '<button class="yes" name="decision" value="allow">Allow</button>'
        '<button name="decision" value="deny">Deny</button></form>'
        f'<p class="soft">{back}</p>'
    )
    return _answer(200, f"{client.name} wants to act in your name", content, _source(redirect))


def code_page(code: str) -> Answer:
    """The code of an app that cannot be sent back to."""
    return _answer(200, "Copy this code into the app", f"<p><code>{escape(code)}</code></p>")


def refusal_page(why: str) -> Answer:
    """What is wrong with the wish, where there is no address that could safely be told."""
    return _answer(400, "This app cannot be let in", f'<p class="wrong">{escape(why)}</p>')


def _answer(status: int, title: str, content: str, to: str = "") -> Answer:
    body = Template(_PAGE).substitute(title=escape(title), content=content)
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        f"form-action 'self'{to}; frame-ancestors 'none'"
    )
    headers = (
        ("content-type", "text/html; charset=UTF-8"),
        ("content-security-policy", policy),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    )
    return Answer(status, body.encode(), headers)


def _place(redirect: str) -> str:
    parts = urlsplit(redirect)
    return parts.netloc or f"the app ({parts.scheme}:)"


def _source(redirect: str) -> str:
    """The redirect address as a policy names it: browsers apply the policy to where a form's answer leads, too."""
    parts = urlsplit(redirect)
    if redirect == SHOW_CODE:
        return ""
    return f" {parts.scheme}://{parts.netloc}" if parts.netloc else f" {parts.scheme}:"
