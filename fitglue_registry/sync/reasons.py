"""How a record keeps the reason why its source does not deliver it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Unavailable


def reason_text(unavailable: Unavailable) -> str:
    """The reason of a stub or a tombstone, as JSON."""
    reason = {
        "code": unavailable.code,
        "reason": unavailable.reason,
        "fix": unavailable.fix,
    }
    return msgspec.json.encode(reason).decode()
