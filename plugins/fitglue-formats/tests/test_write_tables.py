"""Tests of the writers for Parquet, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import sys

import pyarrow.parquet
import pytest
from hypothesis import given, settings

from fg_workouts import START, activities, ride, samples, stream
from fitglue_formats.writing import write_csv, write_json, write_parquet
from fitglue_registry.errors import UserMistake
from fitglue_registry.model import STREAM_UNITS, Column, Stream, decode


def table_of(content: bytes):
    """Return the table of a Parquet file."""
    return pyarrow.parquet.read_table(io.BytesIO(content))


@settings(max_examples=15, deadline=None)
@given(activity=activities())
def test_json_loses_nothing(activity):
    """The document of an activity is the activity."""
    assert decode(write_json(activity)) == activity


@settings(max_examples=15, deadline=None)
@given(activity=activities())
def test_parquet_keeps_every_sample(activity):
    """Every sample is the same, and a gap is null."""
    table = table_of(write_parquet([activity]))
    for name, values in samples(activity).items():
        if name == "latlng":
            pairs = zip(table["latitude"].to_pylist(), table["longitude"].to_pylist(), strict=True)
            assert list(pairs) == values
        else:
            column = "time_s" if name == "time" else name
            assert table[column].to_pylist() == values


def test_every_parquet_file_has_the_same_columns():
    """Files of different workouts can be queried together."""
    indoors = ride(streams=(stream("time", [0]), stream("watts", [5])))
    schemas = [table_of(write_parquet([activity])).schema for activity in (ride(), indoors)]
    assert schemas[0].equals(schemas[1])
    assert set(STREAM_UNITS) - {"time", "latlng"} <= set(schemas[0].names)


def test_several_activities_share_one_parquet_file():
    """The rows state their activity, and the metadata has the documents of all."""
    custom = Stream("spring", Column.of([1.5]), "kN", custom=True)
    other = ride(sport="Run", streams=(stream("time", [0]), custom))
    table = table_of(write_parquet([ride(), other]))
    assert table["activity"].to_pylist() == [0] * 11 + [1]
    assert table["spring"].to_pylist() == [None] * 11 + [1.5]
    assert table["time_utc"][0].as_py() == START
    documents = json.loads(table.schema.metadata[b"fitglue.activities"])
    assert [document["sport"] for document in documents] == ["Ride", "Run"]


def test_parquet_keeps_activities_without_samples():
    """A workout that was typed in has no rows, and its document is in the metadata."""
    table = table_of(write_parquet([ride(streams=())]))
    assert table.num_rows == 0
    assert json.loads(table.schema.metadata[b"fitglue.activities"])[0]["title"] == "Morning ride"


def test_beats_are_lists():
    """A stream of lists is a column of lists in Parquet, and text separated by blanks in CSV."""
    beats = Stream("hrv", Column.lists([(800.0, 810.5), None]))
    activity = ride(streams=(stream("time", [0, 1]), beats))
    assert table_of(write_parquet([activity]))["hrv"].to_pylist() == [[800, 810.5], None]
    rows = list(csv.DictReader(io.StringIO(write_csv(activity).decode())))
    assert [row["hrv"] for row in rows] == ["800 810.5", ""]


def test_csv_has_one_line_for_each_sample():
    """The columns have the names of the model, and a gap is empty."""
    rows = list(csv.DictReader(io.StringIO(write_csv(ride()).decode())))
    assert len(rows) == 11
    assert list(rows[0])[:4] == ["time_s", "time_utc", "latitude", "longitude"]
    assert (rows[1]["time_s"], rows[1]["time_utc"]) == ("1", "2026-05-01T06:30:01Z")
    assert [row["watts"] for row in rows[:3]] == ["0", "", "200"]


def test_csv_has_no_formulas():
    """No spreadsheet takes the name of a channel for a formula."""
    custom = Stream("=1+1", Column.of([1.0]), custom=True)
    content = write_csv(ride(streams=(stream("time", [0]), custom)))
    assert content.splitlines()[0] == b"time_s,time_utc,'=1+1"


def test_a_missing_library_says_how_to_install_it(monkeypatch):
    """Without the extra, the error names the command that installs it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserMistake) as missing:
        write_parquet([ride()])
    assert missing.value.fix == "pip install 'fitglue-formats[parquet]'"
