"""The original files as a setting of a connection, on the command line."""

from __future__ import annotations

import pytest


def test_a_sync_with_files_remembers_it_and_says_so(synced, fitglue):
    """After `sync --files`, the note says how to stop, and the setting is shown."""
    result = fitglue("sync", "--files")
    assert "from now on; to stop: fitglue sync intervals --no-files" in result.err
    assert "brings summaries, details, samples over time, original files" in fitglue().out
    assert "intervals has the setting files=yes" in fitglue("connections").out
    assert "from now on" not in fitglue("sync", "--files").err


def test_the_files_can_be_stopped(synced, fitglue):
    """After `sync --no-files`, no file is fetched any more, and those that exist stay."""
    fitglue("sync", "--files")
    result = fitglue("sync", "--no-files")
    assert "original files are not fetched any more" in result.err
    [status] = fitglue("connections", "--json").lines
    assert status["choices"] == {"files": False}


@pytest.mark.parametrize(
    ("typed", "choices"), [("files=yes", {"files": True}), ("files=", {}), ("files=NO", None)]
)
def test_a_choice_is_set(synced, fitglue, typed, choices):
    """`connections set` stores or removes a choice, and shows what arrives."""
    [status] = fitglue("connections", "set", "intervals", typed, "--json").lines
    assert status["choices"] == ({"files": False} if choices is None else choices)
    assert fitglue("connections", "set", "intervals", typed).out.startswith(
        "✓ intervals brings summaries, details, samples over time"
    )


@pytest.mark.parametrize(
    "typed", [("files=yes", "files=no"), ("files=no", "files=no"), ("files=yes", " files =")]
)
def test_an_option_is_chosen_once(synced, fitglue, typed):
    """An option that is named twice is refused, since only one of the choices can be meant."""
    result = fitglue("connections", "set", "intervals", *typed)
    assert (result.code, "'files' is chosen twice" in result.err) == (2, True)
    assert fitglue("connections", "--json").lines[0]["choices"] == {}


@pytest.mark.parametrize("typed", ["files", "files=perhaps", "=yes", "photos=yes"])
def test_another_choice_is_refused(synced, fitglue, typed):
    """A word that is not a choice ends with exit code 2, and nothing is stored."""
    assert fitglue("connections", "set", "intervals", typed).code == 2
    assert fitglue("connections", "--json").lines[0]["choices"] == {}
