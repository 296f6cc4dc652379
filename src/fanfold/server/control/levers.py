"""What the controls move inside of a running application, so that nothing there remembers how it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.server.control.faults import Fault, Rule
from fanfold.server.control.journal import Journal

if TYPE_CHECKING:
    from fanfold.server.app import App


class Levers:
    """Everything about an application that can be changed while it runs."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def begin_anew(self) -> None:
        """Be as after the start: the clock runs, nothing fails, no request has been counted or noted."""
        app = self._app
        app.clock.resume()
        self.forget_faults()
        self.forget_requests()
        app.count_anew()
        app.engine.shuffle(app.settings.shuffle)
        await self.data_changed()

    async def data_changed(self) -> None:
        """Forget what is remembered of other data, and go on with the jobs that are under way in these."""
        app = self._app
        app.tokens.forget()
        app.api.forget()
        await app.resume()

    # -- faults ------------------------------------------------------------------------------------------------------

    def add_fault(self, fault: Fault) -> Rule:
        """Put a fault in force."""
        rule = self._app.faults.add(fault)
        self._app.engine.target = self._app.struck
        return rule

    def forget_fault(self, number: str) -> None:
        """Take a fault back."""
        rules = self._app.faults.rules
        left = [rule for rule in rules if str(rule.number) != number]
        if len(left) == len(rules):
            raise RequestError(f"fault: Unknown object: {number}", status=404)
        rules[:] = left
        if not left:
            self.forget_faults()

    def forget_faults(self) -> None:
        """Take all faults back; from now on requests do not even look for one."""
        self._app.faults.rules.clear()
        self._app.engine.target = self._app.target

    # -- journal -----------------------------------------------------------------------------------------------------

    def keep_journal(self, most: int) -> None:
        """Keep this many requests from now on; 0 for none."""
        self._app.journal = Journal(most) if most else None

    def forget_requests(self) -> None:
        """Forget the requests that were noted."""
        if self._app.journal is not None:
            self._app.journal.clear()
