"""A small world to ask questions of: Ada and Bob share an organization, Eve is alone in a workspace of her own."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

import msgspec
import pytest

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.work import background
from fanfold.work.api import WorkApi
from fanfold.work.change import born, new
from fanfold.work.kinds.workspace_memberships import join_workspace
from fanfold.work.validate import Given
from tests.databases import new_store, postgres


class World:
    """The API over a store of its own, and the gids (as text) of those who live there."""

    def __init__(self, path=":memory:"):
        self.now = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
        self.store = new_store(path)
        self.api = WorkApi(self.store, base="https://fanfold.test/api/1.0", clock=lambda: self.now)
        self.ada = self.person("Ada Lovelace", "ada@fanfold.test")
        self.bob = self.person("Bob Hope", "bob@fanfold.test")
        self.eve = self.person("Eve Stranger", "eve@elsewhere.test")
        self.org = self.workspace("Fanfold", self.ada, self.bob, email_domains=["fanfold.test"], is_organization=True)
        self.elsewhere = self.workspace("Elsewhere", self.eve)

    @property
    def system(self):
        """What no caller sees: good for setting things up."""
        return self.api.view(0)

    def person(self, name, email):
        return str(born(self.system, "user", 0, name=name, email=email).gid)

    def workspace(self, name, *members, **values):
        """A new workspace; the first of its members is its admin."""
        change = new(self.system, self.api.kinds["workspace"], Given({"name": name, **values}, {}, {}))
        change.workspace = change.gid
        change.write()
        for index, member in enumerate(members):
            join_workspace(self.system, change.gid, int(member), admin=index == 0)
        return str(change.gid)

    def later(self, **span):
        self.now += timedelta(**span)

    def ask(self, method, path, data=None, user=None, **query):
        """Status and the whole decoded body; a refusal's body is its message and what else it says.

        Query parameters may stand in ``path`` too: the only way to one that is called ``user``.
        """
        path, _, more = path.partition("?")
        try:
            endpoint, params = self.api.resolve(method, path)
            pairs = (*parse_qsl(more), *((name, str(value)) for name, value in query.items()))
            body = None if data is None else {"data": data}
            call = Call(method, path, pairs, body, (), Caller("test", user or self.ada), endpoint, params)
            answer = self.api.answer(call)
        except RequestError as error:
            return error.status, {"message": error.message, **error.extra}
        finally:
            self.api.commit()
        return answer.status, msgspec.json.decode(answer.body)

    def call(self, method, path, data=None, user=None, **query):
        """Status and what the answer's ``data`` is, or a refusal's message."""
        status, body = self.ask(method, path, data, user, **query)
        return status, body["message"] if status >= 400 else body["data"]

    def made(self, path, data, user=None):
        """The gid of what a creation that has to succeed made."""
        status, shown = self.call("POST", path, data, user)
        assert status in (200, 201), shown
        return shown["gid"]

    def pages(self, path, user=None, **query):
        """What a list holds, page after page."""
        found, offset = [], {}
        while True:
            status, body = self.ask("GET", path, None, user, **query, **offset)
            assert status == 200, body
            found += body["data"]
            if body["next_page"] is None:
                return found
            assert body["next_page"]["path"].endswith(f"offset={quote(body['next_page']['offset'], safe='')}")
            offset = {"offset": body["next_page"]["offset"]}

    def options(self, field):
        """The options of a custom field in order: name → gid."""
        return {
            option["name"]: option["gid"] for option in self.call("GET", f"/custom_fields/{field}")[1]["enum_options"]
        }


@pytest.fixture(autouse=True)
def _steps_are_done_one_by_one(monkeypatch):
    """The request that starts a job does one step of it, however quick, so that tests can look between them."""
    monkeypatch.setattr(background, "PATIENCE", 0)


@pytest.fixture(scope="session", autouse=True)
def _the_database_goes_with_the_tests():
    yield
    if postgres.cache_info().currsize:
        postgres().remove()


@pytest.fixture
def world():
    made = World()
    yield made
    made.store.close()


@pytest.fixture
def call(world):
    return world.call


@pytest.fixture
def ada(world):
    return world.ada


@pytest.fixture
def bob(world):
    return world.bob


@pytest.fixture
def eve(world):
    return world.eve


@pytest.fixture
def org(world):
    return world.org


@pytest.fixture
def space(world):
    """A workspace of Ada and Bob that is no organization, so that projects need no team."""
    return world.workspace("Space", world.ada, world.bob)


@pytest.fixture
def project(world, space):
    return world.made("/projects", {"name": "Launch", "workspace": space})


@pytest.fixture
def new_field(world, space):
    """Makes a custom field."""

    def new_field(kind, name="", **values):
        data = {"workspace": space, "name": name or kind, "resource_subtype": kind}
        return world.made("/custom_fields", data | values)

    return new_field


@pytest.fixture
def attached(world, project, new_field):
    """Makes a custom field that the project has."""

    def attached(kind, name="", **values):
        gid = new_field(kind, name, **values)
        world.call("POST", f"/projects/{project}/addCustomFieldSetting", {"custom_field": gid})
        return gid

    return attached


@pytest.fixture
def holder(world, project):
    """A task of the project, to have values of its custom fields."""
    return world.made("/tasks", {"name": "Holder", "projects": [project]})


@pytest.fixture
def put(world, holder):
    """Gives the task a value and shows the custom field, or the refusal."""

    def put(field, value):
        status, shown = world.call("PUT", f"/tasks/{holder}", {"custom_fields": {field: value}})
        return shown if status >= 400 else next(item for item in shown["custom_fields"] if item["gid"] == field)

    return put
