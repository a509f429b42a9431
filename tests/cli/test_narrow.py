"""Lists on a narrow screen: whole columns are left out, and the others stay complete."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("columns", [30, 40, 50, 60])
def test_a_narrow_list_keeps_the_numbers_and_the_titles(synced, fitglue, monkeypatch, columns):
    """On a narrow screen, the list has the complete number and day of each activity and some of its
    title, and no line is longer than the screen.
    """
    known = fitglue("activities", "--json").lines
    monkeypatch.setenv("COLUMNS", str(columns))
    heading, *lines = fitglue("activities").out.splitlines()
    assert heading.split()[:2] == ["#", "date"]
    assert "title" in heading.split()
    assert [line.split()[0] for line in lines] == [str(row["number"]) for row in known]
    assert max(map(len, lines)) <= columns
    assert all(row["start_local"][:10] in line for row, line in zip(known, lines, strict=True))


@pytest.mark.parametrize(("columns", "left_out"), [(50, {"load", "W"}), (100, set())])
def test_only_columns_without_room_are_left_out(synced, fitglue, monkeypatch, columns, left_out):
    """A narrow screen leaves out the last columns, and a wide one none."""
    monkeypatch.setenv("COLUMNS", str(columns))
    heading = fitglue("activities").out.splitlines()[0].split()
    assert left_out.isdisjoint(heading)
    assert {"load", "W"} - left_out <= set(heading)
