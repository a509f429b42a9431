"""The screens and documents that read what was stored."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from fitglue_registry.services.reading import Activities

SCREENS = [
    (),
    ("activities",),
    ("show", "last"),
    ("why", "last"),
    ("connections",),
    ("connections", "check"),
    ("doctor",),
    ("registry",),
    ("registry", "show", "intervals"),
    ("registry", "check"),
    ("plugin",),
    ("plugin", "check", "fitglue-intervals"),
    ("sql",),
    ("sql", "select * from activities limit 2"),
    ("quarantine",),
    ("why", "nothing"),
    ("show", "nothing"),
]


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("screen", SCREENS, ids=" ".join)
def test_no_line_is_wider_than_the_terminal(screen, columns, synced, fitglue, monkeypatch):
    """Every screen fits 80 and 140 columns, and has neither escapes nor trailing blanks when it is
    piped.
    """
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", str(columns))
    said = fitglue(*screen)
    lines = (said.out + said.err).splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert "\x1b" not in said.out + said.err
    assert not [line for line in lines if line != line.rstrip(" ")]


def test_piped_answers_are_not_cut(synced, fitglue):
    """Where no terminal limits it, a line is as long as it has to be."""
    assert "…" not in fitglue("activities").out


def test_the_dashboard_compares_weeks_and_says_what_to_do(synced, fitglue):
    """Connections and their health, both weeks, what will not arrive, and the next command."""
    said = fitglue().out
    assert re.search(r"intervals  Ada Stand-in: 28 records, 2 stubs, synced (just now|\d)", said)
    assert "This week" in said
    assert "2 workouts of intervals will not arrive" in said
    assert "Next: fitglue show last" in said


def test_the_dashboard_as_a_document(synced, fitglue):
    """The same for a program."""
    board = fitglue("--json").document
    assert board["connections"][0]["state"] == "ok"
    assert board["weeks"]["last"].keys() == {
        "monday",
        "count",
        "moving_s",
        "distance_m",
        "training_load",
    }
    assert board["needs"][0]["fix"]


def test_the_way_in(fitglue):
    """With nothing connected: the exact commands to begin with."""
    said = fitglue().out
    assert "fitglue connect intervals" in said
    assert "fitglue sync" in said


def test_titles_cannot_steer_the_terminal(synced, fitglue):
    """Control characters and markup in a title are shown as what they are."""
    for command in (
        ("activities", "--text", "[bold]"),
        ("activities", "--text", "[bold]", "--json"),
    ):
        said = fitglue(*command).out
        assert "\x1b" not in said
        assert "\u202e" not in said
    assert "[bold]Tempo[/bold] \\x1b[31mred" in fitglue("activities", "--text", "[bold]").out
    assert (
        fitglue("activities", "--text", "[bold]", "--json")
        .lines[0]["title"]
        .startswith("[bold]Tempo[/bold] \x1b[31m")
    )


def test_half_a_character_stops_nothing(synced, fitglue, child, monkeypatch):
    """A title with a lone surrogate is shown, listed and written as a document."""
    real = Activities.list

    def with_half_a_character(*given):
        return [{**row, "title": "half \ud83d"} for row in real(*given)]

    monkeypatch.setattr(Activities, "list", with_half_a_character)
    assert "half \\ud83d" in fitglue("activities", "--limit", "1").out
    assert fitglue("activities", "--limit", "1", "--json").lines[0]["title"] == "half \ud83d"
    assert "half" in fitglue("activities", "--limit", "1", "--csv").out


def test_activities_as_json_lines_and_as_csv(synced, fitglue):
    """All of them, whatever the terminal would show, with the same columns."""
    lines = fitglue("activities", "--json").lines
    table = list(csv.DictReader(io.StringIO(fitglue("activities", "--csv").out)))
    assert (len(lines), len(table)) == (28, 28)
    assert list(lines[0]) == list(table[0])


def test_activities_are_filtered(synced, fitglue):
    """By day, sport, distance, and number of rows."""
    every = fitglue("activities", "--json").lines
    long = fitglue("activities", "--min-distance", "20km", "--json").lines
    rides = fitglue("activities", "--sport", "ride", "--json").lines
    day = every[3]["start_local"][:10]
    assert long == [row for row in every if (row["distance_m"] or 0) >= 20_000]
    assert rides == [row for row in every if row["sport"] == "Ride"]
    assert every[3] in fitglue("activities", "--since", day, "--until", day, "--json").lines
    assert len(fitglue("activities", "--limit", "2", "--json").lines) == 2


def test_more_activities_than_shown_are_counted(synced, fitglue):
    """A cut list says how many more there are, and how to see them."""
    assert "To see twice as many, add --limit 4." in fitglue("activities", "--limit", "2").err


def test_an_unknown_sport_names_the_nearest(synced, fitglue):
    """An empty answer helps."""
    assert "did you mean --sport Ride?" in fitglue("activities", "--sport", "Rid").err


def test_estimated_power_is_marked(synced, fitglue):
    """~ stands before power that no meter measured, in the list and on the page."""
    row = next(
        row for row in fitglue("activities", "--json").lines if row["power_kind"] == "estimated"
    )
    assert f"~{row['average_watts']:.0f}" in fitglue("activities").out
    assert "~" in fitglue("show", str(row["number"])).out


def test_show_says_how_each_value_was_come_by(synced, fitglue):
    """Values in groups with reported, estimated or computed, laps, streams, claims and sources."""
    number = next(
        row["number"]
        for row in fitglue("activities", "--json").lines
        if row["sport"] == "Ride" and row["average_watts"]
    )
    said = fitglue("show", str(number), "--all").out
    assert "reported (moving_time)" in said
    assert "computed (icu_weighted_avg_watts)" in said
    assert "▁" in said
    assert re.search(r"known as +intervals:i", said)
    assert "made from summary, detail, streams" in said


def test_show_as_a_document(synced, fitglue):
    """The whole document, its provenance and sources; the samples only when they are asked for."""
    plain, whole = (
        fitglue("show", "last", "--json").document,
        fitglue("show", "last", "--json", "--streams").document,
    )
    assert "streams" not in plain["activity"]
    assert {stream["type"] for stream in whole["activity"]["streams"]} >= {"time", "heartrate"}
    assert plain["provenance"]["moving_s"] == {
        "how": "reported",
        "by": None,
        "upstream": "moving_time",
        "note": "In a few rows it is longer than the elapsed time.",
        "connection": "intervals",
        "external_id": plain["sources"][0]["external_id"],
    }


def test_an_ambiguous_day_lists_its_numbers(synced, fitglue):
    """An unknown reference is a mistake that says what may be typed."""
    said = fitglue("show", "1999-01-01")
    assert said.code == 2
    assert "fitglue activities" in said.err


def test_why_tells_each_stage(synced, fitglue):
    """When it ended, arrived and was seen, what was received, and what was decided."""
    said = fitglue("why", "last").out
    for stage in (
        "workout ended",
        "arrived at the source",
        "seen here",
        "streams received",
        "understood",
        "decided: new",
    ):
        assert stage in said


def test_why_of_a_stub_says_why_it_will_not_come(synced, fitglue):
    """A record that is listed and never delivered."""
    stub = next(id_ for id_ in synced.account.ids() if synced.account.is_stub(id_))
    said = fitglue("why", f"strava:{stub}").out
    assert "never delivered" in said
    assert "all alternatives: fitglue connect strava" in " ".join(said.split())
    assert fitglue("why", stub, "--json").document["records"][0]["state"] == "stub"


def test_why_of_something_unknown_says_what_to_do(synced, fitglue):
    """Nothing was ever listed under that name."""
    said = fitglue("why", "i404")
    assert said.code == 0
    assert "no connection has ever listed it" in said.out


def test_export_writes_whole_documents(synced, fitglue, tmp_path):
    """JSON Lines with streams into a file that appears when it is whole."""
    said = fitglue("export", "last", "--out", str(tmp_path / "one.jsonl"))
    assert said.code == 0
    [line] = (tmp_path / "one.jsonl").read_text().splitlines()
    assert json.loads(line)["activity"]["streams"]
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_export_as_csv(synced, fitglue):
    """A flat table of what was asked for."""
    assert len(fitglue("export", "last", "--format", "csv").out.splitlines()) == 2


def test_export_of_original_files(connect, fitglue, tmp_path):
    """The files that --files fetched, as they were uploaded, each in its own name."""
    connect()
    fitglue("sync", "--files")
    fitglue("export", "--format", "files", "--out", str(tmp_path / "originals"))
    names = [path.name for path in (tmp_path / "originals").iterdir()]
    assert names
    assert {name.partition(".")[2] for name in names} <= {"fit", "fit.gz"}


def test_export_into_nowhere_is_a_clear_error(synced, fitglue, tmp_path):
    """A folder that is not there."""
    said = fitglue("export", "last", "--out", str(tmp_path / "no" / "one.jsonl"))
    assert said.code == 7
    assert "[FG-export-failed]" in said.err


def test_sql_in_three_forms(synced, fitglue):
    """A table, JSON Lines, CSV."""
    statement = "select count(*) as n from activities"
    assert fitglue("sql", statement).out.split() == ["n", "28"]
    assert fitglue("sql", statement, "--json").lines == [{"n": 28}]
    assert fitglue("sql", statement, "--csv").out == "n\n28\n"


def test_sql_only_reads(synced, fitglue):
    """A statement that would change something is refused by the database itself."""
    said = fitglue("sql", "delete from fg_raw")
    assert said.code == 2
    assert "[FG-sql-read-only]" in said.err


def test_sql_path_is_the_file(synced, fitglue, tmp_path):
    """So that another tool can open it."""
    assert fitglue("sql", "--path").out == f"{tmp_path / 'home' / 'fitglue.db'}\n"
