"""Tests of the date of an archive's state, by which an older archive is told from a newer one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_files.archives.snapshot_date import snapshot_date

DAY = datetime(2026, 7, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        # The date of the table decides.
        ((DAY + timedelta(days=1), DAY - timedelta(days=60)), (DAY, DAY - timedelta(days=1))),
        # Two archives that were unpacked on one day: the newer workout decides.
        ((DAY, DAY - timedelta(days=1)), (DAY + timedelta(hours=5), DAY - timedelta(days=60))),
        # A table whose date was lost is not older than a workout in it.
        (
            (datetime(1980, 1, 1, tzinfo=UTC), DAY),
            (DAY - timedelta(days=3), DAY - timedelta(days=9)),
        ),
    ],
)
def test_the_newer_archive_has_the_later_date(newer, older):
    """The date of an archive's state is that of its table, and on one day that of its newest
    workout.
    """
    assert snapshot_date(newer[0], [newer[1]]) > snapshot_date(older[0], [older[1]])
    assert snapshot_date(newer[0], [newer[1], None]).date() == max(newer).date()
