"""Writes the reason why a source does not deliver a record, in the form that the store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Unavailable


def reason_text(unavailable: Unavailable) -> str:
    """Return the reason of a stub or a tombstone as JSON (``fg_records.reason``)."""
    reason = {
        "code": unavailable.code,
        "reason": unavailable.reason,
        "fix": unavailable.fix,
    }
    return msgspec.json.encode(reason).decode()
