"""Which values of a workout are measured, and so change if its beginning or its end is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.activity import SourceActivity

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The key in ``extensions`` that marks a source activity whose athlete cropped it at the service.
CROP = "crop"
NOT_MEASURED = frozenset(
    {
        "model",
        "leg_no",
        "parent",
        "stub",
        "title",
        "description",
        "notes",
        "tags",
        "sport",
        "sport_raw",
        "sub_type",
        "trainer",
        "commute",
        "race",
        "gear",
        "device",
        "claims",
        "links",
        "metrics",
        "extensions",
        "completeness",
        "provenance",
    }
)
"""The fields that no device measures: the athlete, the source or the record decides them."""
_UNCHANGED = NOT_MEASURED | {"rpe", "feel", "location", "workout"}
CROPPED_FIELDS = frozenset(SourceActivity.__struct_fields__) - _UNCHANGED
"""The fields that describe the recording, and that change with each crop."""


def is_cropped(activity: SourceActivity) -> bool:
    """Return whether the athlete cropped the workout at its source."""
    return CROP in activity.extensions


def all_cropped(fields: Iterable[str]) -> bool:
    """Return whether all of these fields change with a crop."""
    return CROPPED_FIELDS.issuperset(fields)
