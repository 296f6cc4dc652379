"""The catalogue: names are there once, files cannot be changed from outside, and all mistakes are told at once."""

import pytest

from fanfold.errors import RequestError, SetupError
from fanfold.integrations.catalog import Catalog, Listed, read_catalog
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.reading import DeclarationError


def declaration(name="acme", label=""):
    return Declaration(name=name, base_url="https://acme.example", label=label)


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "acme.yaml").write_text("base_url: https://acme.example")
    (tmp_path / "bolt.toml").write_text('base_url = "https://bolt.example"')
    (tmp_path / "cog.json").write_text('{"base_url": "https://cog.example"}')
    (tmp_path / "dot.yml").write_text("{name: dots, base_url: https://dot.example}")
    (tmp_path / "readme.md").write_text("Nothing of ours.")
    (tmp_path / "old.yaml").mkdir()
    return tmp_path


def test_all_files_of_a_directory_are_read_whatever_their_notation(directory, evaluator):
    catalog = read_catalog(directory, evaluator)
    assert {"acme", "bolt", "cog", "dots"} <= set(catalog.names())
    assert catalog.get("dots").base_url == "https://dot.example"
    assert catalog.listed("acme").origin == "file"
    assert catalog.get("old") is None


def test_what_is_shipped_is_right_and_there_without_a_directory(evaluator):
    assert all(listed.origin == "shipped" for listed in read_catalog(None, evaluator))


def test_mistakes_of_all_files_are_told_at_once(directory, evaluator):
    (directory / "acme.yaml").write_text("base_url: acme\nlabel: 5")
    (directory / "cog.json").write_text("{")
    with pytest.raises(DeclarationError) as raised:
        read_catalog(directory, evaluator)
    assert [complaint.split(": ")[0].rpartition("/")[2] for complaint in raised.value.complaints] == [
        "acme.yaml:1",
        "acme.yaml:2",
        "cog.json:1",
    ]


def test_two_files_of_one_name_are_told_apart(directory, evaluator):
    (directory / "other.yaml").write_text("{name: acme, base_url: https://x.example}")
    with pytest.raises(SetupError, match=r"'acme': .*acme\.yaml and .*other\.yaml"):
        read_catalog(directory, evaluator)


def test_a_directory_that_is_not_there_is_one_sentence(tmp_path, evaluator):
    with pytest.raises(SetupError, match="is no directory"):
        read_catalog(tmp_path / "none", evaluator)


def test_one_is_added_changed_and_removed():
    catalog = Catalog()
    added = catalog.add(declaration(), gid="i1")
    assert (added.id, added.version, added.origin) == ("i1", 1, "added")
    changed = catalog.replace("acme", declaration(label="Acme"), version=1)
    assert (changed.id, changed.version) == ("i1", 2)
    assert catalog.get("acme").label == "Acme"
    assert catalog.listed("i1") == changed
    catalog.remove("acme")
    assert catalog.names() == []


def test_a_change_of_another_version_than_there_is_is_refused():
    catalog = Catalog([Listed("i1", declaration(), version=3)])
    with pytest.raises(RequestError, match="version 2, but there is version 3") as raised:
        catalog.replace("acme", declaration(), version=2)
    assert raised.value.status == 409


def test_names_stay_apart_when_one_is_renamed():
    catalog = Catalog([Listed("1", declaration()), Listed("2", declaration("bolt"))])
    with pytest.raises(RequestError) as raised:
        catalog.replace("acme", declaration("bolt"))
    assert raised.value.status == 409
    catalog.replace("acme", declaration("cog"))
    assert catalog.names() == ["bolt", "cog"]


def test_a_taken_name_is_refused():
    with pytest.raises(RequestError) as raised:
        Catalog([Listed("1", declaration())]).add(declaration())
    assert raised.value.status == 409


@pytest.mark.parametrize("verb", ["replace", "remove"])
@pytest.mark.parametrize("origin", ["file", "shipped"])
def test_files_and_what_is_shipped_cannot_be_changed_from_outside(verb, origin):
    catalog = Catalog([Listed("1", declaration(), origin=origin, source="acme.yaml")])
    with pytest.raises(RequestError, match="cannot be changed here") as raised:
        catalog.replace("acme", declaration()) if verb == "replace" else catalog.remove("acme")
    assert raised.value.status == 409


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(RequestError, match=r"no integration 'acmee'\. Did you mean acme\?") as raised:
        Catalog([Listed("1", declaration())]).listed("acmee")
    assert raised.value.status == 404
