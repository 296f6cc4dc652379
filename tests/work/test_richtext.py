"""Formatted text: what is let in, what is refused, and the two views of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.errors import RequestError
from fanfold.work.richtext import html_of, parse


def plain(html, kind="task"):
    return parse("html_notes", html, kind).plain


def test_formatting_is_kept_and_read_as_plain_text():
    rich = parse("html_notes", "<body>All <em>new</em> &amp; <strong>shiny</strong></body>", "task")
    assert rich.html == "<body>All <em>new</em> &amp; <strong>shiny</strong></body>"
    assert rich.plain == "All new & shiny"
    assert rich.formatted


def test_text_without_tags_says_no_more_than_the_plain_text():
    assert not parse("html_notes", "<body>1 &lt; 2</body>").formatted


def test_lists_and_headings_stand_on_lines_of_their_own():
    assert plain("<body>Buy<ul><li>milk</li><li>tea</li></ul>now</body>") == "Buy\nmilk\ntea\nnow"
    assert plain("<body><h1>Plan</h1>first<hr/>second</body>") == "Plan\nfirst\nsecond"


def test_a_rule_stays_a_single_element():
    assert parse("html_notes", "<body><hr></hr></body>", "task").html == "<body><hr/></body>"


def test_a_mention_is_stored_by_gid_alone():
    html = '<body><a data-asana-gid="0123" href="javascript:x" data-asana-type="user">x</a></body>'
    assert parse("html_text", html).html == '<body><a data-asana-gid="123">x</a></body>'


def test_a_mention_without_words_is_its_address_in_plain_text():
    rich = parse("html_text", '<body>Ask <a data-asana-gid="7"/></body>', "", lambda gid: f"http://here/{gid}")
    assert rich.plain == "Ask http://here/7"


@pytest.mark.parametrize(
    "html",
    [
        "no body",
        "",
        "<p>x</p>",
        "<body><p>x</p></body>",
        "<body><script>x</script></body>",
        "<body><em>x</body>",
        "<body>x</body>y",
        "<body>&nbsp;</body>",
        "<body>\x00</body>",
        "<body>\ud800</body>",
        '<body class="x">x</body>',
        '<body><em class="x">x</em></body>',
        '<body><a onclick="x()">x</a></body>',
        '<body><a href="javascript:alert(1)">x</a></body>',
        '<body><a href=" javascript:alert(1)">x</a></body>',
        '<body><a href="//evil.example">x</a></body>',
        '<body><a data-asana-gid="x1">x</a></body>',
        '<body><a href="http://a.example"><a href="http://b.example">x</a></a></body>',
        "<body><!-- x --></body>",
        "<body><?php x ?></body>",
        "<body><![CDATA[x]]></body>",
        "<?xml version='1.0'?><body>x</body>",
        "<?xml version='1.0' encoding='utf-16'?><body>x</body>",
        "<!DOCTYPE body><body>x</body>",
        '<!DOCTYPE body [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><body>&b;</body>',
        '<!DOCTYPE body [<!ENTITY f SYSTEM "file:///etc/passwd">]><body>&f;</body>',
        '<!DOCTYPE body SYSTEM "http://evil.example/x.dtd"><body>x</body>',
        "<body>" + "<em>" * 200 + "</em>" * 200 + "</body>",
        "<body>" + "x" * 70_000 + "</body>",
    ],
)
def test_everything_else_is_refused(html):
    with pytest.raises(RequestError) as refusal:
        parse("html_notes", html, "task")
    assert refusal.value.status == 400
    assert refusal.value.message.startswith("html_notes: ")


def test_headings_are_for_tasks_and_not_for_comments():
    assert plain("<body><h1>x</h1></body>") == "x"
    with pytest.raises(RequestError):
        plain("<body><h1>x</h1></body>", "story")


@given(st.text())
def test_the_html_view_of_any_plain_text_is_let_in_again(text):
    rich = parse("html_notes", html_of(text))
    kept = "".join(char for char in text if char in "\t\n\r" or (char >= " " and char not in "\ufffe\uffff"))
    assert rich.plain == kept.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    assert parse("html_notes", rich.html) == rich
    assert not rich.formatted


@given(st.text(alphabet="<>/bodyaemuls \"'=&;#!x", max_size=60))
def test_whatever_is_sent_is_read_or_refused_and_what_is_read_can_be_read_again(text):
    try:
        rich = parse("html_notes", f"<body>{text}</body>", "task")
    except RequestError:
        return
    assert parse("html_notes", rich.html, "task") == rich
