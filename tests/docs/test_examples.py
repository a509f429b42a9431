"""The examples on the pages for plugin authors work as they are printed: an author copies each into
a file.
"""

from __future__ import annotations

import builtins
import dis
import functools
import json
import re
import tomllib
import types
from datetime import UTC, date, datetime

import pytest

import fitglue_registry
from fitglue_registry import Host, hookimpl, model, plugin_api
from fitglue_registry.plugin_api import Account, Listing, Part, Unavailable, Window
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.registry.check import check
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.testing import FakeConnection, FakeHttp
from tests.docs.pages import DOCS, blocks, prose
from tests.faults.plugins.sources import Point

AUTHORS = DOCS / "plugin-author.md"
BLOCKS = [*blocks(AUTHORS), *blocks(DOCS / "hooks.md")]
PYTHON = [block.text for block in BLOCKS if block.language == "python"]
YAML = [block.text for block in BLOCKS if block.language == "yaml"]
INTEGRATION = """\
schema: 1
kind: integration
id: example
name: Example
summary: An example.
plugin: fitglue-example
tier: hobbyist
hooks: [fitglue_connect]
"""
SOURCE = INTEGRATION.replace("kind: integration", "kind: source") + (
    "dependencies: [integration/example]\n"
)
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`+([^`]+)`+")


def first_line(text):
    """Return what tells an example from the others, for the name of a test."""
    return text.strip().splitlines()[-1].strip()[:40]


def registry_of(folder, block):
    """Write a registry with an integration that has a block of the page, and its source."""
    for kind, text in (("integrations", INTEGRATION + block), ("sources", SOURCE)):
        (folder / kind).mkdir(parents=True)
        (folder / kind / "example.yaml").write_text(text)
    (folder / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    return folder


def defined(text):
    """Run an example as a module, and return what it defines."""
    module = types.ModuleType("example")
    exec(compile(text, "example", "exec"), vars(module))
    return vars(module)


def example(word):
    """Return the only example with a word, run as a module."""
    [text] = [text for text in PYTHON if word in text]
    return defined(text)


def names_used(code):
    """Return the global names that a module uses, also inside its functions."""
    used = set()
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            used.add(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            used |= names_used(inner)
    return used


# -- every example ---------------------------------------------------------------------------------


@pytest.mark.parametrize("block", YAML, ids=first_line)
def test_every_piece_of_an_entry_is_valid(tmp_path, block):
    """Each piece makes a valid entry, together with the fields that every entry has."""
    report = check(registry_of(tmp_path / "registry", block), other_folders=[])
    assert [str(error) for error in report.errors] == []


def inline(pattern):
    """Return the pieces inside of sentences that match a pattern, each once."""
    text = "\n".join(prose(DOCS / name) for name in ("plugin-author.md", "hooks.md"))
    found = [" ".join(piece.split()) for piece in _INLINE.findall(_FENCE.sub("", text))]
    return sorted({piece for piece in found if re.fullmatch(pattern, piece)})


KEY_HTTP = """\
credentials:
  - {name: api_key, secret: true}
http:
  base_url: https://api.example.org
"""
#: Key → what precedes it in the entry of an integration; the others are keys of a source.
BEFORE = {"settings": "", "auth": KEY_HTTP + "  "}


@pytest.mark.parametrize("piece", inline(r"[a-z_]+: [\[{].*"))
def test_every_piece_of_an_entry_in_a_sentence_is_valid(tmp_path, piece):
    """A key of an entry that a sentence has, with its mapping or list, is valid, too."""
    before = BEFORE.get(piece.partition(":")[0])
    is_of_source = before is None
    registry = registry_of(tmp_path / "registry", "" if is_of_source else f"{before}{piece}\n")
    if is_of_source:
        # A source of files needs another hook.
        source = SOURCE.replace("[fitglue_connect]", "[fitglue_connect, fitglue_read]")
        (registry / "sources" / "example.yaml").write_text(f"{source}{piece}\n")
    report = check(registry, other_folders=[])
    assert [str(error) for error in report.errors] == []


def test_the_pieces_in_sentences_were_found():
    """There are such pieces for the settings, for the authentication, and for the sync."""
    assert {piece.partition(":")[0] for piece in inline(r"[a-z_]+: [\[{].*")} == {"sync", *BEFORE}


@pytest.mark.parametrize("expression", inline(r"By[A-Z]\w+\([^:]*\)"))
def test_every_style_of_paging_in_a_sentence_can_be_made(expression):
    """The page for authors gives the styles with arguments that they have."""
    assert eval(expression, dict(vars(plugin_api)))


@pytest.mark.parametrize("text", PYTHON, ids=first_line)
def test_every_piece_of_python_is_complete(text):
    """Each piece can be imported, and imports or defines every name that it uses."""
    known = vars(builtins).keys() | defined(text).keys()
    assert names_used(compile(text, "example", "exec")) - known == set()


def test_the_entry_points_are_toml():
    """The entry points on both pages can be copied to pyproject.toml, and are the same."""
    first, second = [
        tomllib.loads(block.text)
        for block in BLOCKS
        if block.language in ("", "toml") and "entry-points" in block.text
    ]
    assert first == second


def examples_of_hooks():
    """Return the values that the page of hooks gives as examples."""
    text = prose(DOCS / "hooks.md").partition("## The values")[0]
    found = []
    for after in re.split(r"Examples?:", text)[1:]:
        paragraph = after.partition("\n\n")[0].replace("\n", " ")
        found += [re.sub(r"  +", " ", inline) for inline in _INLINE.findall(paragraph)]
    return found


@pytest.mark.parametrize("expression", examples_of_hooks(), ids=first_line)
def test_every_value_on_the_page_of_hooks_can_be_made(expression):
    """Each example of a value that a hook returns is an expression of Python."""
    answer = FakeHttp({"x": b"{}"}).get("x")
    known = {"answer": answer, "path": "/tmp/x", "datetime": datetime, "UTC": UTC}
    assert eval(expression, {**vars(plugin_api), **vars(model), **known})


def test_the_examples_of_values_were_found():
    """The page of hooks has an example for each hook but the one of files."""
    assert len(examples_of_hooks()) == 9


# -- what the examples do --------------------------------------------------------------------------


def test_the_example_of_requests_sends_them(tmp_path):
    """Each request of the example is accepted, with a file that is given as a path."""
    path = tmp_path / "ride.fit"
    path.write_bytes(b"FIT")
    answers = {"PATCH activities/7": {}, "POST search": {}, "POST uploads": {}}
    http = FakeHttp(answers | {"activities": [], "PUT files/ride.fit": {}})
    assert example("def requests")["requests"](FakeConnection(http), path) == b"[]"
    assert [method for method, _, _ in http.sent] == ["PATCH", "POST", "POST", "PUT"]


def test_the_example_of_a_list_yields_its_rows():
    """The example lists a window whose rows come in two pages."""

    def page(params):
        number = int(params["page"])
        row = {"id": number, "date": f"2026-05-0{number}"}
        return {"data": [row], "meta": {"pagination": {"total_pages": 2}}}

    connection = FakeConnection(FakeHttp({"api/results": page}))
    list_ = example("ByPage(")["fitglue_list"]
    rows = list(list_(connection, Window(date(2026, 5, 1), date(2026, 5, 31))))
    assert [row.external_id for row in rows] == ["1", "2"]
    assert rows[0].start_local == datetime(2026, 5, 1)  # noqa: DTZ001 - a local time


def test_the_example_of_a_deletion_is_a_row_that_is_gone():
    """The example makes a row of a deleted record, with the part that the host expects."""
    row = example("def deleted_row")["deleted_row"]("i7", b"{}")
    assert row == Listing("i7", b"{}", unavailable=row.unavailable)
    assert isinstance(row.unavailable, Unavailable)
    assert (row.unavailable.state, row.unavailable.part) == ("gone", "summary")


def test_the_example_of_a_row_that_has_an_address_downloads_it():
    """The example takes the address of a file from the summary."""
    http = FakeHttp({"https://files.example.org/7": b"FIT"})
    summaries = {"7": json.dumps({"file": {"url": "https://files.example.org/7"}}).encode()}
    fetch = example("summaries[external_id]")["fitglue_fetch"]
    [part] = fetch(FakeConnection(http), "file", ["7"], summaries)
    assert (part.external_id, part.part, part.decoded) == ("7", "file", b"FIT")


@pytest.mark.parametrize(
    ("part", "names"), [("detail", ["streams", "detail"]), ("streams", ["streams"])]
)
def test_the_example_of_several_parts_yields_the_others_first(part, names):
    """The part that was asked for comes last."""
    http = FakeHttp({"activities/7": {"samples": [1, 2]}})
    parts = list(example('"samples"')["fitglue_fetch"](FakeConnection(http), part, ["7"]))
    assert [found.part for found in parts] == names
    assert all(isinstance(found, Part) for found in parts)


def test_the_example_of_stand_ins_connects(tmp_path, monkeypatch):
    """The example connects to the stand-in of an entry that declares neither a base_url among its
    settings nor anything else that the page does not have.
    """

    def fitglue_connect(connection):
        return Account(str(connection.http.get("me").json()["id"]))

    plugin = types.ModuleType("example")
    plugin.FITGLUE_HOOK_API = 1
    plugin.fitglue_connect = hookimpl(fitglue_connect)
    [block] = [block for block in YAML if "example-cdn.com" in block]
    key = "credentials:\n  - {name: api_key, secret: true}\n"
    auth = "  auth: {scheme: bearer, secret: api_key}\n"
    registry = registry_of(tmp_path / "registry", key + block + auth)
    parts = {
        "plugins": Plugins([Point("fitglue-example", plugin)], time_limit_s=20),
        "folders": [Folder(registry)],
        "secrets": MemorySecretStore(),
    }
    monkeypatch.setattr(fitglue_registry, "Host", functools.partial(Host, **parts), raising=False)
    example("stand_ins=")["test_the_storage_is_played_by_a_stand_in"](tmp_path / "home")


def test_the_example_of_a_service_runs():
    """The example of a simulated service starts it and stops it again."""
    assert example("Fault.status(503)")["service"].requests == []
