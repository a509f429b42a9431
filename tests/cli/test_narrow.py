"""Lists on a narrow screen: whole columns are left out, and the others stay complete."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fitglue_registry import Host, Policy
from fitglue_registry.store.tables import connections


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


LONG = "the-account-of-my-first-watch-at-the-old-address"
OWNER = "Anna Katharina von und zu Hohenstein-Waldburg"


@pytest.mark.parametrize("columns", [50, 80])
def test_no_name_of_a_connection_is_cut(synced, fitglue, monkeypatch, tmp_path, columns):
    """If the table of the connections does not fit, each fact has its own line, and the name that
    commands need and the owner of the account are complete.
    """
    renamed = {"name": LONG, "account_name": OWNER}
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        one = host.connections.list()[0].id
        with host.workspace.database.write() as db:
            db.execute(sa.update(connections).where(connections.c.id == one).values(renamed))
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = fitglue("connections").out.splitlines()
    assert lines[0] == LONG
    assert "…" not in "".join(lines)
    shown = " ".join(" ".join(lines).split())
    assert f"account {OWNER} state ok records" in shown
    assert max(map(len, lines)) <= columns


def test_a_table_that_fits_stays_a_table(synced, fitglue, monkeypatch):
    """The connections are a table wherever it fits."""
    monkeypatch.setenv("COLUMNS", "60")
    assert fitglue("connections").out.split()[:3] == ["name", "account", "state"]


def test_no_value_of_a_setting_is_cut(fitglue, monkeypatch):
    """On a narrow screen, the complete value of a setting is shown."""
    fitglue("settings", "timezone", "America/Argentina/ComodRivadavia")
    monkeypatch.setenv("COLUMNS", "40")
    assert "America/Argentina/ComodRivadavia" in "".join(fitglue("settings").out.split())
