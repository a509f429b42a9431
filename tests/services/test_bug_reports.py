"""The traceback of an unexpected exception is written to a file, without secrets."""

from __future__ import annotations

import pytest

from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.services.bug_reports import keep_traceback

SECRET = "a-key-that-nobody-may-see"


@pytest.fixture
def redactor():
    return Redactor([SECRET])


@pytest.fixture
def failure():
    """An exception with a traceback, and a secret in its message."""
    try:
        raise ValueError(f"bad key {SECRET}")
    except ValueError as error:
        return error


def test_a_traceback_is_kept_without_secrets(tmp_path, monkeypatch, redactor, failure):
    """The file is in the folder of logs, and names the place where the exception was raised."""
    monkeypatch.setenv("FITGLUE_HOME", str(tmp_path / "home"))
    path = keep_traceback(failure, redactor)
    assert path.parent == tmp_path / "home" / "logs"
    text = path.read_text()
    assert "raise ValueError" in text
    assert SECRET not in text


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path, monkeypatch, redactor, failure):
    """If the traceback cannot be written, there is no further error."""
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setenv("FITGLUE_HOME", str(tmp_path / "home"))
    assert keep_traceback(failure, redactor) is None
