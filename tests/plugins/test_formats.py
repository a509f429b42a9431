"""Tests of finding the writer of a file format among the entry points of all distributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_registry.errors import PluginFailed, RecordRefused, UserMistake
from fitglue_registry.model import SourceActivity
from fitglue_registry.plugins import formats

if TYPE_CHECKING:
    from collections.abc import Callable

ACTIVITY = SourceActivity(sport="Ride")


@dataclass
class Point:
    """An entry point of a distribution."""

    writer: Callable[..., Any] | Exception
    name: str = "odd"
    group: str = formats.GROUP
    value: str = "odd_formats:write"

    def load(self) -> Callable[..., Any]:
        if isinstance(self.writer, Exception):
            raise self.writer
        return self.writer


@pytest.fixture
def install(monkeypatch):
    """Let this be the only entry point that is installed."""

    def with_writer(writer):
        monkeypatch.setattr(formats, "all_entry_points", lambda groups: ([Point(writer)], []))

    return with_writer


def refuse(activity, identity):
    raise RecordRefused("FG-start-unknown", "it cannot be written")


def test_a_format_of_a_third_party_is_found(install):
    """A writer gets the activity and what identifies the file."""
    install(lambda activity, identity: f"{activity.sport} {identity}".encode())
    assert formats.writer_of("odd")(ACTIVITY, "a1") == b"Ride a1"


def test_a_refusal_of_a_writer_is_passed_on(install):
    """What a format cannot hold is no failure of its writer."""
    install(refuse)
    with pytest.raises(RecordRefused, match="FG-start-unknown"):
        formats.writer_of("odd")(ACTIVITY, "a1")


@pytest.mark.parametrize("writer", [ImportError("no module odd"), lambda *_: 1 / 0, lambda *_: "x"])
def test_a_broken_writer_is_named(install, writer):
    """A writer that cannot be imported, raises, or returns no bytes is reported by its name."""
    install(writer)
    with pytest.raises(PluginFailed) as failed:
        formats.writer_of("odd")(ACTIVITY, "a1")
    assert failed.value.code == "FG-format-broken"
    assert failed.value.at.field == "odd_formats:write"


def test_an_unknown_format_lists_the_known_ones(install, monkeypatch):
    """The error lists the formats that are installed, or says how to install some."""
    install(refuse)
    with pytest.raises(UserMistake) as unknown:
        formats.writer_of("fits")
    assert (unknown.value.code, unknown.value.fix) == ("FG-format-unknown", "use one of these: odd")
    monkeypatch.setattr(formats, "all_entry_points", lambda groups: ([], []))
    with pytest.raises(UserMistake) as missing:
        formats.writer_of("fit")
    assert missing.value.fix == "pip install fitglue-formats"


def test_the_formats_of_our_library_are_found():
    """FIT, GPX, TCX and Parquet have writers as soon as fitglue-formats is installed."""
    for file_format in ("fit", "gpx", "tcx", "parquet"):
        assert callable(formats.writer_of(file_format))
