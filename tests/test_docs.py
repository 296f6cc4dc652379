"""What is documented is true: links lead somewhere, commands exist, every word of the house is explained."""

import re
import tomllib
from pathlib import Path

import pytest

from fanfold.work.coverage import coverage

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "fanfold"
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "benchmarks").glob("*.md"),
        *(ROOT / "examples").glob("*.md"),
    ]
)
MAKEFILE = (ROOT / "Makefile").read_text()

WORDS = """
    action, batch, call, answer, result, dialect, target, upstream, integration, account, caller, plan, step, reference,
    fan-out, admission, cost, grant, refusal, limiter, store, dispatch, collect, kind, field, record, gid, compact,
    opt_fields, link, change, rule, verb, event, story, delivery, job, window, deadline, timeout, log, webhook,
    sync token, step of a job, performance, runner, audit entry, scope, service account, controls, seed file,
    snapshot, fault, journal, ledger, fingerprint
"""


def anchor(heading: str) -> str:
    """How GitHub names the place of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)}


def links(page: Path) -> list[str]:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if not re.match(r"\w+:", link)]


@pytest.fixture(params=PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def page(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_every_relative_link_leads_somewhere(page):
    for link in links(page):
        path, _, place = link.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), link
        assert not place or place in anchors(goal), link


def test_every_make_command_that_is_written_down_exists(page):
    code = " ".join(re.findall(r"```.*?```|`[^`]+`", page.read_text(), re.DOTALL))
    commands = set(re.findall(r"\bmake (?:[A-Z]+=\S+ )*([a-z][a-z-]*)", code))
    assert commands <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def test_every_path_that_is_written_down_exists(page):
    paths = re.findall(r"`((?:\w+/)+(?:\w+\.\w+)?|\w+\.py)`", page.read_text())
    assert [path for path in paths if not any((base / path).exists() for base in (ROOT, SOURCE))] == []


@pytest.mark.parametrize("word", WORDS.replace("\n", " ").split(","))
def test_the_glossary_explains(word):
    assert f"- **{word.strip()}**:" in (ROOT / "docs" / "glossary.md").read_text()


def test_no_word_of_the_glossary_is_explained_twice():
    words = re.findall(r"^- \*\*(.+?)\*\*:", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert sorted(words) == sorted(set(words))


def test_the_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_the_number_of_operations_is_true(page):
    found = coverage()
    text = " ".join((ROOT / page).read_text().split())
    assert f"{found.served} of Asana's {found.total} published operations" in text


def test_every_command_has_a_line_in_the_help():
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert [name for name in phony[1].split() if not re.search(rf"^{name}:.* ## \S", MAKEFILE, re.MULTILINE)] == []


def test_every_direct_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["server"]]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in wanted}
    reasons = (ROOT / "docs" / "why.md").read_text()
    assert sorted(name for name in names if name not in reasons) == []


def test_the_changelog_has_a_place_for_what_comes_next():
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
