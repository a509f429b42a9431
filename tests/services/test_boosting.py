"""What boosters compute: it is merged below every source's own value, and computed again when
something that it follows from has changed.
"""

from __future__ import annotations

import json
from datetime import date

import pytest
import sqlalchemy as sa

from fitglue_registry.model.stored import PipelineState
from fitglue_registry.store.activity_changes import changes_after
from fitglue_registry.store.offers import offer
from fitglue_registry.store.pipelines import PipelineRow, add_pipeline
from fitglue_registry.sync.events import SyncFinished

NOW = "2026-11-21T12:00:00.000Z"
HEADER = (
    '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">'
)
POINT = (
    "<Trackpoint><Time>2024-06-01T08:{minute:02}:{second:02}Z</Time>"
    "<HeartRateBpm><Value>130</Value></HeartRateBpm></Trackpoint>"
)
#: The training impulse of 30 minutes at 130 bpm with rest 50 and maximum 190, by sex.
MAN, WOMAN = 32.9, 38.3


def recorded(seconds=1800):
    """Return a run of so many seconds at 130 bpm."""
    points = []
    for second in range(seconds + 1):
        points.append(POINT.format(minute=second // 60, second=second % 60))
    return (
        f'<?xml version="1.0"?>{HEADER}<Activities><Activity Sport="Running">'
        f'<Id>2024-06-01T08:00:00Z</Id><Lap StartTime="2024-06-01T08:00:00Z">'
        f"<TotalTimeSeconds>{seconds}</TotalTimeSeconds><DistanceMeters>5000</DistanceMeters>"
        f"<Track>{''.join(points)}</Track></Lap></Activity></Activities>"
        f"</TrainingCenterDatabase>"
    )


@pytest.fixture
def run(host, tmp_path):
    """Import a run, and return a function that returns it as it is stored now."""
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "run.tcx").write_text(recorded())
    *_, last = host.import_paths([folder])
    assert isinstance(last, SyncFinished), last
    return lambda: host.activities.get("2024-06-01")


@pytest.fixture
def man(host):
    """Set everything that a load by heart rate needs."""
    for name, value in (("rest_hr", "50"), ("max_hr", "190"), ("sex", "male")):
        host.settings.set_threshold(name, value)


def rows_of(host):
    """Return the stored results."""
    with host.workspace.database.read() as db:
        return db.execute(sa.text("SELECT * FROM fg_computed")).all()


def test_a_computed_load_has_its_provenance(host, run, man):
    """The load is in the activity, and says which booster computed it with which method."""
    assert host.load.update() == 1
    assert run().activity.training_load == pytest.approx(MAN, abs=0.1)
    provenance = host.activities.provenance(run())
    assert provenance["training_load"] == {
        "how": "computed",
        "by": "training-load 0.1",
        "upstream": None,
        "note": "heart rate (TRIMP)",
        "connection": None,
        "external_id": None,
    }
    assert provenance["metrics.trimp"]["by"] == "training-load 0.1"
    assert host.why("2024-06-01")["values_from"]["training_load"] == "training-load 0.1"
    assert host.activities()[0]["training_load"] == run().activity.training_load


def test_nothing_is_computed_twice(host, run, man):
    """A second update finds nothing to do, and writes nothing."""
    host.load.update()
    before = rows_of(host)
    assert host.load.update() == 0
    assert rows_of(host) == before


def test_a_changed_setting_computes_again(host, run, man):
    """A setting changes the load at once, and removing it takes the load away."""
    host.load.update()
    assert host.settings.set_threshold("sex", "female") == 1
    assert run().activity.training_load == pytest.approx(WOMAN, abs=0.1)
    assert host.settings.unset_threshold("sex") == 1
    assert run().activity.training_load is None
    assert "metrics.trimp" not in run().activity.provenance


def test_a_setting_of_other_days_changes_nothing(host, run, man):
    """A value that holds from a later day on does not change the load of an earlier run."""
    host.load.update()
    assert host.settings.set_threshold("max_hr", "180", date(2025, 1, 1)) == 0


def test_the_athletes_own_value_comes_first(host, run, man):
    """A load that the athlete typed takes the place of a computed one, which returns afterwards."""
    host.load.update()
    host.workspace.clock.sleep(1)
    host.decisions.edit("2024-06-01", {"training_load": "55"})
    assert run().activity.training_load == 55
    assert "metrics.trimp" not in run().activity.provenance
    host.workspace.clock.sleep(1)
    host.decisions.edit("2024-06-01", reset=["training_load"])
    assert run().activity.training_load == pytest.approx(MAN, abs=0.1)


def test_an_edit_computes_again(host, run, man):
    """A run that is corrected to a walk is compared with the thresholds of walking."""
    host.load.update()
    host.workspace.clock.sleep(1)
    edited = host.decisions.edit("2024-06-01", {"sport": "Walk"})
    assert edited.activity.training_load == pytest.approx(MAN, abs=0.1)
    host.settings.set_threshold("lthr.walking", "130")
    assert run().activity.training_load == pytest.approx(50, abs=0.5)


def test_a_changed_workout_is_computed_again_by_the_sync(host, run, man, tmp_path):
    """After an import that adds another run, both have a load without another command."""
    host.load.update()
    text = recorded(900).replace("2024-06-01", "2024-06-02")
    (tmp_path / "runs" / "other.tcx").write_text(text)
    list(host.import_paths([tmp_path / "runs"]))
    loads = [row["training_load"] for row in host.activities()]
    assert loads == [pytest.approx(MAN / 2, abs=0.1), pytest.approx(MAN, abs=0.1)]


def test_a_rebuild_keeps_what_was_computed(host, run, man):
    """Deriving everything again leaves the same load, with the same provenance."""
    host.load.update()
    before = run()
    list(host.syncs.rebuild())
    assert run().activity == before.activity
    assert run().origins == before.origins


def test_nothing_is_computed_before_it_is_asked_for(host, run, man):
    """A sync of an athlete who never asked for a load runs no booster."""
    list(host.syncs.rebuild())
    assert rows_of(host) == []


def test_what_is_missing_is_named_with_its_command(host, run):
    """A run without a load says which setting is missing."""
    host.load.update()
    [row] = host.load.missing(date(2024, 6, 1), date(2024, 6, 1))
    assert row["notes"] == [
        "No resting heart rate for 2024-06-01: `fitglue settings rest-hr 55 --from 2024-01-01`."
    ]


def test_athletes_are_apart(host, run, man):
    """Loads of one athlete are not computed for another one."""
    assert host.load.update(athlete="ann") == 0
    assert rows_of(host) == []


@pytest.fixture
def pipeline(host):
    """Store a pipeline with the booster, which begins with the next change."""
    document = {
        "schema": 1,
        "name": "everything",
        "boosters": [{"use": "training-load"}],
        "destinations": [{"to": "folder", "name": "disk"}],
    }
    row = PipelineRow(
        id="p1",
        athlete_id="me",
        name="everything",
        state=PipelineState.ACTIVE,
        version=1,
        after_change=0,
        document=json.dumps(document),
        created_at=NOW,
        updated_at=NOW,
    )
    with host.workspace.database.write() as db:
        add_pipeline(db, row)


def changes(host):
    """Return what the changes that pipelines will see say."""
    with host.workspace.database.read() as db:
        return [row.what for row in changes_after(db, "me", 0, 100)]


def test_what_is_computed_for_the_history_sends_nothing(host, run, man, pipeline):
    """A load for a run that no pipeline was offered is no change that a pipeline sees."""
    assert host.load.update() == 1
    assert changes(host) == []


def test_what_is_computed_for_an_offered_activity_is_a_change(host, run, man, pipeline):
    """A load for a run that a pipeline was offered is a change, which updates what was sent."""
    with host.workspace.database.write() as db:
        offer(db, "me", "p1", [run().id], NOW, due_at=NOW)
    assert host.load.update() == 1
    assert changes(host) == ["changed"]


def test_the_booster_of_a_pipeline_runs_with_each_sync(host, run, man, pipeline):
    """Who has a pipeline with a booster need not ask for its results."""
    list(host.syncs.rebuild())
    assert run().activity.training_load == pytest.approx(MAN, abs=0.1)
