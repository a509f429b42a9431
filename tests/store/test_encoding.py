"""Tests of encoding documents and columns so that every database accepts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.model import Column, Stream
from fitglue_registry.store.encoding import column_values, encode_activity
from fitglue_registry.store.tables import source_activities

NOW = "2026-06-15T12:00:00.000Z"


def test_zero_and_null_are_kept_apart(library):
    """Zero watts stay zero, and an absent value stays null."""
    source_activity_id = library.source_activity(average_watts=0.0, training_load=None)
    row = library.db.execute(
        sa.select(source_activities).where(source_activities.c.id == source_activity_id)
    ).one()
    assert (row.average_watts, row.training_load) == (0.0, None)


@pytest.mark.parametrize(
    ("changes", "start_utc", "start_local"),
    [
        (
            {"start_utc": datetime(2026, 5, 1, 5, 30, tzinfo=UTC), "utc_offset_s": 7200},
            "2026-05-01T05:30:00Z",
            "2026-05-01T07:30:00",
        ),
        (
            {"start_utc": datetime(2026, 5, 1, 5, 30, tzinfo=UTC), "utc_offset_s": 0},
            "2026-05-01T05:30:00Z",
            "2026-05-01T05:30:00",
        ),
        (
            {"start_utc": datetime(2026, 5, 1, 5, 30, tzinfo=UTC)},
            "2026-05-01T05:30:00Z",
            None,
        ),
        (
            {
                "start_utc": datetime(2026, 5, 1, 7, 30, tzinfo=timezone(timedelta(hours=2))),
                "utc_offset_s": 7200,
            },
            "2026-05-01T05:30:00Z",
            "2026-05-01T07:30:00",
        ),
        (
            {"start_local": datetime(2026, 5, 1, 7, 30, 0, 500_000)},  # noqa: DTZ001
            None,
            "2026-05-01T07:30:00.500000",
        ),
        (
            {"start_utc": datetime.min.replace(tzinfo=UTC), "utc_offset_s": -7200},
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00",
        ),
        (
            {"start_utc": datetime.max.replace(tzinfo=UTC), "utc_offset_s": 7200},
            "9999-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59.999999",
        ),
    ],
)
def test_a_start_in_one_clock_fills_in_the_list(activity, changes, start_utc, start_local):
    """A missing local start is computed from UTC and the offset, even at the edges of the calendar;
    without an offset it stays missing, and a missing UTC start is never guessed.
    """
    columns = column_values(activity(**({"start_local": None} | changes)))
    assert (columns["start_utc"], columns["start_local"]) == (start_utc, start_local)


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("a\0b", "a�b"),
        ("\0\0", "��"),
        ("\\u0000", "\\u0000"),
        ("\\\0", "\\�"),
        ("Übung 🚴 заезд", "Übung 🚴 заезд"),
        ("", ""),
        ("line\nbreak\t", "line\nbreak\t"),
        ("{{'\"%s;--", "{{'\"%s;--"),
    ],
)
def test_odd_text_is_kept_and_nul_replaced(library, title, kept):
    """Every title is accepted, and only NUL is replaced, in the column and in the document."""
    source_activity_id = library.source_activity(title=title)
    row = library.db.execute(
        sa.select(source_activities).where(source_activities.c.id == source_activity_id)
    ).one()
    assert (row.title, model.decode(row.document).title) == (kept, kept)


def test_nul_deep_inside_is_replaced_too(activity):
    """A NUL in a lap is replaced, too, because PostgreSQL could not read the document as JSON."""
    prepared = encode_activity(activity(extensions={"a\0": ["\0"]}, claims=("a:1\0",)))
    assert "\\u0000" not in prepared.document
    assert prepared.activity.claims == ("a:1�",)


def test_a_lone_surrogate_is_refused(activity):
    """A title with a lone surrogate cannot be encoded, and raises ``ValueError``."""
    with pytest.raises(ValueError, match="surrogates"):
        encode_activity(activity(title="\ud800"))


def test_stored_documents_hold_no_streams(activity):
    """A stored document contains no streams; they are encoded separately."""
    prepared = encode_activity(activity(streams=(Stream("time", Column.of([0.0, 1.0, 2.0])),)))
    assert "streams" not in prepared.document
    assert (prepared.types, prepared.samples) == (("time",), 3)
