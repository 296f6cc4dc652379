"""Who asks, and what is hidden from them: made once for all questions, as each of them is taken back."""

import pytest

from fanfold.work import background
from fanfold.work.store import file
from tests.guard.ground import Ground, first_of
from tests.guard.homes import Home
from tests.work.conftest import World

OUT_OF_SIGHT = (
    *("team", "team_membership", "project", "project_membership", "section", "custom_field_setting", "task", "story"),
    *("reaction", "attachment", "status_update", "project_brief", "rule_trigger", "task_template", "project_template"),
    *("portfolio", "portfolio_membership", "project_portfolio_setting", "allocation", "rate", "budget"),
    *("time_tracking_entry", "webhook", "job", "graph_export", "export_request"),
)
"""The kinds that are hidden from colleagues with what they hang on, or because they are their maker's alone."""


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """Eve, who has a workspace of her own, and Ada, whose workspace she knows nothing of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "FIRST_GID", 700_000_001)
        patch.setattr(background, "PATIENCE", 0)  # how far jobs have come at the answer is up to no clock
        world = World()
        world.api.files = tmp_path_factory.mktemp("files")
        hidden = Home(world, world.ada, world.bob)
        own = Home(world, world.eve, world.person("Ed", "ed@elsewhere.test"))
        del hidden.gids["time_period"]  # they are the same calendar for everybody, by the workspace
        yield Ground(world, world.eve, first_of(own.gids), hidden.gids)
        world.store.close()


@pytest.fixture(scope="module")
def colleague(tmp_path_factory):
    """Bob, who is in Ada's workspace but was not let in on what she keeps private there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "FIRST_GID", 700_000_001)
        patch.setattr(background, "PATIENCE", 0)  # how far jobs have come at the answer is up to no clock
        world = World()
        world.api.files = tmp_path_factory.mktemp("files")
        carl = world.person("Carl", "carl@fanfold.test")
        hidden = Home(world, world.ada, carl, world.bob, private=True)
        own = Home(world, world.bob, workspace=hidden.workspace)
        unseen = {kind: hidden.gids[kind] for kind in OUT_OF_SIGHT}
        yield Ground(world, world.bob, first_of(hidden.gids) | first_of(own.gids), unseen)
        world.store.close()
