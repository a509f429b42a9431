"""Writes ``docs/pipelines-reference.md``: every key of a pipeline, from its JSON Schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from fitglue_registry.model import SPORTS
from fitglue_registry.pipeline.left_out import CONTENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = Path(__file__).resolve().parents[1] / "registry" / "schemas" / "pipeline.json"
EXAMPLE = """\
schema: 1
name: everything
sources: [garmin, intervals]
filter:
  all:
    - sport: [Ride, Run]
    - not: {indoor: true}
    - distance_km: {min: 5}
    - any: [{weekday: [saturday, sunday]}, {time_of_day: {from: 16:00, until: 22:00}}]
wait: 20m
boosters:
  - {use: training-load, settings: {sex: male}}
destinations:
  - {to: intervals, name: icu, connection: intervals-2}
  - {to: folder, name: disk, settings: {path: ~/Workouts, format: fit}}
privacy:
  zones: [{latitude: 47.1, longitude: 8.5, radius_m: 500, hide: ends}]
  leave_out: [heartrate, notes]
delete_there: false
"""
#: Heading → the definition of the schema with the keys, and what is said about them.
SECTIONS = {
    "The pipeline": (
        (),
        "",
    ),
    "A booster": (
        ("$defs", "booster"),
        "Each item of `boosters` has these keys.",
    ),
    "A destination": (
        ("$defs", "destination"),
        "Each item of `destinations` has these keys.",
    ),
    "Privacy": (
        ("$defs", "privacy"),
        (
            "Titles, descriptions and other texts stay as they are, also where they name a "
            "place; `leave_out` removes them. Distances and times stay. A pipeline with "
            "privacy rules never sends the original file of a workout, because it contains "
            "what the rules remove. From the distance and the visible rest of a track, the "
            "length of the hidden part follows, so a zone is safer if its center is not "
            "exactly at your door."
        ),
    ),
    "A privacy zone": (
        ("$defs", "zone"),
        (
            "Each item of `zones` has these keys. No position within the circle leaves, and "
            "no two neighboring positions between which the straight way leads through it. "
            "The place of the workout, and its links and ids at other services, are removed "
            "from a workout that enters the circle."
        ),
    ),
    "Conditions of a filter": (
        ("$defs", "condition"),
        (
            "The key `filter` has a condition, and so has each item of `all` and `any`. A "
            "condition is met, not met, or unknown: a workout without a distance is neither "
            "short nor long, so `distance_km` is unknown, and so is its opposite under `not`. "
            "Unknown can be a number, the time of day, the day, the place of the start, and a "
            "missing sport. A workout without a title, tag, gear, device or mark does not "
            "have the one that is asked for. A workout is taken only if the filter is met, "
            "and `fitglue why` gives the reason."
        ),
    ),
}
NOUNS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "object": "a mapping",
}


def pipelines_page() -> Iterator[str]:
    """Yield the lines of the page."""
    schema = json.loads(SCHEMA.read_text())
    yield from (
        "# Pipelines, key by key",
        "",
        "<!-- Made by tools/generate.py from registry/schemas/pipeline.json: change that. -->",
        "",
        (
            "A pipeline is a document in YAML or JSON: sources → filter → boosters → destinations. "
            "Dates and times need no quotes. A mistake is reported with its line and column."
        ),
        "",
        "```yaml",
        *EXAMPLE.splitlines(),
        "```",
    )
    for heading, (path, text) in SECTIONS.items():
        node = schema
        for step in path:
            node = node[step]
        yield from ("", f"## {heading}", "", *([text, ""] if text else []))
        yield from table(node, schema)
    yield from words(schema)
    yield from left_out()
    yield from sports()


def table(node: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """Yield a row for each key of a mapping."""
    yield "| Key | Takes | Meaning | Example |"
    yield "|---|---|---|---|"
    for key, value in node["properties"].items():
        needed = " **Required.**" if key in node.get("required", ()) else ""
        examples = value.get("examples") or resolved(value, schema).get("examples") or []
        cells = (
            f"`{key}`",
            SPECIAL.get(key) or takes(value, schema),
            description(value, schema) + needed,
            f"`{flow({key: examples[0]})}`" if examples else "",
        )
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a node with what it refers to; its own keys win."""
    if "$ref" not in node:
        return node
    name = node["$ref"].removeprefix("#/$defs/")
    return resolved(schema["$defs"][name], schema) | node


def description(node: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return what a key means."""
    text = resolved(node, schema).get("description", "")
    return str(text)


def takes(node: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return what can be written as a value, in words."""
    name = node.get("$ref", "").removeprefix("#/$defs/")
    if name in LINKS:
        return LINKS[name]
    node = resolved(node, schema)
    if "enum" in node:
        return "one of " + ", ".join(f"`{value}`" for value in node["enum"])
    if "anyOf" in node:
        # One value, or a list of such values.
        single, _ = node["anyOf"]
        return f"{takes(single, schema)}, or a list of them"
    if node["type"] == "array":
        return f"a list: {takes(node['items'], schema)}"
    if node["type"] == "object" and "properties" in node:
        return "a mapping of " + ", ".join(f"`{key}`" for key in node["properties"])
    return NOUNS[node["type"]] + limits(node)


#: Key → what it takes, where the schema is less clear.
SPECIAL = {
    "wait": "a duration such as `90s`, `20m`, `6h` or `1d`",
    "sport": "a [sport or family](#sports), or a list of them",
}
#: Name of a definition → what it is called, with a link to its section.
LINKS = {
    "booster": "[a booster](#a-booster)",
    "destination": "[a destination](#a-destination)",
    "privacy": "[rules](#privacy)",
    "zone": "[a privacy zone](#a-privacy-zone)",
    "condition": "[a condition](#conditions-of-a-filter)",
    "conditions": "a list of [conditions](#conditions-of-a-filter)",
    "words": "[words](#words)",
    "texts": "text, or a list of texts",
    "settings": "a mapping of name to value",
    "name": "lower-case letters, digits and hyphens, at most 40",
    "connection": "the name of a connection",
    "entry": "an id of the registry",
    "clock": "a time such as `06:30`",
    "day": "a day such as `2026-01-31`",
}


def limits(node: dict[str, Any]) -> str:
    """Return the limits of a number, or nothing."""
    if "minimum" in node and "maximum" in node:
        return f" from {node['minimum']} to {node['maximum']}"
    if "maximum" in node:
        return f" up to {node['maximum']}"
    if node.get("minimum") == 1:
        return " from 1"
    return ""


def flow(value: dict[str, Any]) -> str:
    """Return a key and its value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1_000)
    # Dates and times need no quotes in a pipeline.
    text = re.sub(r"'([0-9:-]+)'", r"\1", text)
    return text.strip().removeprefix("{").removesuffix("}")


def words(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the section about the ways to compare texts."""
    yield from ("", "## Words", "", schema["$defs"]["words"]["description"], "")
    yield "| Written | Meaning |"
    yield "|---|---|"
    for written, meaning in (
        ("title: lunch", "the title contains *lunch*"),
        ("title: [lunch, dinner]", "it contains *lunch* or *dinner*"),
        ("title: {is: Lunch ride}", "it is *Lunch ride*"),
        ('title: {pattern: "Zwift - *"}', "it begins with *Zwift -* and a space"),
    ):
        yield f"| `{written}` | {meaning} |"


def left_out() -> Iterator[str]:
    """Yield the section about what goes with each name of ``leave_out``."""
    yield from ("", "## What is left out with a name of `leave_out`", "")
    yield (
        "Streams and values of unknown meaning (metrics and extensions) are left out with anything "
        "that is measured, because nobody knows what they were computed from."
    )
    yield from ("", "| Name | Fields | Streams | Of each lap |", "|---|---|---|---|")
    for name, content in CONTENTS.items():
        fields = list(content.fields) + list(content.zones)
        if content.load:
            fields.append(f"training loads computed by {content.load}")
        cells = (f"`{name}`", *map(", ".join, (fields, content.streams, content.laps)))
        yield f"| {' | '.join(cells)} |"


def sports() -> Iterator[str]:
    """Yield the section with all sports and their families."""
    yield from ("", "## Sports", "", "| Family | Sports |", "|---|---|")
    families: dict[str, list[str]] = {}
    for sport, family in SPORTS.items():
        families.setdefault(family, []).append(f"`{sport}`")
    for family, members in families.items():
        yield f"| `{family}` | {', '.join(members)} |"
