"""Long texts are cut on the screen, and complete in JSON."""

from __future__ import annotations

import pytest

from fitglue_registry.cli.text import short_prose
from fitglue_registry.cli.values import grouped
from fitglue_registry.model import SourceActivity
from tests.cli.test_remarks import _gpx


@pytest.fixture
def imported(tmp_path, fitglue):
    """Import a track with a title of 480 characters."""
    path = tmp_path / "long.gpx"
    path.write_text(_gpx().replace("<trk>", f"<trk><name>{'title ' * 79}finish</name>"))
    assert fitglue("import", str(path)).code == 0


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("command", [("show", "last"), ("why", "last"), ("activities",)])
def test_a_long_title_is_cut_on_the_screen(fitglue, command):
    """Each command prints the beginning of a long title, and an ellipsis."""
    shown = fitglue(*command).out
    assert "title" in shown
    assert "…" in shown
    assert "finish" not in shown


@pytest.mark.usefixtures("imported")
def test_json_has_the_complete_title(fitglue):
    """`--json` prints all of a title."""
    document = fitglue("show", "last", "--json").document
    assert document["activity"]["title"].endswith("title finish")


def test_a_long_description_ends_with_its_length():
    """Of a description of 5,000 characters, 2,000 are printed, with the length of the whole."""
    assert short_prose("x" * 5_000) == (
        f"{'x' * 2_000}… (5,000 characters; --json prints all of them)"
    )
    assert short_prose("x" * 2_000) == "x" * 2_000


def test_a_long_list_of_tags_is_cut():
    """Any other value is cut in the same way, such as thousands of tags."""
    [(_, [(_, _, shown)])] = grouped(SourceActivity(tags=("tag",) * 5_000))
    assert len(shown) < 2_100
