"""Tests that the API reference is complete, and that pages are rewritten for the site.

``make test-long`` builds the site itself.
"""

from __future__ import annotations

import re
from functools import cached_property
from importlib import import_module

import pytest

from fitglue_registry import Host, lists, model, services, testing
from fitglue_registry.services import events
from tests.docs.pages import CHECKOUT, DOCS, prose
from tools.docs_site import PAGES, indented_by_four, rewritten

REFERENCE = sorted((DOCS / "reference").glob("*.md"))


def named(*pages: str) -> list[str]:
    """Return the modules, classes and functions that pages of the reference name."""
    text = "\n".join(prose(DOCS / "reference" / f"{page}.md") for page in pages)
    return re.findall(r"^::: (\S+)$", text, re.MULTILINE)


@pytest.mark.parametrize("page", REFERENCE, ids=lambda page: page.name)
def test_the_reference_names_what_exists(page):
    """Every name on a page of the reference is a module or is exported by one."""
    for name in named(page.stem):
        module, _, member = name.rpartition(".")
        assert hasattr(import_module(module), member) or import_module(name)


def test_the_reference_has_every_service():
    """The page of services names every service of ``Host``."""
    attributes = [
        name for name, member in vars(Host).items() if isinstance(member, cached_property)
    ]
    with Host() as host:
        classes = {type(getattr(host, name)) for name in attributes}
    described = {
        getattr(services, name.removeprefix("fitglue_registry.services."))
        for name in named("services")
    }
    assert classes == described - {services.why}


@pytest.mark.parametrize(
    "module", [model, testing, events, lists], ids=lambda module: module.__name__
)
def test_the_reference_has_every_export(module):
    """The pages of the model, the testing library, the events and the lists name everything that
    these export.
    """
    page = module.__name__.rpartition(".")[2]
    assert set(named(page)) == {f"{module.__name__}.{name}" for name in module.__all__}


def test_the_reference_has_the_rooms_of_plugin_authors():
    """The reference describes the modules of hooks, of their values and of errors completely."""
    rooms = {f"fitglue_registry.{room}" for room in ("hookspecs", "plugin_api", "errors")}
    assert set(named("hookspecs", "plugin-api", "errors")) == rooms


@pytest.mark.parametrize(
    ("page", "written", "on_site"),
    [
        ("athlete.md", "[a](../README.md#more)", "[a](project/readme.md#more)"),
        ("project/readme.md", "[a](docs/athlete.md)", "[a](../athlete.md)"),
        ("project/readme.md", "[a](SECURITY.md)", "[a](security.md)"),
        ("reference/host.md", "[a](../errors.md)", "[a](../errors.md)"),
        ("athlete.md", "[a](backup.md#more)", "[a](backup.md#more)"),
        ("athlete.md", "[a](#more)", "[a](#more)"),
        ("athlete.md", "[a](https://intervals.icu)", "[a](https://intervals.icu)"),
        ("athlete.md", "[entry.json](../registry/schemas/entry.json)", "`entry.json`"),
        ("athlete.md", "```text\n[a](../README.md)\n```", "```text\n[a](../README.md)\n```"),
        ("athlete.md", "```console test=athlete\n$ a\n```", "```console\n$ a\n```"),
        ("athlete.md", "```yaml file=a/b.yaml\na: 1\n```", '```yaml title="a/b.yaml"\na: 1\n```'),
    ],
)
def test_links_lead_to_where_a_file_is_on_the_site(page, written, on_site):
    """A link to a page leads to that page on the site, a link to another file becomes its name, and
    the words that only tests read are removed from blocks.
    """
    assert rewritten(written, page) == on_site


def test_what_belongs_to_an_item_is_indented_by_four():
    """Paragraphs, tables, blocks and lists below an item are indented with it; the content of a
    block, and the text after the list, are not changed.
    """
    written = "1. a\n\n   | b |\n\n   - c\n     d\n\n   ```\n   - e\n     f\n   ```\n\n1. g\n\nh\n"
    first = "1. a\n\n    | b |\n\n    - c\n        d\n\n"
    assert indented_by_four(written) == f"{first}    ```\n    - e\n      f\n    ```\n\n1. g\n\nh\n"


def test_pages_from_elsewhere_exist():
    """The pages that the site takes from outside ``docs/`` exist."""
    assert [page for page in PAGES if not (CHECKOUT / page).is_file()] == []


def test_what_builds_the_site_is_pinned():
    """Every requirement of the site has a version, and no hash or URL."""
    lines = (DOCS / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wrong = [line for line in lines if not re.fullmatch(r"#.*|[\w.-]+==[\w.]+", line)]
    assert wrong == []
