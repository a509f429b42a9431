"""What the hook returns to the host."""

from __future__ import annotations

from datetime import date

from fitglue_boosters.plugin import fitglue_enrich
from fitglue_registry.model import SourceActivity, TrainingLoad
from fitglue_registry.plugin_api import BoosterContext

ATHLETE = {"ftp": "250", "rest_hr": "50", "max_hr": "190", "sex": "male"}


def enriched(settings=None, athlete=None, day=date(2026, 5, 1), **fields):
    """Return what the booster computes for a ride."""
    activity = SourceActivity(**{"sport": "Ride", **fields})
    context = BoosterContext(day, ATHLETE if athlete is None else athlete)
    return fitglue_enrich(activity=activity, settings=settings or {}, context=context)


def test_a_load_by_power_has_its_intensity_and_its_method():
    """1.5 h at 200 W normalized with a threshold of 250 W are 96, at 80 %."""
    result = enriched(weighted_average_watts=200, moving_s=5400)
    assert result.values == {"training_load": 96.0, "intensity_pct": 80.0}
    assert (result.how, result.method) == ("computed", "power (TSS)")
    assert result.notes == ("200 W normalized for 90 min, threshold 250 W.",)


def test_a_load_of_streams(streams):
    """Half an hour at 130 bpm has a load and a TRIMP of 32.9, and says how its scale is fixed."""
    result = enriched(streams=streams(heartrate=[130] * 1800))
    assert result.values == {"training_load": 32.9, "metrics.trimp": 32.9}
    assert "`fitglue settings lthr 170`" in result.notes[0]


def test_an_average_is_estimated():
    """A load that follows from one average is marked as estimated."""
    assert enriched(average_heartrate_bpm=130, moving_s=1800).how == "estimated"


def test_the_load_of_a_source_gives_no_value():
    """A load that a source states is not computed again, and its method is told."""
    stated = (TrainingLoad(79, "heart_rate", "HRSS", chosen=True),)
    result = enriched(training_load=79, training_loads=stated, moving_s=3600)
    assert (result.values, result.method) == ({}, "heart rate")


def test_what_is_lacking_is_a_note():
    """A ride without a threshold has no load; the note names the command."""
    result = enriched(athlete={}, weighted_average_watts=200, moving_s=3600)
    assert result.values == {}
    [note] = result.notes
    assert note.startswith("No threshold power in cycling for 2026-05-01: ")
    assert note.endswith("`fitglue settings ftp 250 --from 2026-01-01`.")


def test_without_a_day_the_command_has_none():
    """A workout whose start is not known is compared with what holds from the beginning."""
    result = enriched(athlete={}, day=None, weighted_average_watts=200, moving_s=3600)
    assert result.notes == ("No threshold power in cycling: `fitglue settings ftp 250`.",)


def test_ratings_can_be_left_out_by_a_setting():
    """With the setting session_rpe: no, a rating gives no load."""
    assert enriched(rpe=4, moving_s=2700).values["training_load"] == 180
    assert enriched({"session_rpe": "no"}, rpe=4, moving_s=2700).values == {}
