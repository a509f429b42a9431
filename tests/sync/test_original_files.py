"""With ``files=True`` the original file of each workout comes as well, and what only it holds is in
the store.
"""

from __future__ import annotations

from tests.sync.builders import finished


def test_sets_of_strength_work_arrive_with_the_file(connected, account):
    """The API has the total weight alone."""
    external_id = account.add(start_date_local="2026-11-19T07:00:00", sport="strength")
    finished(connected, files=True)
    activity = connected.activities.get(external_id).activity
    assert [(one.exercise, one.reps) for one in activity.sets][:2] == [
        ("Barbell back squat", 12),
        ("Barbell back squat", 11),
    ]
    assert any(claim.startswith("file:sha256:") for claim in activity.claims)
    assert any(claim.startswith("device:") for claim in activity.claims)


def test_every_file_of_an_account_can_be_read(connected):
    """FIT or GPX, packed or not, legs of a multisport file too."""
    finished(connected, files=True)
    found = [
        connected.activities.get(str(row["number"])).activity for row in connected.activities()
    ]
    assert len(found) > 5
    read = [
        activity
        for activity in found
        if activity.stub is None and "file" in activity.completeness.parts
    ]
    assert [activity.completeness.missing.get("file") for activity in read] == [None] * len(read)
    assert read
