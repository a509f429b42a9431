"""Tests of syncs with ``files=True``: the values that only the original files have are stored."""

from __future__ import annotations

from tests.sync.builders import finished


def test_sets_of_strength_work_arrive_with_the_file(connected, account):
    """The sets of a strength workout come from its file, since the API has only the total
    weight.
    """
    external_id = account.add(start_date_local="2026-11-19T07:00:00", sport="strength")
    finished(connected, files=True)
    activity = connected.activities.get(external_id).activity
    assert [(work_set.exercise, work_set.reps) for work_set in activity.sets][:2] == [
        ("Barbell back squat", 12),
        ("Barbell back squat", 11),
    ]
    assert any(claim.startswith("file:sha256:") for claim in activity.claims)
    assert any(claim.startswith("device:") for claim in activity.claims)


def test_every_file_of_an_account_can_be_read(connected):
    """Every original file of an account can be read: FIT and GPX, compressed or not, and the
    legs of multisport files.
    """
    finished(connected, files=True)
    activities = [
        connected.activities.get(str(row["number"])).activity for row in connected.activities()
    ]
    assert len(activities) > 5
    read = [
        activity
        for activity in activities
        if activity.stub is None and "file" in activity.completeness.parts
    ]
    assert [activity.completeness.missing.get("file") for activity in read] == [None] * len(read)
    assert read
