"""What a destination has of an activity, field by field, so that only what changed is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.field_hash import field_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fitglue_registry.model import SourceActivity

_ABSENT: tuple[object, ...] = (None, (), {})


def fingerprint(activity: SourceActivity, fields: Iterable[str]) -> dict[str, str]:
    """Return field → hash of its value, without the fields that have no value.

    Args:
        activity: The activity, as it is sent.
        fields: Names of fields of the activity.
    """
    hashes = {}
    for name in fields:
        value = getattr(activity, name)
        if value not in _ABSENT:
            hashes[name] = field_hash(value)
    return hashes


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """Return the fields whose values differ, with those that were added or are no longer there."""
    names = before.keys() | after.keys()
    return frozenset(name for name in names if before.get(name) != after.get(name))
