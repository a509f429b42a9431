"""Reading of FIT, GPX and TCX files into source activities. Plugins use the names listed here."""

from fitglue_formats.reading import (
    Glance,
    activities,
    activities_of_glance,
    device_claim,
    glance,
    is_activity,
    kind_of,
    title_of,
)
from fitglue_formats.refusals import refusal

__all__ = [
    "Glance",
    "activities",
    "activities_of_glance",
    "device_claim",
    "glance",
    "is_activity",
    "kind_of",
    "refusal",
    "title_of",
]
