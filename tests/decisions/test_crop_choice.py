"""The athlete decides whether the crop of a workout counts, or the whole recording."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fitglue_registry.decisions.crop_choice import crop_choices
from fitglue_registry.dedupe import Choice
from fitglue_registry.errors import UserMistake
from fitglue_registry.model import SourceActivity

MARK = {"start_s": 300.0, "end_s": 600.0, "values": {"elapsed_s": 300.0}}


def activity(**extensions):
    """Return the details of an activity with one source activity that has these extensions."""
    member = SimpleNamespace(activity=SourceActivity(extensions=extensions))
    return SimpleNamespace(number=12, counting=(member,))


@pytest.mark.parametrize(
    ("values", "reset", "choices"),
    [
        ({}, ["title"], []),
        ({"crop": "true"}, [], []),
        ({"crop": " False"}, [], [Choice("crop", value=False)]),
        ({}, ["crop"], [Choice("crop", value=False)]),
    ],
)
def test_only_the_undo_of_a_crop_is_a_choice(values, reset, choices):
    """A crop counts unless the athlete undid it, so only that is stored."""
    assert crop_choices(activity(crop=MARK), values, reset) == choices


def test_a_crop_whose_rest_was_never_stored_cannot_be_undone():
    """An older version stored only what the crop left; a rebuild reads the file again."""
    with pytest.raises(UserMistake) as raised:
        crop_choices(activity(crop={"start_s": 300.0, "end_s": 600.0}), {}, ["crop"])
    assert raised.value.code == "FG-crop-not-stored"
    assert "fitglue rebuild" in raised.value.fix
