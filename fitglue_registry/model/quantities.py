"""The types of single values: amounts in SI units, moments and claims, with their JSON Schema."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from fitglue_registry.model.claims import CLAIM_PATTERN

Amount = Annotated[float, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0, description="s")]
Metres = Annotated[float, Meta(ge=0, description="m")]
# A validator need not look at formats, and RFC 3339 has no time without a zone: the patterns are
# what binds.
_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
_CLOCK = f"^{_DAY}T{_TIME}"
_UTC = {
    "pattern": _CLOCK + r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
    "examples": ["2026-05-01T05:30:00Z"],
}
_LOCAL = {"pattern": _CLOCK + "$", "examples": ["2026-05-01T07:30:00"]}
Utc = Annotated[datetime, Meta(tz=True, extra_json_schema=_UTC)]
Local = Annotated[datetime, Meta(tz=False, extra_json_schema=_LOCAL)]
Claim = Annotated[str, Meta(pattern=CLAIM_PATTERN)]
How = Literal["reported", "estimated", "computed"]
