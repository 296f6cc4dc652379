"""An event loop whose time goes by only when nothing is left to do, so that an hour of waiting takes a moment."""

import asyncio
import selectors


class _Jump(selectors.DefaultSelector):
    ahead = 0.0

    def select(self, timeout=None):
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("everything waits and nothing will ever happen")
        if not found and timeout:
            self.ahead += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self):
        return 1000.0 + self._jump.ahead


def run(main):
    """Run a coroutine in virtual time; nothing may be left when it is over."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:

        async def watched():
            result = await main
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return result

        return runner.run(watched())
