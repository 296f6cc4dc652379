"""The guide to unified resources is true: its tables and its example."""

import json
import re
from pathlib import Path

import yaml

from fanfold.entries import Fetch
from fanfold.integrations.declaration import Declaration, Method
from fanfold.integrations.mappings import EXPRESSIONS, NOT_HERE, OBJECTS, OTHERS, TEXTS
from fanfold.integrations.metadata import complaints_about
from fanfold.integrations.models import shipped_models
from fanfold.integrations.unified import UnifiedMapper
from tests.integrations.stage import Jsonata, read_declaration

GUIDE = (Path(__file__).parents[2] / "docs" / "unified-api.md").read_text()


def named(names):
    return ", ".join(f"`{name}`" for name in names)


def rows():
    """The table of resources as it has to be."""
    mapper = UnifiedMapper(Jsonata())
    declarations = [read_declaration(name) for name in ("work", "demo")]
    for model in shipped_models().values():
        for name, resource in model.resources.items():
            at = "; ".join(
                f"{declaration.name}: {', '.join(methods)}"
                for declaration in declarations
                if (methods := mapper.methods(declaration, model.name, name))
            )
            title = f"`{model.name}/{name}`"
            yield f"| {title} | {named(resource.fields)} | {named(resource.filters)} | {at} |".replace("|  |", "| |")


def test_all_resources_are_listed_with_their_fields_filters_and_methods():
    assert [line for line in GUIDE.splitlines() if re.match(r"\| `\w+/", line)] == list(rows())


def test_all_fields_of_a_mapping_are_listed():
    cells = re.findall(r"^\| (`[^|]+`) \|", GUIDE.partition("## A mapping")[2], re.MULTILINE)
    told = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert told == {*EXPRESSIONS, *OBJECTS, *TEXTS, *OTHERS}
    assert all(f"`{name}`" in GUIDE for name in NOT_HERE)


async def test_the_example_is_true():
    written = yaml.safe_load(re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[1])
    query, answer, records = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)[1:4])
    people = {name: Method(path="/people") for name in ("list", "add")}
    declaration = Declaration(name="acme", base_url="https://acme.test", resources={"people": people}, **written)
    mapper, context = UnifiedMapper(Jsonata()), {"me": 7}
    assert complaints_about(mapper, declaration, Jsonata()) == []
    mapping = mapper.find(declaration, "crm", "contacts", "list")
    fetch = Fetch(query={"company_id": "c1"})
    resource, method, sent = await mapper.outgoing(mapping, fetch, context)
    assert (resource, method, sent.query) == ("people", "list", query)
    response = {"status": 200, "headers": (), "body": answer}
    assert await mapper.incoming(mapping, fetch, answer["records"], response, context, sent=sent) == records
