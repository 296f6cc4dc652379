"""Errors of an application are answered as it answers them, though its middleware stands inside of that."""

import pytest

from fanfold.targets.outermost import with_own_errors


class ServerErrorMiddleware:
    """Like Starlette's: answers, and raises all the same so that the server knows."""

    def __init__(self, app, handler=None, debug=False):
        self.app = app
        self.handler = handler
        self.debug = debug

    async def __call__(self, scope, receive, send):
        try:
            await self.app(scope, receive, send)
        except Exception:
            await send((self.handler, self.debug))
            raise


class Framework:
    def __init__(self, middleware_stack):
        self.middleware_stack = middleware_stack


async def crash(scope, receive, send):
    raise ZeroDivisionError


async def sent_by(scope):
    sent = []

    async def send(message):
        sent.append(message)

    with pytest.raises(ZeroDivisionError):
        await with_own_errors(crash)(scope, None, send)
    return sent


async def test_an_error_goes_to_the_handler_that_the_application_has_for_it():
    framework = Framework(ServerErrorMiddleware(None, "handler", debug=True))
    assert await sent_by({"app": framework}) == [("handler", True)]


@pytest.mark.parametrize("scope", [{}, {"app": None}, {"app": Framework(None)}, {"app": Framework(crash)}])
async def test_other_applications_are_called_as_they_are(scope):
    assert await sent_by(scope) == []
