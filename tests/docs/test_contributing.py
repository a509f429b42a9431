"""Tests what contributors use: the commands, pre-commit, the pages and the issue forms."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from tests.docs.pages import CHECKOUT, DOCS, blocks, prose

CONTRIBUTING = CHECKOUT / "CONTRIBUTING.md"
ARCHITECTURE = DOCS / "architecture.md"
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
FORMS = sorted((CHECKOUT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def lints() -> list[str]:
    """Return the targets that `make lint` consists of."""
    [line] = re.findall(r"^LINTS := (.*)$", MAKEFILE, re.MULTILINE)
    return line.split()


def rooms() -> list[str]:
    """Return the rooms of the host from the top layer down, as import-linter checks them."""
    [layers] = [
        contract["layers"]
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    return [room.strip() for layer in layers for room in layer.split("|")]


def picture(page) -> str:
    """Return the picture of the rooms on a page."""
    [block] = [block for block in blocks(page) if "a room imports only from" in block.text]
    return block.text


def test_each_hook_is_one_check_of_make_lint():
    """The hooks of pre-commit call exactly the targets of `make lint`, in the same order."""
    [repository] = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text("utf-8"))[
        "repos"
    ]
    entries = {hook["id"]: hook["entry"] for hook in repository["hooks"]}
    assert entries == {name: f"make --no-print-directory {name}" for name in lints()}
    assert list(entries) == lints()


def test_make_lint_is_nothing_but_its_checks():
    """The target `lint` has no recipe, and each of its checks has a rule."""
    assert re.search(r"^lint: \$\(LINTS\) ## .*\n\n?(?!\t)", MAKEFILE, re.MULTILINE)
    assert [name for name in lints() if f"\n{name}: setup\n\t@" not in MAKEFILE] == []


def test_every_command_of_make_is_described():
    """CONTRIBUTING has a row for each target that `make help` lists."""
    targets = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
    described = re.findall(r"`make ([a-z-]+)`", prose(CONTRIBUTING))
    assert set(targets) - set(described) == {"help"}


@pytest.mark.parametrize("page", [CONTRIBUTING, ARCHITECTURE], ids=lambda page: page.name)
def test_the_picture_has_every_room(page):
    """The picture has every room of import-linter, in an order that the layers allow."""
    drawn = re.findall(r"[│┼].{4}(\w+)(?:/|\.py) ", picture(page))
    assert set(drawn) == set(rooms())
    assert drawn == sorted(drawn, key=rooms().index)


def test_both_pictures_are_the_same():
    """CONTRIBUTING and the page about the architecture have the same picture of the rooms."""
    assert picture(CONTRIBUTING) == picture(ARCHITECTURE)


def test_every_place_of_a_change_exists():
    """Every path in the table "to change X, go to Y" exists in the checkout."""
    table = prose(ARCHITECTURE).partition("| to change |")[2].partition("\n## ")[0]
    paths = [path for path in re.findall(r"`([^`\s]+)`", table) if "/" in path]
    assert table.count("\n") > 25
    assert len(paths) > 60
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_forms_for_issues_are_complete(form):
    """Each form has a name and a description, and its questions have ids of their own."""
    content = yaml.safe_load(form.read_text(encoding="utf-8"))
    if form.name == "config.yml":
        assert content == {"blank_issues_enabled": True}
        return
    questions = [item for item in content["body"] if item["type"] != "markdown"]
    ids = [item["id"] for item in questions]
    assert content["name"]
    assert content["description"]
    assert len(ids) == len(set(ids)) > 0
    assert all(item["attributes"]["label"] for item in questions)


def test_the_glossary_is_linked():
    """README, CONTRIBUTING and the index of the pages lead to the glossary."""
    pages = {CHECKOUT / "README.md": "docs/", CONTRIBUTING: "docs/", DOCS / "index.md": ""}
    assert [
        page.name for page, folder in pages.items() if f"({folder}glossary.md)" not in prose(page)
    ] == []


def test_the_glossary_defines_each_word_in_one_sentence():
    """The words of the glossary are sorted, and each meaning is one sentence."""
    rows = re.findall(r"^\| ([a-z ]+) \| (.+) \|$", prose(DOCS / "glossary.md"), re.MULTILINE)
    words = [word for word, _ in rows if word != "word"]
    meanings = [meaning for word, meaning in rows if word != "word"]
    assert len(words) > 20
    assert words == sorted(set(words))
    assert [text for text in meanings if not re.fullmatch(r"[A-Z][^.]*\.", text)] == []
