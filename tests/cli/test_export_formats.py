"""Tests of `fitglue export` in the formats of which each activity gets a file of its own."""

from __future__ import annotations

import json
import sys

import pytest

from fitglue_formats import activities, device_claim
from fitglue_formats.writing import exports
from fitglue_registry import Host, Policy


def read_all(folder) -> list:
    """Return the activity of each file in a folder."""
    return [activities(path.read_bytes())[0] for path in sorted(folder.iterdir())]


def shown(fitglue, number: str) -> dict:
    """Return an activity as the command prints it."""
    return fitglue("show", number, "--json").document


def number_of(fitglue, title: str) -> str:
    """Return the number of the activity whose title contains a text."""
    for row in fitglue("activities", "--json").lines:
        if title in (row["title"] or ""):
            return str(row["number"])
    raise AssertionError(f"no activity has {title} in its title")


def ride(fitglue) -> str:
    """Return the number of a ride with streams and a title that needs care."""
    return number_of(fitglue, "[bold]Tempo")


def test_every_activity_becomes_a_file(fitglue, synced, tmp_path):
    """Each activity becomes one file, which our reader reads with the same start and duration."""
    folder = tmp_path / "out"
    rows = {row["number"]: row for row in fitglue("activities", "--json").lines[:6]}
    result = fitglue("export", *map(str, rows), "--format", "fit", "--out", str(folder))
    assert result.code == 0
    refused = result.err.count("was not written")
    assert len(list(folder.iterdir())) == len(rows) - refused
    assert f"{len(rows) - refused} FIT files of {len(rows)} activities" in result.out
    for path in folder.iterdir():
        [activity] = activities(path.read_bytes())
        row = rows[int(path.name.split("-")[3])]
        assert f"{activity.start_utc:%Y-%m-%dT%H:%M:%S}" == row["start_utc"][:19]
        if row["elapsed_s"] is not None:
            assert activity.elapsed_s == pytest.approx(row["elapsed_s"], abs=1)


def test_a_fit_file_is_recognized_by_the_id_of_the_activity(fitglue, synced, tmp_path):
    """The serial number of an exported FIT is made of the id, so every export states the same."""
    number = ride(fitglue)
    for folder in ("one", "two"):
        assert (
            fitglue("export", number, "--format", "fit", "--out", str(tmp_path / folder)).code == 0
        )
    [activity] = read_all(tmp_path / "one")
    assert read_all(tmp_path / "two") == [activity]
    serial = exports.serial_of(shown(fitglue, number)["id"])
    assert device_claim(serial, activity.start_utc) in activity.claims


def test_a_second_export_writes_nothing_new(fitglue, synced, tmp_path):
    """The same activity gives the same file, so it is not written twice."""
    arguments = ("export", ride(fitglue), "--format", "fit", "--out", str(tmp_path / "out"))
    fitglue(*arguments)
    fitglue(*arguments)
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_files_are_named_by_the_template(fitglue, synced, tmp_path):
    """The title, which an athlete wrote, becomes a safe name."""
    number = ride(fitglue)
    name = "{year} {title}"
    arguments = ("--format", "tcx", "--out", str(tmp_path / "out"), "--name", name)
    assert fitglue("export", number, *arguments).code == 0
    [path] = (tmp_path / "out").iterdir()
    assert path.name.endswith(" [bold]Tempo[-bold] [31mred [0m gnp.tcx")


def test_a_workout_that_a_format_cannot_hold_is_named(fitglue, synced, tmp_path):
    """A workout without positions is no GPX: the command says so, and writes the others."""
    indoors = str(fitglue("activities", "--sport", "VirtualRide", "--json").lines[0]["number"])
    arguments = ("export", indoors, ride(fitglue), "--format", "gpx")
    result = fitglue(*arguments, "--out", str(tmp_path / "out"))
    assert result.code == 0
    assert "was not written: it has no positions" in result.err
    assert "write it as FIT or TCX" in result.err
    assert all(samples_of(activity) for activity in read_all(tmp_path / "out"))


def samples_of(activity) -> list:
    """Return the positions of an activity."""
    return [stream for stream in activity.streams if stream.type == "latlng"]


def test_parquet_files_are_written(fitglue, synced, tmp_path):
    """Each activity becomes a table of its samples."""
    parquet = pytest.importorskip("pyarrow.parquet")
    number = ride(fitglue)
    assert (
        fitglue("export", number, "--format", "parquet", "--out", str(tmp_path / "out")).code == 0
    )
    [path] = (tmp_path / "out").iterdir()
    table = parquet.read_table(path)
    document = json.loads(table.schema.metadata[b"fitglue.activities"])[0]
    assert document["start_utc"] == shown(fitglue, number)["activity"]["start_utc"]
    assert table.num_rows > 0


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--format", "fit"], "add --out FOLDER"),
        (["--format", "csv", "--name", "{date}"], "--name can be used only with"),
        (["--format", "fit", "--out", "x", "--name", "{dat}"], "it has no field {dat}"),
        (["--format", "fit", "--out", "x", "--name", "a/{date}"], "contains no folders"),
    ],
)
def test_wrong_arguments_are_explained(fitglue, synced, arguments, what):
    """A mistake is named, and nothing is written."""
    result = fitglue("export", *arguments)
    assert result.code == 2
    assert what in result.err


def test_a_missing_library_says_how_to_install_it(fitglue, synced, tmp_path, monkeypatch):
    """Without the extra, the command says which one to install."""
    monkeypatch.setitem(sys.modules, "garmin_fit_sdk", None)
    result = fitglue("export", "last", "--format", "fit", "--out", str(tmp_path / "out"))
    assert result.code == 2
    assert "pip install 'fitglue-formats[fit-write]'" in result.err


def test_an_application_writes_the_same_files(fitglue, synced, tmp_path):
    """`host.activities.save_as` writes what the command writes."""
    number = ride(fitglue)
    fitglue("export", number, "--format", "fit", "--out", str(tmp_path / "command"))
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        details = host.activities.get(number)
        written = host.activities.save_as([details], tmp_path / "host", "fit")
    assert [path.read_bytes() for path in written.paths] == [
        path.read_bytes() for path in (tmp_path / "command").iterdir()
    ]
    assert written.refused == {}
