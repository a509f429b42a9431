"""What pages say about the sources: which can be connected, and how long a first sync takes."""

from __future__ import annotations

import re

import pytest

from fitglue_registry import Host, Policy
from tests.docs.pages import CHECKOUT, DOCS, README, prose

FRAGMENTS = sorted((CHECKOUT / "changelog.d").glob("*.md"))
PAGES = [
    README,
    *sorted(DOCS.rglob("*.md")),
    *sorted((CHECKOUT / "plugins").glob("*/README.md")),
    *FRAGMENTS,
]
_ALTERNATIVES = re.compile(r"(?:`[^`]*`(?:, | and |, and )?)+ lists? (?:the |other )?alternatives")


@pytest.fixture(scope="module")
def integrations():
    """Return all integrations of the registry."""
    with Host(policy=Policy.personal()) as host:
        return host.entries.list("integration")


def limitations():
    """Return the limitations of the README, one a line."""
    section = prose(README).partition("## Limitations\n")[2].partition("\n## ")[0]
    return [" ".join(item.split()) for item in section.split("\n- ")]


def test_the_readme_says_from_which_services_only_archives_can_be_imported(integrations):
    """They are those that cannot be connected, and no others."""
    [limitation] = [line for line in limitations() if "only archives can be imported" in line]
    services = limitation.partition(", only archives")[0]
    only_archives = {entry.name for entry in integrations if entry.name in services}
    assert only_archives == {entry.name for entry in integrations if entry.closed}
    assert "Garmin" not in services


def test_the_readme_names_each_source_with_an_account(integrations):
    """Its limitations and its first paragraphs name each service that can be connected."""
    [limitation] = [line for line in limitations() if line.startswith("There are no sources")]
    beginning = prose(README).partition("## ")[0]
    # An entry without an address of its own, such as a webhook, is no service.
    names = [entry.name for entry in integrations if entry.http and entry.http.base_url]
    assert [name for name in names if name not in limitation or name not in beginning] == []


def test_only_services_that_cannot_be_connected_list_alternatives(integrations):
    """No page says that ``connect`` lists alternatives for a service that it connects."""
    closed = {entry.id for entry in integrations if entry.closed}
    named = set()
    for page in PAGES:
        for sentence in _ALTERNATIVES.findall(" ".join(prose(page).split())):
            named.update(
                word for word in re.findall(r"[\w-]+", sentence) if word in _ids(integrations)
            )
    assert named
    assert named <= closed


def _ids(integrations):
    return {entry.id for entry in integrations}


def test_the_duration_of_a_large_first_sync_is_the_same_everywhere():
    """Every page that says how long 3,000 workouts take says the same."""
    stated = set()
    for page in PAGES:
        text = " ".join(prose(page).split())
        stated.update(
            re.findall(r"3,000 (?:workouts )?[\w ]*?takes? about ([^,.:]*[\d.]+[^,.:]*)", text)
        )
    assert stated == {"1.7 hours"}
