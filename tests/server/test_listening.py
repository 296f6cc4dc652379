"""Where a server listens: alone, or with a socket for each worker."""

import socket
import sys
from contextlib import ExitStack, closing
from types import SimpleNamespace

import pytest

from fanfold.errors import SetupError
from fanfold.server.listening import address_of, listen, listen_apart


def place(host="127.0.0.1", port=0):
    return SimpleNamespace(host=host, port=port)


@pytest.mark.parametrize("make", [listen, lambda where: listen_apart(where, 2)[0]])
@pytest.mark.parametrize(
    ("where", "word"),
    [(place("256.0.0.1"), "256.0.0.1"), (place("192.0.2.1"), "--host|--port"), (place(port=65536), "65535")],
)
def test_an_address_that_cannot_be_listened_at_is_refused(make, where, word):
    with pytest.raises(SetupError, match=word):
        make(where)


@pytest.mark.parametrize("make", [listen, lambda where: listen_apart(where, 2)])
@pytest.mark.parametrize("others", [lambda where: [listen(where)], lambda where: listen_apart(where, 2)])
def test_a_port_that_somebody_listens_at_is_refused(make, others):
    with ExitStack() as kept:
        taken, *_ = [kept.enter_context(closing(one)) for one in others(place())]
        taken.listen()
        with pytest.raises(SetupError, match="cannot be used"):
            make(place(port=taken.getsockname()[1]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere all have the same socket")
def test_connections_are_dealt_out_among_those_who_listen():
    with ExitStack() as kept:
        sockets = [kept.enter_context(closing(one)) for one in listen_apart(place(), 3)]
        assert len({one.getsockname() for one in sockets}) == 1
        for one in sockets[:2]:
            one.listen(200)
            one.settimeout(0)
        for _ in range(100):
            kept.enter_context(socket.create_connection(sockets[0].getsockname()))
        counts = []
        for one in sockets[:2]:
            counts.append(0)
            while True:
                try:
                    kept.enter_context(one.accept()[0])
                except BlockingIOError:
                    break
                counts[-1] += 1
    assert sum(counts) == 100
    assert min(counts) > 10


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_an_address_is_shown_as_it_is_typed(host, shown):
    try:
        listener = listen(place(host))
    except SetupError:
        pytest.skip("this machine has no IPv6")
    with closing(listener):
        assert address_of(listener) == f"{shown}{listener.getsockname()[1]}"
