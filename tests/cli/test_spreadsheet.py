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


@pytest.mark.parametrize("value", [-1, -0.5, None, "", "5 km = 3 mi", "Ride ;-)", "'quoted'"])
def test_numbers_and_other_texts_stay_as_they_are(value):
    """A negative number stays a number, and a text with a sign inside stays as it is."""
    assert inert(value) == value


def test_every_column_of_a_query_is_safe_and_numbers_stay_numbers(fitglue):
    """Each text of a query is marked, whatever its column, and a number is printed as it is."""
    statement = "select '=cmd' as sport, -1.5 as low, '@x' as gear, 'a' || char(13) || '=b' as note"
    lines = fitglue("sql", "--csv", statement).out
    assert lines == "sport,low,gear,note\n'=cmd,-1.5,'@x,\"a\n=b\"\n"
