"""The screens and documents that show what was stored."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime, timedelta

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
    """Every screen fits 80 and 140 columns; in a pipe it has no escape sequences and no trailing
    spaces.
    """
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", str(columns))
    result = fitglue(*screen)
    lines = (result.out + result.err).splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert "\x1b" not in result.out + result.err
    assert not [line for line in lines if line != line.rstrip(" ")]


def test_piped_answers_are_not_cut(synced, fitglue):
    """Without a terminal, lines are not cut."""
    assert "…" not in fitglue("activities").out


def test_the_dashboard_compares_weeks_and_says_what_to_do(synced, fitglue):
    """The dashboard shows the connections, both weeks, what will not arrive, and the
    next command.
    """
    output = fitglue().out
    assert re.search(r"intervals  Ada Stand-in: 28 records, 2 stubs, synced (just now|\d)", output)
    assert "This week" in output
    assert "2 workouts of intervals will not arrive" in output
    assert "Next: fitglue show last" in output


def test_the_dashboard_says_what_arrives_and_how_to_get_more(synced, fitglue):
    """The dashboard says what a connection brings, and how to get access to other sources."""
    output = fitglue().out
    assert "brings summaries, details, samples over time" in output
    assert "Strava archive         Archive: fitglue import PATH" in output.split("Not connected")[1]


def test_the_weeks_are_readable_on_a_narrow_terminal(synced, fitglue, monkeypatch):
    """On a narrow terminal, the names of the weeks are cut, and no number is."""
    monkeypatch.setenv("COLUMNS", "50")
    lines = fitglue().out.splitlines()
    [heading] = [line for line in lines if line.endswith("load")]
    [this_week] = [line for line in lines if line.startswith("This week")]
    assert heading.split() == ["activities", "time", "km", "load"]
    assert "…" in this_week
    assert "…" not in this_week[this_week.index("…") + 1 :]


def test_the_registry_lists_each_source_with_its_access(synced, fitglue):
    """The list says how to get access, what arrives, and when it was last synced."""
    output = fitglue("registry").out
    [block] = [part for part in output.split("\n\n") if part.startswith("Intervals.icu")]
    heading, access, command, arrives, never, connected = block.splitlines()
    assert heading == "Intervals.icu  source/intervals, available"
    assert access.startswith("  access     API key. At intervals.icu, open Settings")
    assert command == "  command    fitglue connect intervals"
    assert arrives.endswith("samples over time; with files=yes also original files")
    assert never == "  never      Workouts that came from Strava"
    assert re.fullmatch("  connected  Ada Stand-in; synced .*", connected)


def test_the_registry_as_lines_has_every_entry(synced, fitglue):
    """With --json each entry is a line, and those of sources have what the list shows."""
    entries = {(line["kind"], line["id"]): line for line in fitglue("registry", "--json").lines}
    assert "access" not in entries["integration", "intervals"]
    intervals = entries["source", "intervals"]
    assert intervals["access"]["kind"] == "key"
    assert intervals["on_request"] == {"files": "original files"}
    assert [status["name"] for status in intervals["connections"]] == ["intervals"]
    assert entries["integration", "strava"]["access"]["kind"] == "closed"


def test_the_dashboard_as_a_document(synced, fitglue):
    """With --json the dashboard is one document."""
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
    """With nothing connected, the dashboard shows the first commands to type."""
    output = fitglue().out
    assert "fitglue connect intervals" in output
    assert "fitglue sync" in output


def test_titles_cannot_steer_the_terminal(synced, fitglue):
    """Control characters and markup in a title are printed as visible text."""
    for command in (
        ("activities", "--text", "[bold]"),
        ("activities", "--text", "[bold]", "--json"),
    ):
        output = fitglue(*command).out
        assert "\x1b" not in output
        assert "\u202e" not in output
    assert "[bold]Tempo[/bold] \\x1b[31mred" in fitglue("activities", "--text", "[bold]").out
    assert (
        fitglue("activities", "--text", "[bold]", "--json")
        .lines[0]["title"]
        .startswith("[bold]Tempo[/bold] \x1b[31m")
    )


def test_half_a_character_stops_nothing(synced, fitglue, child, monkeypatch):
    """A title with a lone surrogate can be shown, listed and written as JSON."""
    real = Activities.list

    def with_half_a_character(*arguments):
        return [{**row, "title": "half \ud83d"} for row in real(*arguments)]

    monkeypatch.setattr(Activities, "list", with_half_a_character)
    assert "half \\ud83d" in fitglue("activities", "--limit", "1").out
    assert fitglue("activities", "--limit", "1", "--json").lines[0]["title"] == "half \ud83d"
    assert "half" in fitglue("activities", "--limit", "1", "--csv").out


def test_activities_as_json_lines_and_as_csv(synced, fitglue):
    """JSON Lines and CSV contain all activities with the same columns, regardless of what a
    terminal would show.
    """
    lines = fitglue("activities", "--json").lines
    table = list(csv.DictReader(io.StringIO(fitglue("activities", "--csv").out)))
    assert (len(lines), len(table)) == (28, 28)
    assert list(lines[0]) == list(table[0])


def test_activities_are_filtered(synced, fitglue):
    """Activities are filtered by date, sport and distance, and limited in number."""
    activities = fitglue("activities", "--json").lines
    long = fitglue("activities", "--min-distance", "20km", "--json").lines
    rides = fitglue("activities", "--sport", "ride", "--json").lines
    day = activities[3]["start_local"][:10]
    assert long == [row for row in activities if (row["distance_m"] or 0) >= 20_000]
    assert rides == [row for row in activities if row["sport"] == "Ride"]
    assert activities[3] in fitglue("activities", "--since", day, "--until", day, "--json").lines
    assert len(fitglue("activities", "--limit", "2", "--json").lines) == 2


def test_more_activities_than_shown_are_counted(synced, fitglue):
    """A list that was cut says how to see more."""
    assert "To see twice as many, add --limit 4." in fitglue("activities", "--limit", "2").err


def test_an_unknown_sport_names_the_nearest(synced, fitglue):
    """An empty list for an unknown sport suggests the most similar one."""
    assert "did you mean --sport Ride?" in fitglue("activities", "--sport", "Rid").err


def test_another_word_for_a_sport_names_the_sport(synced, fitglue):
    """A word that means a sport suggests that sport, although another one has similar letters."""
    assert "did you mean --sport Ride?" in fitglue("activities", "--sport", "bike").err


def test_estimated_power_is_marked(synced, fitglue):
    """Power that was not measured is marked with ~ in the list and on the page of the activity."""
    row = next(
        row for row in fitglue("activities", "--json").lines if row["power_kind"] == "estimated"
    )
    assert f"~{row['average_watts']:.0f}" in fitglue("activities").out
    assert "~" in fitglue("show", str(row["number"])).out


def test_show_says_how_each_value_was_come_by(synced, fitglue):
    """`show --all` prints how each value was obtained and its name at the source, and
    the sources.
    """
    number = next(
        row["number"]
        for row in fitglue("activities", "--json").lines
        if row["sport"] == "Ride" and row["average_watts"]
    )
    output = fitglue("show", str(number), "--all").out
    assert "reported (moving_time)" in output
    assert "computed (icu_weighted_avg_watts)" in output
    assert "▁" in output
    assert re.search(r"known as +intervals:i", output)
    assert "made from summary, detail, streams" in output


def test_show_as_a_document(synced, fitglue):
    """With --json the complete activity has its provenance and sources, and samples only with
    --streams.
    """
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
    """A date with several activities lists their numbers, and an unknown reference says what can be
    typed.
    """
    result = fitglue("show", "1999-01-01")
    assert result.code == 2
    assert "fitglue activities" in result.err


def test_why_tells_each_stage(synced, fitglue):
    """`why` shows when a workout ended, arrived and was seen, its parts, and the decisions."""
    output = fitglue("why", "last").out
    for stage in (
        "workout ended",
        "arrived at the source",
        "seen here",
        "streams received",
        "by fitglue-intervals",
        "stored as new",
    ):
        assert stage in output


def test_why_shows_the_end_of_a_workout_on_the_clock_of_its_start(synced, fitglue):
    """The end in `why` is the start that `activities` shows plus the duration, in any time zone of
    this machine.
    """
    [record, *_] = fitglue("why", "last", "--json").document["records"]
    row = record["source_activities"][0]
    end = datetime.fromisoformat(row["start_local"]) + timedelta(seconds=row["elapsed_s"])
    assert record["hops"][0]["at_local"] == end.isoformat()
    [line] = [line for line in fitglue("why", "last").out.splitlines() if "workout ended" in line]
    assert f"{end:%Y-%m-%d %H:%M}" in line
    assert "local time of the workout" in line


def test_why_of_a_stub_says_why_it_will_not_come(synced, fitglue):
    """`why` of a stub says why it is not delivered."""
    stub = next(id_ for id_ in synced.account.ids() if synced.account.is_stub(id_))
    output = fitglue("why", f"strava:{stub}").out
    assert "never delivered" in output
    assert "all alternatives: fitglue connect strava" in " ".join(output.split())
    assert fitglue("why", stub, "--json").document["records"][0]["state"] == "stub"


def test_why_of_something_unknown_says_what_to_do(synced, fitglue):
    """`why` of an unknown reference says what to do, and its exit code is 2."""
    result = fitglue("why", "i404")
    assert result.code == 2
    assert "FitGlue has never seen this workout" in result.out


def test_export_writes_whole_documents(synced, fitglue, tmp_path):
    """An export writes JSON Lines with streams to a file that appears only when it is complete."""
    result = fitglue("export", "last", "--out", str(tmp_path / "one.jsonl"))
    assert result.code == 0
    [line] = (tmp_path / "one.jsonl").read_text().splitlines()
    assert json.loads(line)["activity"]["streams"]
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_export_as_csv(synced, fitglue):
    """CSV contains a row for each activity that was asked for."""
    assert len(fitglue("export", "last", "--format", "csv").out.splitlines()) == 2


def test_export_of_original_files(connect, fitglue, tmp_path):
    """The original files are written as they were fetched, each under its own name."""
    connect()
    fitglue("sync", "--files")
    fitglue("export", "--format", "files", "--out", str(tmp_path / "originals"))
    names = [path.name for path in (tmp_path / "originals").iterdir()]
    assert names
    assert {name.partition(".")[2] for name in names} <= {"fit", "fit.gz"}


def test_export_into_nowhere_is_a_clear_error(synced, fitglue, tmp_path):
    """An export to a folder that does not exist is an error."""
    result = fitglue("export", "last", "--out", str(tmp_path / "no" / "one.jsonl"))
    assert result.code == 7
    assert "[FG-export-failed]" in result.err


def test_sql_in_three_forms(synced, fitglue):
    """The result of a query is a table, JSON Lines or CSV."""
    statement = "select count(*) as n from activities"
    assert fitglue("sql", statement).out.split() == ["n", "28"]
    assert fitglue("sql", statement, "--json").lines == [{"n": 28}]
    assert fitglue("sql", statement, "--csv").out == "n\n28\n"


def test_sql_only_reads(synced, fitglue):
    """A statement that would change something is refused by the database itself."""
    result = fitglue("sql", "delete from fg_raw")
    assert result.code == 2
    assert "[FG-sql-read-only]" in result.err


def test_sql_path_is_the_file(synced, fitglue, tmp_path):
    """`fitglue sql --path` prints the path of the database, so that another tool can open it."""
    assert fitglue("sql", "--path").out == f"{tmp_path / 'home' / 'fitglue.db'}\n"
