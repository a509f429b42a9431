"""Screens about a workout of which the athlete cut off a part at Strava."""

from __future__ import annotations

import pytest

from tests.sync.test_crops import archive


@pytest.fixture
def cropped(fitglue, tmp_path):
    """A run of ten minutes, of which five were cut off at Strava, was imported."""
    assert fitglue("import", str(archive(tmp_path / "s.zip", 150, 300, 990.0))).code == 0


def test_why_shows_both_values_and_the_command_that_undoes_the_crop(cropped, fitglue):
    """`why` prints what the crop kept, what the file has, and the command that undoes it."""
    output = fitglue("why", "last").out
    section = output.partition("Cropped at the service")[2].partition("\n\n")[0]
    lines = [line.split(maxsplit=1) for line in section.strip().splitlines()]
    assert ["elapsed_s", "300; the file has 600"] in lines
    assert ["distance_m", "990; the file has 1980"] in lines
    assert "fitglue activities edit 1 --reset crop" in section


def test_why_says_which_values_a_crop_left_out(cropped, fitglue):
    """`why` names the values of the file that the rest of the recording does not have."""
    crop = fitglue("why", "last", "--json").document["crop"]
    left_out = {each["field"]: each["whole"] for each in crop["left_out"]}
    assert left_out["calories_kcal"] == 150
    assert left_out["laps"] == 2
    assert "left out" in fitglue("why", "last").out


def test_a_crop_is_undone_and_applied_again(cropped, fitglue):
    """`edit --reset crop` undoes a crop, and `why` then names the command that applies it again."""
    assert "crop  undone" in fitglue("activities", "edit", "last", "--reset", "crop").out
    assert fitglue("activities", "--json").lines[0]["elapsed_s"] == 600
    output = fitglue("why", "last").out
    assert "undone by you" in output
    assert "600; cropped to 300" in output
    assert "fitglue activities edit 1 --set crop=true" in output
    assert "crop  applied" in fitglue("activities", "edit", "last", "--set", "crop=true").out
    assert fitglue("activities", "--json").lines[0]["elapsed_s"] == 300
