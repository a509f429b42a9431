"""Fixtures for the tests of records and raw parts."""

from __future__ import annotations

import json
import random

import pytest

from fitglue_registry.plugin_api import Body
from fitglue_registry.store.blobs import MemoryBlobStore
from fitglue_registry.store.raw_parts import RawStore, ReceivedPart
from tests.library import NOW


@pytest.fixture
def account(library):
    """Return a library with three records: of the first day, of the third, and without a start."""
    connection = library.connection()
    starts = {"first": "2026-05-01T07:00:00", "third": "2026-05-03T07:00:00", "undated": None}
    return connection, {
        name: library.record(connection, name, start_local=start) for name, start in starts.items()
    }


@pytest.fixture
def raws():
    """Return an empty store of raw parts, with original files in memory."""
    return RawStore(MemoryBlobStore())


@pytest.fixture
def put(library, raws):
    """Return a function that stores a part of one record."""
    record = library.record()

    def make(content, part="summary", encoding="identity"):
        received = {record: ReceivedPart(Body(content, encoding), NOW)}
        return raws.put(library.db, "intervals", part, received)[record]

    make.record = record
    return make


def summaries(number):
    """Return summaries as similar as those of a source, from which a dictionary can be trained."""
    chance = random.Random(7)
    return [
        json.dumps(
            {
                "id": f"i{n}",
                "name": f"Ride {n}",
                "type": "Ride",
                "icu_training_load": chance.randrange(200),
                "start_date_local": f"2026-05-{n % 28 + 1:02}T07:30:00",
                "distance": chance.random() * 1e5,
                "average_heartrate": chance.randrange(90, 180),
                "device_name": "Garmin Edge 840",
            }
        ).encode()
        for n in range(number)
    ]
