"""The tables in the entries name every field that a file provides, because ``show`` and the merge
rules read them.
"""

from __future__ import annotations

import gzip
from importlib.resources import files

import pytest
import yaml

from fitglue_formats import activities
from fitglue_registry.errors import RecordRefused

#: Fields that are in no table: they describe the record, not the workout, or the host adds them.
_NOT_IN_TABLES = {
    "model",
    "leg_no",
    "completeness",
    "provenance",
    "extensions",
    "metrics",
    "claims",
    "start_precision",
}


def table_of(entry):
    data = yaml.safe_load(
        files("fitglue_files").joinpath(f"registry/sources/{entry}.yaml").read_text("utf-8")
    )["data"]
    return {row.get("path") for row in data}


def provided_fields(folder):
    """Return every field that has a value in any of these files."""
    fields = set()
    for path in folder.iterdir():
        content = path.read_bytes()
        try:
            workouts = activities(
                gzip.decompress(content) if path.suffix == ".gz" else content, path.name
            )
        except RecordRefused:
            continue
        fields |= {
            name
            for activity in workouts
            for name in activity.__struct_fields__
            if getattr(activity, name) not in (None, (), {}, False)
        }
    return fields - _NOT_IN_TABLES


@pytest.mark.shared
@pytest.mark.long
def test_every_field_that_a_real_file_provides_is_in_the_tables(shared_files):
    """Every field that a real file provides is in the tables of ``files`` and of the archives."""
    provided = provided_fields(shared_files)
    missing = {
        entry: provided - table_of(entry)
        for entry in ("files", "strava-archive", "garmin-archive", "trainingpeaks-archive")
    }
    assert {entry: sorted(fields) for entry, fields in missing.items() if fields} == {}
