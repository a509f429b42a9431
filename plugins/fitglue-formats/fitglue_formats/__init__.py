"""Reading of FIT, GPX and TCX files into source activities. Plugins use the names listed here."""

from fitglue_formats.reading import (
    activities,
    check_kind,
    device_claim,
    is_activity,
    kind_of,
    title_of,
)
from fitglue_formats.refusals import refusal

__all__ = [
    "activities",
    "check_kind",
    "device_claim",
    "is_activity",
    "kind_of",
    "refusal",
    "title_of",
]
