"""The help article of a booster: what it gives, what it needs, and what it can be told."""

from __future__ import annotations

import pytest

from fitglue_registry.registry.folders import Folder, default_folder
from fitglue_registry.registry.help import article
from fitglue_registry.registry.loading import load_catalogue


@pytest.fixture(scope="module")
def help_article():
    """Return the help article of the training load."""
    catalogue = load_catalogue([Folder(default_folder())])
    return article(catalogue.get("enricher", "training-load"), catalogue)


@pytest.mark.parametrize(
    "line",
    [
        "# Training load: a booster",
        "| TRIMP | `metrics.trimp` | Banister's training impulse. |",
        "| `session_rpe` | Whether a rating counts if nothing else gives a load.",
        "- Of the athlete, for the day of the activity: `fitglue settings ftp`, ",
    ],
)
def test_the_article_is_made_from_the_entry(help_article, line):
    """What it gives, what it needs and its settings are lines of the article."""
    assert any(shown.startswith(line) for shown in help_article.splitlines())
