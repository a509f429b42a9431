"""Tests that the hand-written pages are complete, and that their links and commands work."""

from __future__ import annotations

import inspect
import json
import shlex
from functools import cached_property
from typing import TYPE_CHECKING

import click
import msgspec
import pytest

from fitglue_registry import Host, Policy, model
from fitglue_registry.cli.app import COMMANDS, LateLoader, root
from fitglue_registry.cli.context import CliContext
from fitglue_registry.model import activity
from fitglue_registry.registry import auth, entry, http
from fitglue_registry.sync import events
from tests.docs.pages import CHECKOUT, DOCS, README, blocks, local_links, prose

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = (
    "index.md",
    "athlete.md",
    "pipelines.md",
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
#: Fields of an entry that the registry fills in; they are never written in YAML.
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
    auth.Auth: "`http.auth`",
    auth.TokenExchange: "`http.auth.exchange`",
    auth.OAuth2: "`http.auth.oauth2`",
    auth.Scope: "A scope of `http.auth.oauth2.scopes`",
    http.Budget: "A budget of `http.budget`",
    http.Timeouts: "`http.timeouts`",
    entry.EntryPart: "A part of `parts`",
    entry.Sync: "`sync`",
    entry.Delay: "`sync.delay`",
    entry.Given: "A value of `gives`",
    entry.DeliveryTerms: "`delivery`",
    entry.Capabilities: "`capabilities`",
    entry.Datum: "A line of `data`",
    entry.Terms: "`terms`",
    entry.Issue: "An issue of `issues`",
    entry.Correction: "A line of `claims_corrected`",
}


def page_name(page: Path) -> str:
    """Return the path of a page in the checkout."""
    return page.relative_to(CHECKOUT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page):
    """Every link to another file of the checkout leads to an existing file."""
    assert [link for link in local_links(page) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_printed_commands_are_understood(page):
    """Every command on a page has a name, options and arguments that `fitglue` accepts."""
    printed = [
        command
        for block in blocks(page)
        for command in block.commands
        if command.split()[0] == "fitglue"
    ]
    assert [command for command in printed if (problem := _problem(command)) or problem] == []


def test_every_command_is_on_the_athletes_page_or_the_authors():
    """Every top-level command is described on the page for athletes or for plugin authors."""
    text = prose(DOCS / "athlete.md") + prose(DOCS / "plugin-author.md")
    assert [name for name in COMMANDS if f"fitglue {name}" not in text] == []


def test_every_struct_of_an_entry_has_its_table():
    """Every mapping of an entry has a table in the reference."""
    structs = {
        member
        for _, member in inspect.getmembers(entry, inspect.isclass)
        if issubclass(member, msgspec.Struct)
    }
    assert structs - set(SECTIONS) == {msgspec.Struct, entry.Tier}  # tiers are in tiers.yaml


@pytest.mark.parametrize("struct", SECTIONS, ids=lambda struct: struct.__name__)
def test_every_field_of_an_entry_is_in_the_reference(struct):
    """Every field of an entry is in its table, with its default if that is a plain value."""
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
    """The page about the data model describes every field of a source activity."""
    text = prose(DOCS / "data-model.md")
    assert [name for name in struct.__struct_fields__ if f"`{name}`" not in text] == []


def test_every_stream_has_its_unit():
    """The page about the data model has every stream with its unit."""
    rows = [line for line in prose(DOCS / "data-model.md").splitlines() if line.startswith("| `")]
    assert [
        kind
        for kind, unit in model.STREAM_UNITS.items()
        if not any(f"`{kind}`" in row and unit in row for row in rows)
    ] == []


def test_every_event_is_described():
    """The embedder's page has each event class with each of its fields."""
    classes = [
        member
        for _, member in inspect.getmembers(events, inspect.isclass)
        if issubclass(member, events.Event)
    ]
    text = prose(DOCS / "embedding.md").partition("## Events")[2]
    assert [event.__name__ for event in classes if f"| `{event.__name__}` |" not in text] == []
    assert {
        name for event in classes for name in event.__dataclass_fields__ if f"`{name}`" not in text
    } == set()


def not_described(described: type) -> list[str]:
    """Return the public methods of a class that docs/embedding.md lacks, with their arguments."""
    text = prose(DOCS / "embedding.md")
    missing = []
    for name, method in inspect.getmembers(described, inspect.isfunction):
        arguments = list(inspect.signature(method).parameters)[1:]
        call = f"`{name}({', '.join(arguments)})`"
        if not name.startswith("_") and call not in text:
            missing.append(call)
    return missing


def test_every_method_of_the_host_is_described():
    """The page for embedders has every public method and attribute of ``Host``."""
    text = prose(DOCS / "embedding.md")
    properties = [name for name, member in vars(Host).items() if isinstance(member, property)]
    assert not_described(Host) == []
    assert [name for name in properties if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    "name", [name for name, member in vars(Host).items() if isinstance(member, cached_property)]
)
def test_every_method_of_a_service_is_described(name):
    """The page for embedders has every service of ``Host`` with all of its methods."""
    with Host(policy=Policy.personal()) as host:
        service = type(getattr(host, name))
    assert f"`host.{name}`" in prose(DOCS / "embedding.md")
    assert not_described(service) == []


def test_every_argument_of_the_host_is_described():
    """The page for embedders has a row for every argument of the constructor of ``Host``."""
    names = [name for name in inspect.signature(Host).parameters if name != "self"]
    assert [name for name in names if f"| `{name}` |" not in prose(DOCS / "embedding.md")] == []


def _row(field: msgspec.structs.FieldInfo) -> str:
    """Return how the row of a field begins; a default that is not a plain value is left out."""
    default = "required" if field.required else field.default
    plain = isinstance(default, bool | int | float | str) and default not in ("", "required")
    shown = "required |" if default == "required" else f"`{json.dumps(default)}` |" if plain else ""
    return f"| `{field.encode_name}` | {shown}"


def _problem(command: str) -> str | None:
    """Return why click refuses a command line, without running it, or None."""
    words = shlex.split(command, comments=True)[1:]
    words = words[
        : next((number for number, word in enumerate(words) if word in (">", "<", "|")), None)
    ]
    context, node = click.Context(root, obj=CliContext(LateLoader())), root
    while (
        isinstance(node, click.Group)
        and words
        and (subcommand := node.get_command(context, words[0]))
    ):
        node, words = subcommand, words[1:]
    try:
        node.make_context("fitglue", words, parent=context)
    except click.ClickException as error:
        return error.format_message()
    return None
