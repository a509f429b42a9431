"""The types of single values, with the constraints that their JSON Schema states."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from fitglue_registry.model.claims import CLAIM_PATTERN

Amount = Annotated[float, Meta(ge=0)]
"""A number that cannot be negative; the field's description states its unit."""

# The patterns below do what the keyword ``format`` cannot: validators may ignore it, and its
# ``date-time`` (RFC 3339) does not allow a time without an offset.
_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
_CLOCK = f"^{_DAY}T{_TIME}"
_UTC = {
    "pattern": _CLOCK + r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
    "examples": ["2026-05-01T05:30:00Z"],
}
_LOCAL = {"pattern": _CLOCK + "$", "examples": ["2026-05-01T07:30:00"]}

Utc = Annotated[datetime, Meta(tz=True, extra_json_schema=_UTC)]
"""A moment with its offset from UTC."""

Local = Annotated[datetime, Meta(tz=False, extra_json_schema=_LOCAL)]
"""A moment on a local clock, without an offset."""

Claim = Annotated[str, Meta(pattern=CLAIM_PATTERN)]
"""An identity as ``service:id``; see ``fitglue_registry.model.claims``."""

How = Literal["reported", "estimated", "computed"]
"""How a value was obtained; see ``Provenance``."""
