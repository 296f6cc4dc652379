"""An API to ask, and a target that asks it in somebody's name."""

import asyncio

import msgspec
import pytest

from fanfold.entries import Fetch
from fanfold.expressions.jsonata import JsonataEvaluator
from fanfold.integrations.accounts import Account, MemoryAccounts
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.target import IntegrationsTarget
from fanfold.model import Call, Caller
from fanfold.targets.vetting import Vetting
from tests.integrations.apis import api_running
from tests.integrations.jsonata import Jsonata

OWNER = "ada"


@pytest.fixture
async def api():
    async with api_running() as running:
        yield running


class Clock:
    """A time that passes only as somebody sleeps; or, once ``stopped``, as it is put forward."""

    def __init__(self):
        self.time = 1_000.0
        self.slept = []
        self.stopped = False
        self.sleeping = []

    def __call__(self):
        return self.time

    def now(self):
        return 1_800_000_000.0 + self.time

    async def sleep(self, seconds):
        self.slept.append(seconds)
        until = self.time + seconds
        if not self.stopped:
            await asyncio.sleep(0)
            self.time = max(self.time, until)
            return
        waiting = asyncio.get_running_loop().create_future()
        self.sleeping.append((until, waiting))
        await waiting

    def forward(self, seconds):
        self.time += seconds
        due, self.sleeping = self.sleeping, [one for one in self.sleeping if one[0] > self.time]
        for until, waiting in due:
            if until <= self.time:
                waiting.set_result(None)


class Asking:
    """A target with one account, and the calls that the engine would make."""

    def __init__(self, declared, context, *, vetting, inside, models, **account):
        self.clock = Clock()
        self.evaluator = Jsonata()
        self.declarations = {"acme": msgspec.convert({"name": "acme", **declared}, Declaration)}
        told = {"id": "acc", "integration": "acme", "owner": OWNER, "context": context, **account}
        self.accounts = MemoryAccounts(Account(**told), now=self.clock)
        self.target = IntegrationsTarget(
            self.accounts,
            self.evaluator,
            vetting=vetting,
            inside=inside,
            models=models,
            sleep=self.clock.sleep,
            clock=self.clock,
            now=self.clock.now,
        )

    def resolve(self, method, path, account="acc"):
        """Where a call of a request leads for which the account was looked up."""
        opened = self.accounts[account]
        return self.target.opened(opened, self.declarations.get(opened.integration))(method, path)

    def call(self, method, resource, fetch, *, user=OWNER, account="acc"):
        endpoint, params = self.resolve(method, f"/{account}/{resource}", account)
        path = f"/{account}/{resource}"
        return Call(method, path, (), fetch, (), Caller(f"key-{user}", user), endpoint, params)

    async def answer(self, method, resource, *, user=OWNER, account="acc", **fetch):
        return await self.target.send(self.call(method, resource, Fetch(**fetch), user=user, account=account))

    async def page(self, method, resource, **fetch):
        return (await self.answer(method, resource, **fetch)).page

    async def value(self, method, resource, **fetch):
        return (await self.page(method, resource, **fetch)).value

    async def all(self, resource, **fetch):
        """The pages of a list, to its end."""
        pages, cursor = [], ""
        while True:
            page = await self.page("list", resource, cursor=cursor, **fetch)
            pages.append(page.value)
            cursor = page.cursor
            if not cursor:
                return pages

    @property
    def account(self):
        return self.accounts["acc"]


@pytest.fixture
async def asking(api):
    made = []

    def make(resources, context=None, *, vetting=None, inside=None, models=None, account=None, **declared):
        told = {"base_url": api.url, "credentials": {"format": "none"}, "resources": resources, **declared}
        vetting = vetting or Vetting(loopback=True)
        made.append(Asking(told, context or {}, vetting=vetting, inside=inside, models=models, **(account or {})))
        return made[-1]

    yield make
    for one in made:
        await one.target.close()
        one.evaluator.close()


@pytest.fixture(scope="session")
def evaluator():
    return JsonataEvaluator()
