"""What comes back of an upstream's headers."""

from fanfold.targets.forwarding import passed_back


def test_a_header_that_was_sent_several_times_is_one_list():
    sent = (("Link", "<a>"), ("Vary", "Accept"), ("link", "<b>"), ("LINK", "<c>"), ("X-Mine", "1"), ("vary", "Origin"))
    assert passed_back(sent) == (("link", "<a>, <b>, <c>"), ("vary", "Accept, Origin"), ("x-mine", "1"))


def test_of_what_there_can_be_only_one_the_first_counts():
    for name in ("Location", "ETag", "Content-Type", "Retry-After", "Last-Modified"):
        assert passed_back(((name, "a"), (name.lower(), "b"))) == ((name.lower(), "a"),)


def test_what_is_of_the_connection_alone_does_not_come_back():
    sent = (("Connection", "close, X-One"), ("connection", "x-two"), ("X-ONE", "1"), ("X-Two", "1"), ("X-Three", "1"))
    assert passed_back(sent) == (("x-three", "1"),)
    assert passed_back((("Set-Cookie", "a"), ("Proxy-Authenticate", "x"), ("X-Broken", "a\nb"))) == ()
