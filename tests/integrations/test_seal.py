"""What is sealed opens with its key, for what it belongs to, and not otherwise."""

import base64
import os
import stat

import pytest

from fanfold.errors import SetupError
from fanfold.integrations.seal import Seal, read_key

KEY, OTHER = bytes(range(32)), bytes(32)
CONTEXT = {"api_key": "canary-of-the-seal", "n": [1, None]}


def test_what_is_sealed_is_opened_again_and_shows_nothing_meanwhile():
    seal = Seal(KEY)
    sealed = seal.seal(CONTEXT, "acc")
    assert seal.open(sealed, "acc") == CONTEXT
    assert b"canary" not in sealed
    assert sealed != seal.seal(CONTEXT, "acc")
    assert KEY.hex() not in repr(seal)


def test_another_key_says_so():
    with pytest.raises(SetupError, match="sealed with another key"):
        Seal(OTHER).open(Seal(KEY).seal(CONTEXT))


def test_keys_may_be_changed():
    old = Seal(KEY).seal(CONTEXT)
    both = Seal(OTHER, KEY)
    assert both.open(old) == CONTEXT
    assert Seal(OTHER).open(both.seal(CONTEXT)) == CONTEXT


def test_what_was_changed_or_belongs_elsewhere_does_not_open():
    seal = Seal(KEY)
    sealed = seal.seal(CONTEXT, "acc")
    for wrong in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:9]):
        with pytest.raises(SetupError, match="damaged"):
            seal.open(wrong, "acc")
    with pytest.raises(SetupError, match="another one"):
        seal.open(sealed, "other")
    for wrong in (b"", b"\x02" + sealed[1:], b"plain"):
        with pytest.raises(SetupError, match="another key"):
            seal.open(wrong, "acc")


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path):
    file = tmp_path / "fanfold.key"
    (key,) = read_key({}, file)
    assert (len(key), stat.S_IMODE(file.stat().st_mode)) == (32, 0o600)
    assert read_key({}, file) == (key,)
    file.chmod(0o644)
    with pytest.raises(SetupError, match="chmod 600"):
        read_key({}, file)


def test_of_two_processes_that_make_a_key_file_both_have_the_key_of_the_first(tmp_path, monkeypatch):
    file = tmp_path / "fanfold.key"
    made, link = [], os.link

    def slower(making, goal):
        monkeypatch.setattr(os, "link", link)
        made.append(read_key({}, file))
        link(making, goal)

    monkeypatch.setattr(os, "link", slower)
    assert [read_key({}, file)] == made
    assert list(tmp_path.iterdir()) == [file]


def test_the_environment_counts_more_than_the_file_and_may_name_several(tmp_path):
    written = ", ".join(base64.b64encode(key).decode() for key in (KEY, OTHER))
    assert read_key({"FANFOLD_KEY": written}, tmp_path / "none") == (KEY, OTHER)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("written", ["x", "!!!", base64.b64encode(b"short").decode(), ","])
def test_what_is_no_key_is_refused_with_how_to_make_one(tmp_path, written):
    with pytest.raises(SetupError, match="holds no key") as failed:
        read_key({"FANFOLD_KEY": written}, tmp_path / "none")
    assert "os.urandom(32)" in failed.value.message


def test_a_file_that_cannot_be_made_is_said(tmp_path):
    with pytest.raises(SetupError, match="cannot be used"):
        read_key({}, tmp_path / "no" / "key")


@pytest.mark.parametrize("key", [b"", bytes(31)])
def test_a_key_of_another_length_is_refused(key):
    with pytest.raises(SetupError, match="wrong length"):
        Seal(key)
