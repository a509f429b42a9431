"""Crops: the athlete cut off the beginning or the end of a workout at the service.

The source activity keeps the values and the streams of the whole recording, and a mark in
``extensions`` says what is left. The host applies the mark when it merges and when it reads
streams, so a crop can be undone without reading the file again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model.activity import Provenance, SourceActivity
from fitglue_registry.model.cutting import Extent, cut_streams
from fitglue_registry.model.document import to_builtins

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
#: The fields of one source activity that a crop replaces. Its metrics were computed from its
#: recording; those of other source activities are not affected.
_REPLACED = CROPPED_FIELDS | {"metrics"}


class Crop(msgspec.Struct, frozen=True, omit_defaults=True):
    """The mark of a cropped source activity, as ``extensions`` has it.

    Attributes:
        start_s: Where the rest begins, in seconds since the start of the recording.
        end_s: Where the rest ends, in seconds since the start of the recording.
        values: Field → value of the rest, as in a document. It is empty if the source activity has
            the values and the streams of the rest already: it was made by a version that cut them
            off, or the crop has been applied.
        provenance: Field → how its value of the rest was obtained.
    """

    start_s: float
    end_s: float
    values: dict[str, Any] = {}
    provenance: dict[str, Provenance] = {}

    @property
    def extent(self) -> Extent:
        """The segment of the recording that is left."""
        return Extent(self.start_s, self.end_s)

    @property
    def can_be_undone(self) -> bool:
        """Whether the source activity has the whole recording."""
        return bool(self.values)


def crop_of(activity: SourceActivity) -> Crop | None:
    """Return the mark of a cropped source activity, or ``None`` if it is not cropped."""
    if CROP not in activity.extensions:
        return None
    try:
        return msgspec.convert(activity.extensions[CROP], Crop, strict=False)
    # A plugin may have used the key for something else before it had this meaning.
    except msgspec.ValidationError:
        return None


def crop_in_force(merged: SourceActivity, member: SourceActivity) -> Crop | None:
    """Return the crop by which the stored streams of a member are still to be cut.

    Args:
        merged: The activity that was merged from the member. It has no mark if the athlete undid
            the crop.
        member: The source activity that supplies the streams.

    Returns:
        The crop, or ``None`` if the stored streams count as they are.
    """
    crop = crop_of(member)
    if crop is None or not crop.can_be_undone or not is_cropped(merged):
        return None
    return crop


def is_cropped(activity: SourceActivity) -> bool:
    """Return whether the athlete cropped the workout at its source."""
    return crop_of(activity) is not None


def all_cropped(fields: Iterable[str]) -> bool:
    """Return whether all of these fields change with a crop."""
    return CROPPED_FIELDS.issuperset(fields)


def with_crop(
    whole: SourceActivity,
    rest: SourceActivity,
    extent: Extent,
) -> SourceActivity:
    """Return a source activity with the mark that the athlete cropped it at the service.

    Args:
        whole: The workout with the values and the streams of the whole recording.
        rest: The same workout with the values of what is left. Its streams are ignored: they are
            cut when they are read.
        extent: The segment that is left.
    """
    document = to_builtins(msgspec.structs.replace(rest, streams=()))
    values = {name: value for name, value in document.items() if name in _REPLACED}
    provenance = {}
    for name, origin in rest.provenance.items():
        if _is_replaced(name):
            provenance[name] = origin
    mark = Crop(extent.start_s, extent.end_s, values, provenance)
    return _marked(whole, mark)


def apply_crop(activity: SourceActivity) -> SourceActivity:
    """Return a source activity with the values and the streams of what its crop left.

    The mark then has only the extent. Without a mark, the result is ``activity`` itself.

    Raises:
        msgspec.ValidationError: A value of the mark has the wrong type; ``problems`` reports it
            before it is stored.
    """
    crop = crop_of(activity)
    if crop is None or not crop.can_be_undone:
        return activity
    rest = msgspec.convert(crop.values, SourceActivity, strict=False)
    values = {name: getattr(rest, name) for name in _REPLACED}
    values["streams"] = cut_streams(activity.streams, crop.extent)
    provenance = {}
    for name, origin in activity.provenance.items():
        if not _is_replaced(name):
            provenance[name] = origin
    values["provenance"] = provenance | crop.provenance
    cropped = msgspec.structs.replace(activity, **values)
    return _marked(cropped, Crop(crop.start_s, crop.end_s))


def undo_crop(activity: SourceActivity) -> SourceActivity:
    """Return a source activity without the mark, so that its whole recording counts.

    If only the rest was stored, the crop cannot be undone, and the result is ``activity`` itself.
    """
    crop = crop_of(activity)
    if crop is None or not crop.can_be_undone:
        return activity
    extensions = dict(activity.extensions)
    del extensions[CROP]
    return msgspec.structs.replace(activity, extensions=extensions)


def _marked(activity: SourceActivity, mark: Crop) -> SourceActivity:
    """Return a source activity with a mark in its extensions."""
    extensions = {**activity.extensions, CROP: msgspec.to_builtins(mark)}
    return msgspec.structs.replace(activity, extensions=extensions)


def _is_replaced(name: str) -> bool:
    """Return whether a crop replaces a field, or the field of a part such as ``streams.watts``."""
    field, _, _ = name.partition(".")
    return field in _REPLACED
