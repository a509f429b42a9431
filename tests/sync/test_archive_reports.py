"""Tests of public bug reports about archives, rebuilt as small inputs in the shared folder."""

from __future__ import annotations

import pytest

from fitglue_registry.sync.events import SyncStopped

pytestmark = pytest.mark.shared


@pytest.fixture
def imported(host, shared):
    """A function that imports paths of the folder of reports and returns the rows of the list."""

    def call(*patterns: str):
        folder = shared / "data/reports"
        paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
        for event in host.import_paths(paths):
            assert not isinstance(event, SyncStopped), event.error
        return host.activities()

    return call


def test_the_title_of_the_athlete_beats_the_name_of_the_file(imported):
    """Row 34: the title at Strava beats the name of the same file in a folder."""
    [activity] = imported("34-*/n0/folder", "34-*/n0/*.zip")
    assert activity["title"] == "Round the lake with Ann"
    assert activity["sources"] == ["files", "strava-archive"]
