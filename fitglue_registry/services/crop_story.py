"""Explains the crop of an activity: what it kept, what the file has, and how to undo it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.model import (
    ABSENT,
    CROPPED_FIELDS,
    apply_crop,
    crop_of,
    is_cropped,
    to_builtins,
)

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.store.activity_details import ActivityDetails, MemberRow

    Plain = dict[str, Any]


def story_of_crop(details: ActivityDetails) -> Plain | None:
    """Return how an activity was cropped at a service, or ``None`` if it was not.

    Returns:
        ``from`` (the name of the record), ``applied`` (false if the athlete undid the crop),
        ``start_s`` and ``end_s`` in seconds since the start of the recording, ``values`` (field,
        ``cropped`` and ``whole`` value), ``left_out`` (field and ``whole`` value of what cannot be
        computed for the rest; of laps, their number), and ``change``, the command that undoes the
        crop or applies it again; it is ``None`` if the store has only the rest of the recording.
    """
    for member in details.counting:
        if is_cropped(member.activity):
            return _story(details, member)
    return None


def _story(details: ActivityDetails, member: MemberRow) -> Plain:
    crop = crop_of(member.activity)
    assert crop is not None
    applied = is_cropped(details.activity)
    change = None
    if crop.can_be_undone:
        option = "--reset crop" if applied else "--set crop=true"
        change = f"fitglue activities edit {details.number} {option}"
    return {
        "from": member.name,
        "applied": applied,
        "start_s": crop.start_s,
        "end_s": crop.end_s,
        "values": _values(member.activity),
        "left_out": _left_out(member.activity),
        "change": change,
    }


def _values(whole: SourceActivity) -> list[Plain]:
    """Return the values of the recording that its crop changes, in the order of the model."""
    rest = to_builtins(apply_crop(whole))
    values = []
    for field, value in to_builtins(whole).items():
        cropped = rest.get(field)
        is_plain = not isinstance(value, list | tuple | dict)
        if field in CROPPED_FIELDS and is_plain and cropped not in ABSENT and cropped != value:
            values.append({"field": field, "cropped": cropped, "whole": value})
    return values


def _left_out(whole: SourceActivity) -> list[Plain]:
    """Return the values of the recording of which the rest has none, in the order of the model."""
    cropped = apply_crop(whole)
    rest = to_builtins(cropped)
    left_out = []
    for field, value in to_builtins(whole).items():
        if field not in CROPPED_FIELDS or field == "streams":
            continue
        if isinstance(value, list | tuple):
            # A list, such as the laps, may be left out in part.
            value = len(value) - len(rest.get(field, ()))
            is_left_out = value > 0
        else:
            is_left_out = rest.get(field) in ABSENT
        if is_left_out:
            left_out.append({"field": field, "whole": value})
    return left_out
