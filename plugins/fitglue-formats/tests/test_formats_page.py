"""The page docs/formats.md says exactly which fields and streams each format holds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fg_workouts import everything
from fitglue_formats import activities as read
from fitglue_formats.writing import write_fit, write_gpx, write_tcx

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
#: Fields that are made while reading, or that the page describes in words.
IN_WORDS = {
    "claims",
    "completeness",
    "device",
    "extensions",
    "laps",
    "leg_no",
    "model",
    "parent",
    "provenance",
    "sport_raw",
    "streams",
    "stub",
}
WRITERS = {
    "FIT": lambda activity: write_fit(activity, serial=7),
    "GPX": write_gpx,
    "TCX": write_tcx,
}


def stated(kind: str) -> set[str]:
    """Return the fields or streams that the page says a format holds."""
    held = set()
    columns: list[str] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in ("field", "stream"):
            columns = cells
        elif len(cells) == len(columns) and columns and kind in columns:
            prefix = "" if columns[0] == "field" else "stream "
            if cells[columns.index(kind)] == "yes":
                held |= {prefix + name.strip("` ") for name in cells[0].split(",")}
    return held


def is_same(value: object, other: object) -> bool:
    """Return whether a value came back, as exactly as the format states it."""
    if isinstance(value, float) and isinstance(other, int | float):
        return math.isclose(value, other, rel_tol=0.01)
    return value == other


def held(before: SourceActivity, after: SourceActivity) -> set[str]:
    """Return the fields and streams that came back."""
    names = set()
    for name in set(before.__struct_fields__) - IN_WORDS:
        value = getattr(before, name)
        if is_same(value, getattr(after, name)):
            names.add(name)
    streams = {stream.type: list(stream.values) for stream in after.streams}
    for stream in before.streams:
        values = streams.get(stream.type, [])
        pairs = zip(stream.values, values, strict=False)
        if values and all(_is_near(value, other) for value, other in pairs):
            names.add(f"stream {stream.type}")
    return names


def _is_near(value: object, other: object) -> bool:
    return value == pytest.approx(other, rel=0.01)


@pytest.mark.parametrize("kind", sorted(WRITERS))
def test_the_page_says_what_a_format_holds(kind):
    """A field or stream is marked if and only if it comes back from a file of the format."""
    activity = everything()
    (back,) = read(WRITERS[kind](activity))
    assert stated(kind) == held(activity, back)


def test_every_field_has_a_value_in_this_test():
    """The activity of these tests has a value for each field that the page lists."""
    activity = everything()
    empty = {name for name in activity.__struct_fields__ if not getattr(activity, name)}
    assert empty <= IN_WORDS
