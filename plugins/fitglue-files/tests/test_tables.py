"""The tables of the entries name every field that a file gives: `show` and the merging rules read
them.
"""

from __future__ import annotations

import gzip
from importlib.resources import files

import pytest
import yaml

from fitglue_formats import activities
from fitglue_registry.errors import RecordRefused

#: What is no value of the workout, or stands in no table: where it hangs, and what the host adds.
_NO_VALUES = {
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


def fields_given(folder):
    """Every field that is there in any of these files."""
    found = set()
    for path in folder.iterdir():
        content = path.read_bytes()
        try:
            read = activities(
                gzip.decompress(content) if path.suffix == ".gz" else content, path.name
            )
        except RecordRefused:
            continue
        found |= {
            name
            for one in read
            for name in one.__struct_fields__
            if getattr(one, name) not in (None, (), {}, False)
        }
    return found - _NO_VALUES


@pytest.mark.shared
@pytest.mark.long
def test_every_field_that_a_real_file_gives_stands_in_the_table(shared_files):
    """Of files, and of the archives that files lie in."""
    given = fields_given(shared_files)
    missing = {
        entry: given - table_of(entry)
        for entry in ("files", "strava-archive", "garmin-archive", "trainingpeaks-archive")
    }
    assert {entry: sorted(fields) for entry, fields in missing.items() if fields} == {}
