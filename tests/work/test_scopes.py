"""Scopes: an app does what it was allowed to do, a person everything; single or in a batch makes no difference."""

import pytest

from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.work.scopes import SCOPES, scope_of


@pytest.fixture
def as_app(world):
    """Asks in Ada's name as an app that was given some scopes."""

    def ask(method, path, *scopes, data=None):
        endpoint, params = world.api.resolve(method, path)
        body = None if data is None else {"data": data}
        caller = Caller("app", world.ada, frozenset(scopes))
        try:
            return world.api.answer(Call(method, path, (), body, (), caller, endpoint, params)).status
        except RequestError as error:
            return error.status, error.message
        finally:
            world.api.commit()

    return ask


def test_an_app_may_do_what_its_scope_says(as_app, space):
    assert as_app("GET", f"/workspaces/{space}/tags", "tags:read") == 200
    assert as_app("POST", "/tags", "tags:write", data={"name": "Red", "workspace": space}) == 201


def test_an_app_is_told_which_scope_it_lacks(as_app, space):
    refused = as_app("POST", "/tags", "tags:read", "tasks:write", data={"name": "Red", "workspace": space})
    assert refused == (403, "This app was not given the scope that this request needs: tags:write")


def test_an_operation_without_a_scope_of_its_own_is_for_apps_that_may_do_everything(as_app, project):
    path = f"/projects/{project}/sections"
    everything_else = [scope for scope in SCOPES if scope != "default"]
    assert as_app("GET", path, *everything_else)[0] == 403
    assert as_app("GET", path, "default") == 200


def test_a_scope_is_looked_at_before_the_object_is(as_app):
    assert as_app("GET", "/tasks/999999999", "tags:read")[0] == 403
    assert as_app("GET", "/tasks/999999999", "tasks:read")[0] == 404


def test_nothing_is_written_without_the_scope(as_app, world, space):
    as_app("POST", "/tags", "tags:read", data={"name": "Red", "workspace": space})
    assert world.pages(f"/workspaces/{space}/tags", limit=100) == []


@pytest.mark.parametrize(
    ("method", "template", "operation", "scope"),
    [
        ("GET", "/tasks/{task_gid}", "getTask", "tasks:read"),
        ("PUT", "/tasks/{task_gid}", "updateTask", "tasks:write"),
        ("DELETE", "/tasks/{task_gid}", "deleteTask", "tasks:delete"),
        ("POST", "/tasks/{task_gid}/addProject", "addProjectForTask", "tasks:write"),
        ("GET", "/projects/{project_gid}/tasks", "getTasksForProject", "tasks:read"),
        ("GET", "/workspaces/{workspace_gid}/typeahead", "typeaheadForWorkspace", "workspaces.typeahead:read"),
        ("DELETE", "/tags/{tag_gid}", "deleteTag", "default"),
        ("POST", "/somewhere/new", "createSomethingNew", "default"),
    ],
)
def test_the_scope_follows_from_path_and_method(method, template, operation, scope):
    assert scope_of(method, template, operation) == scope
