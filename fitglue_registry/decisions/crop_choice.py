"""The athlete's decision whether the crop of a workout counts, or the whole recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe import Choice
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.model import CROP, crop_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.store.activity_details import ActivityDetails

_TEXTS = {"true": True, "false": False}


def crop_choices(
    activity: ActivityDetails,
    values: Mapping[str, str],
    reset: Sequence[str],
) -> list[Choice]:
    """Return the choice that undoes the crop of an activity, if an edit requests that.

    ``reset`` with ``crop`` undoes it, like the value ``false``; the value ``true`` removes that
    choice, so that the crop counts again.

    Args:
        activity: The activity.
        values: Field → the text that was typed for it.
        reset: The fields that were named without a value.

    Raises:
        UserMistake: The text is not a Boolean value, the activity is not cropped, or only the rest
            of the recording is stored.
    """
    if CROP not in values and CROP not in reset:
        return []
    applies = CROP in values and _read(values[CROP])
    _refuse_without_crop(activity)
    # Without a choice, the crop counts.
    return [] if applies else [Choice(CROP, value=False)]


def _read(text: str) -> bool:
    """Convert the text that was typed for the crop."""
    try:
        return _TEXTS[text.strip().casefold()]
    except KeyError:
        raise UserMistake(
            "FG-value-refused",
            f"{CROP} cannot be {text!r:.80}",
            at=Place(field=CROP),
            fix="type true to apply the crop, or false to undo it",
        ) from None


def _refuse_without_crop(activity: ActivityDetails) -> None:
    """Raise ``UserMistake`` if the activity has no crop that can be undone."""
    crops = [crop for member in activity.counting if (crop := crop_of(member.activity))]
    if not crops:
        raise UserMistake(
            "FG-not-cropped",
            f"activity {activity.number} is not cropped",
            at=Place(field=CROP),
            why="a crop exists only where a service cut off a part that the file still has",
            fix=f"`fitglue why {activity.number}` shows the values of each source",
        )
    # All of them: a crop that stays would win over the recording that another one has restored.
    if not all(crop.can_be_undone for crop in crops):
        raise UserMistake(
            "FG-crop-not-stored",
            f"the store has only the part of activity {activity.number} that its crop kept",
            at=Place(field=CROP),
            why="an older version of FitGlue cut off the rest when it read the file",
            fix="run `fitglue rebuild`, which reads the file again, and then repeat this command",
        )
