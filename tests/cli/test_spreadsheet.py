"""Tests of CSV output: no text from outside becomes a formula in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from fitglue_registry.cli.spreadsheet import inert


def table(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.shared
def test_a_title_that_is_a_formula(fitglue, shared):
    """Every command that writes CSV puts an apostrophe before a title that is a formula."""
    [archive] = (shared / "data/reports/51-csv-formula").iterdir()
    assert fitglue("import", str(archive), "--yes").code == 0
    titles = []
    for command in (
        ("activities", "--csv"),
        ("export", "--format", "csv"),
        ("sql", "--csv", "select title from activities"),
    ):
        titles.append({row["title"] for row in table(fitglue(*command).out)})
    assert all('\'=HYPERLINK("http://x")' in given for given in titles)
    assert all("Control run" in given for given in titles)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1+1", "＝1+1"]
)
def test_a_text_that_may_be_a_formula_is_marked_as_text(text):
    """A text that begins with a sign of a formula, or with a tab or a line break, is marked."""
    assert inert(text) == "'" + text.replace("\r", "\n")


@pytest.mark.parametrize(
    "value",
    [-1, -0.5, None, "", "5 km = 3 mi", "Ride ;-)", "'quoted'", "a; b", "up | down", "10 -2"],
)
def test_numbers_and_other_texts_stay_as_they_are(value):
    """A negative number stays a number, and a text with a sign inside stays as it is."""
    assert inert(value) == value


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Ride;=cmd", "Ride;'=cmd"),
        ("Ride ; =cmd", "Ride ; '=cmd"),
        ('Ride;"=cmd"', 'Ride;"\'=cmd"'),
        ("Ride\t@cmd", "Ride\t'@cmd"),
        ("Ride|+1", "Ride|'+1"),
        ("Ride\n-1", "Ride\n'-1"),
        ("Ride\r\n\r\n=1", "Ride\n\n'=1"),
        (";=1", ";'=1"),
        ("a;=1;=2", "a;'=1;'=2"),
        ("a;＝1", "a;'＝1"),
    ],
)
def test_a_formula_behind_another_separator_is_marked_as_text(text, marked):
    """A text that a spreadsheet with another separator than the comma would divide is marked where
    a formula would begin.
    """
    assert inert(text) == marked


def test_a_german_spreadsheet_finds_no_formula(fitglue):
    """No cell begins with a sign if a table is divided at semicolons, and not at commas."""
    statement = "select 'a' as x, 'Ride;=cmd()' as title, 'b' || char(10) || '=c' as note"
    lines = fitglue("sql", "--csv", statement).out.splitlines()
    cells = [cell.strip(' "') for line in lines for cell in line.split(";")]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@"))]


def test_every_column_of_a_query_is_safe_and_numbers_stay_numbers(fitglue):
    """Each text of a query is marked, whatever its column, and a number is printed as it is."""
    statement = "select '=cmd' as sport, -1.5 as low, '@x' as gear, 'a' || char(13) || '=b' as note"
    lines = fitglue("sql", "--csv", statement).out
    assert lines == "sport,low,gear,note\n'=cmd,-1.5,'@x,\"a\n'=b\"\n"
