"""The hand-written pages: whatever they describe, they describe whole, and they lead nowhere that
is not there.
"""

from __future__ import annotations

import inspect
import json
import shlex
from functools import cached_property
from typing import TYPE_CHECKING

import click
import msgspec
import pytest

from fitglue_registry import Host, model
from fitglue_registry.cli.app import COMMANDS, LateLoader, root
from fitglue_registry.cli.context import CliContext
from fitglue_registry.model import activity
from fitglue_registry.registry import entry, http
from fitglue_registry.sync import events
from tests.docs.pages import CHECKOUT, DOCS, README, blocks, local_links, prose

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = (
    "index.md",
    "athlete.md",
    "plugin-author.md",
    "embedding.md",
    "data-model.md",
    "backup.md",
    "architecture.md",
    "glossary.md",
    "reference/index.md",
)
PAGES = [
    README,
    CHECKOUT / "CONTRIBUTING.md",
    CHECKOUT / "CHANGELOG.md",
    CHECKOUT / "changelog.d" / "README.md",
    *(DOCS / name for name in WRITTEN),
]
#: Filled in by the reader of a registry, and never written.
NOT_WRITTEN = {"file", "origin"}
SECTIONS = {
    entry.Entry: "An entry",
    entry.Plugin: "`plugin`",
    entry.Link: "A link of `docs` or `related`",
    entry.Clean: "A step of `clean`",
    entry.Field: "A field of `credentials` or `settings`",
    entry.Closed: "`closed`",
    entry.Alternative: "An alternative of `closed.alternatives`",
    http.Http: "`http`",
    http.Auth: "`http.auth`",
    http.Budget: "A budget of `http.budget`",
    http.Timeouts: "`http.timeouts`",
    entry.EntryPart: "A part of `parts`",
    entry.Sync: "`sync`",
    entry.Delay: "`sync.delay`",
    entry.Capabilities: "`capabilities`",
    entry.Datum: "A line of `data`",
    entry.Terms: "`terms`",
    entry.Issue: "An issue of `issues`",
    entry.Correction: "A line of `claims_corrected`",
}


def page_name(page: Path) -> str:
    """The path of a page in the checkout."""
    return page.relative_to(CHECKOUT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page):
    """Every link to another file of the checkout leads to one."""
    assert [link for link in local_links(page) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_printed_commands_are_understood(page):
    """Every command that a page prints has the name, the options and the number of arguments that
    the command takes.
    """
    printed = [
        command
        for block in blocks(page)
        for command in block.commands
        if command.split()[0] == "fitglue"
    ]
    assert [command for command in printed if (problem := _problem(command)) or problem] == []


def test_every_command_is_on_the_athletes_page_or_the_authors():
    """No command of the top level is left out."""
    text = prose(DOCS / "athlete.md") + prose(DOCS / "plugin-author.md")
    assert [name for name in COMMANDS if f"fitglue {name}" not in text] == []


def test_every_struct_of_an_entry_has_its_table():
    """A mapping that is added to the entry gets a table in the reference."""
    structs = {
        one
        for _, one in inspect.getmembers(entry, inspect.isclass)
        if issubclass(one, msgspec.Struct)
    }
    assert structs - set(SECTIONS) == {msgspec.Struct, entry.Tier}  # a tier stands in tiers.yaml


@pytest.mark.parametrize("struct", SECTIONS, ids=lambda struct: struct.__name__)
def test_every_field_of_an_entry_is_in_the_reference(struct):
    """Each field stands in its table, with its default where that is a plain value."""
    _, _, section = prose(DOCS / "plugin-author.md").partition(f"#### {SECTIONS[struct]}\n")
    rows = section.partition("\n#### ")[0]
    fields = [
        field
        for field in msgspec.structs.fields(struct)
        if not (struct is entry.Entry and field.name in NOT_WRITTEN)
    ]
    assert [start for field in fields if (start := _row(field)) not in rows] == []


@pytest.mark.parametrize("struct", [activity.SourceActivity], ids=lambda struct: struct.__name__)
def test_every_field_of_a_source_activity_is_described(struct):
    """The model's page has each field of it."""
    text = prose(DOCS / "data-model.md")
    assert [name for name in struct.__struct_fields__ if f"`{name}`" not in text] == []


def test_every_stream_has_its_unit():
    """The model's page has each stream beside its unit."""
    rows = [line for line in prose(DOCS / "data-model.md").splitlines() if line.startswith("| `")]
    assert [
        kind
        for kind, unit in model.STREAM_UNITS.items()
        if not any(f"`{kind}`" in row and unit in row for row in rows)
    ] == []


def test_every_event_is_described():
    """The embedder's page has each event class with each of its fields."""
    classes = [
        one
        for _, one in inspect.getmembers(events, inspect.isclass)
        if issubclass(one, events.Event)
    ]
    text = prose(DOCS / "embedding.md").partition("## Events")[2]
    assert [one.__name__ for one in classes if f"| `{one.__name__}` |" not in text] == []
    assert {
        name for one in classes for name in one.__dataclass_fields__ if f"`{name}`" not in text
    } == set()


def not_described(described: type) -> list[str]:
    """The public methods of a class that are not on the embedder's page with their arguments."""
    text = prose(DOCS / "embedding.md")
    missing = []
    for name, method in inspect.getmembers(described, inspect.isfunction):
        arguments = list(inspect.signature(method).parameters)[1:]
        call = f"`{name}({', '.join(arguments)})`"
        if not name.startswith("_") and call not in text:
            missing.append(call)
    return missing


def test_every_method_of_the_host_is_described():
    """The embedder's page has each public method and attribute of ``Host``."""
    text = prose(DOCS / "embedding.md")
    properties = [name for name, member in vars(Host).items() if isinstance(member, property)]
    assert not_described(Host) == []
    assert [name for name in properties if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    "name", [name for name, member in vars(Host).items() if isinstance(member, cached_property)]
)
def test_every_method_of_a_service_is_described(name):
    """The embedder's page has each service of ``Host`` with all of its methods."""
    with Host() as host:
        service = type(getattr(host, name))
    assert f"`host.{name}`" in prose(DOCS / "embedding.md")
    assert not_described(service) == []


def test_every_argument_of_the_host_is_described():
    """The embedder's page has a row for each argument of the constructor."""
    names = [name for name in inspect.signature(Host).parameters if name != "self"]
    assert [name for name in names if f"| `{name}` |" not in prose(DOCS / "embedding.md")] == []


def _row(field: msgspec.structs.FieldInfo) -> str:
    """How the row of a field begins; a default that is no plain value is said in words."""
    default = "required" if field.required else field.default
    plain = isinstance(default, bool | int | float | str) and default not in ("", "required")
    shown = "required |" if default == "required" else f"`{json.dumps(default)}` |" if plain else ""
    return f"| `{field.encode_name}` | {shown}"


def _problem(command: str) -> str | None:
    """What click says against a command line, up to where it would be run."""
    words = shlex.split(command, comments=True)[1:]
    words = words[
        : next((number for number, word in enumerate(words) if word in (">", "<", "|")), None)
    ]
    context, node = click.Context(root, obj=CliContext(LateLoader())), root
    while (
        isinstance(node, click.Group) and words and (found := node.get_command(context, words[0]))
    ):
        node, words = found, words[1:]
    try:
        node.make_context("fitglue", words, parent=context)
    except click.ClickException as error:
        return error.format_message()
    return None
