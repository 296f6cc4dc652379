"""The guide to batches on the command line is true: its commands are run, and what comes out is what stands there."""

import inspect
import json
import re
import shlex
from pathlib import Path

import pytest

from fanfold.cli.batch import batch
from fanfold.cli.batches.files import parse_batch
from fanfold.cli.call import call

GUIDE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
FILES = {re.match(r"# ([\w.]+)", text)[1]: text for text in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)}
FILES["commands.txt"] = re.search(r"```curl\n(.*?)```", GUIDE, re.DOTALL)[1]
COMMANDS = re.findall(r"```sh\n(fanfold .*?)\n```\n\n```(text|json)\n(.*?)```", GUIDE, re.DOTALL)


def squeezed(text):
    """Text without what only lines things up: spaces, and empty ends."""
    return re.sub(r"[ \n]+", " ", text).strip()


def fits(written, received):
    return re.fullmatch(".*".join(map(re.escape, re.split(" ?… ?", squeezed(written)))), squeezed(received))


@pytest.mark.parametrize(("command", "kind", "written"), COMMANDS, ids=[command for command, _, _ in COMMANDS])
def test_a_command_prints_what_is_written(fanfold, asana_server, tmp_path, monkeypatch, command, kind, written):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    words = shlex.split(command)[1:]
    code, out, err = fanfold(*words, "--url", asana_server.url, "--token", asana_server.token)
    if kind == "json":
        written, out, err = json.dumps(json.loads(written), ensure_ascii=False), json.dumps(json.loads(out)), ""
    assert fits(written, out + err), out + err
    failing = "ink.yaml" in command or "999" in command
    assert code == (2 if "wrong" in command else 1 if failing and "dry-run" not in command else 0)


def test_there_are_examples_of_all_kinds():
    assert len(COMMANDS) == 9
    assert sorted(FILES) == ["commands.txt", "ink.yaml", "same.yaml", "wrong.yaml"]


def test_actions_that_are_called_the_same_are():
    found = parse_batch(FILES["same.yaml"].encode(), "same.yaml").actions
    assert len({action.in_batch() for action in found}) == 1
    assert len(found) == 4


@pytest.mark.parametrize("command", [batch, call])
def test_every_option_is_in_a_table(command):
    for name, parameter in inspect.signature(command).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            assert re.search(rf"^\| .*`--{name.replace('_', '-')}`", GUIDE, re.MULTILINE), name
