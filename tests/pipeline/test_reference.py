"""The page about pipelines is made from the schema, and what it shows can be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fitglue_registry.pipeline.reading import read_mapping, read_pipeline
from fitglue_registry.registry.schemas import validator

SCHEMA = validator("pipeline").schema
PAGE = (Path(__file__).parents[2] / "docs" / "pipelines-reference.md").read_text(encoding="utf-8")
#: Definition → the document of which one of its keys is a part.
OBJECTS = {
    "booster": lambda part: {"boosters": [{"use": "b", **part}]},
    "destination": lambda part: {"destinations": [{"to": "d", **part}]},
    "privacy": lambda part: {"privacy": part},
    "condition": lambda part: {"filter": part},
}


def examples():
    """Yield each example of the schema as a part of a pipeline."""
    for key, node in SCHEMA["properties"].items():
        for example in node.get("examples", ()):
            yield {key: example}
    for name, around in OBJECTS.items():
        for key, node in SCHEMA["$defs"][name]["properties"].items():
            for example in node["examples"]:
                yield around({key: example})


@pytest.mark.parametrize("part", list(examples()), ids=str)
def test_each_example_of_the_schema_is_valid(part):
    """Whoever copies an example of one key gets a pipeline without errors."""
    document = {"schema": 1, "name": "p", "destinations": [{"to": "d"}], **part}
    assert read_mapping(document).errors == []


def test_the_example_of_the_page_is_valid():
    """The pipeline at the top of the page is read without errors, in the text that is shown."""
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert read_pipeline(example).errors == []


@pytest.mark.parametrize("name", [None, *OBJECTS, "zone"])
def test_each_key_has_a_row_with_a_meaning_and_an_example(name):
    """The page has a row for each key of the schema, and no cell of it is empty."""
    node = SCHEMA if name is None else SCHEMA["$defs"][name]
    for key in node["properties"]:
        rows = re.findall(rf"^\| `{key}` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
        assert any(all(cell.strip() for cell in row) for row in rows), key


def test_each_example_of_a_condition_can_be_typed():
    """What the page shows as an example of a condition is read as it is shown, without quotes."""
    _, _, section = PAGE.partition("## Conditions of a filter")
    conditions = re.findall(r"^\| `\w+` \| .* \| `(.+)` \|$", section.partition("\n## ")[0], re.M)
    assert len(conditions) == len(SCHEMA["$defs"]["condition"]["properties"])
    for condition in conditions:
        text = f"schema: 1\nname: p\ndestinations: [{{to: d}}]\nfilter: {{{condition}}}\n"
        assert read_pipeline(text).errors == [], condition
