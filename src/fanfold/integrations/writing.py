"""Values as YAML that people like to read and compare: in a fixed order, a line for each thing, quotes where needed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fanfold.errors import SetupError
from fanfold.integrations.notations import plain

_WIDTH = 110


def as_yaml(value: Any, comments: Iterable[str] = ()) -> str:
    """A value of decoded JSON as YAML, in the order it is in; ``comments`` stand before it."""
    try:
        import yaml  # noqa: PLC0415 - only where something is to be written
    except ModuleNotFoundError:
        raise SetupError("Writing YAML needs PyYAML: pip install 'fanfold[server]'.") from None

    class Writer(yaml.SafeDumper):
        """Quotes what another reader could take for something else, and repeats what comes twice."""

        def ignore_aliases(self, _data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002
            return super().increase_indent(flow, indentless=False)

    def represent(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        if not text.replace("\n", "").isprintable():
            style: str | None = '"'
        else:
            style = "|" if "\n" in text else "'" if plain(text) != text else None
        return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Writer.add_representer(str, represent)
    written = yaml.dump(
        value, Dumper=Writer, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False
    )
    head = "".join(f"# {line}\n" for comment in comments for line in comment.splitlines())
    return f"{head}\n{written}" if head else str(written)
