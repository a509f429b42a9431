"""Writes and reads the reason why a source does not deliver a record, as the store keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Unavailable


#: The key of a tombstone whose deletion the athlete has confirmed.
_CONFIRMED = "confirmed"


def reason_text(
    unavailable: Unavailable,
    *,
    confirmed: bool = False,
) -> str:
    """Return the reason of a stub or a tombstone as JSON (``fg_records.reason``).

    Args:
        unavailable: What the source answered.
        confirmed: The athlete has confirmed the deletion of the record.
    """
    reason: dict[str, object] = {
        "code": unavailable.code,
        "reason": unavailable.reason,
        "fix": unavailable.fix,
    }
    if confirmed:
        reason[_CONFIRMED] = True
    return msgspec.json.encode(reason).decode()


def is_confirmed(reason: str | None) -> bool:
    """Return whether the reason of a tombstone says that the athlete has confirmed its deletion."""
    if reason is None:
        return False
    return bool(msgspec.json.decode(reason).get(_CONFIRMED))


def confirmed_text(reason: str | None) -> str:
    """Return the reason of a tombstone, and that the athlete has confirmed its deletion."""
    values = {} if reason is None else msgspec.json.decode(reason)
    return msgspec.json.encode(values | {_CONFIRMED: True}).decode()
