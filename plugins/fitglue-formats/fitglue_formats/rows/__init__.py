"""What a service states about a workout, joined with the file that the device recorded.

Sources that have both use these modules, whether the rows are those of an archive or of an API.
"""

from fitglue_formats.rows.cropping import LEAST_CROP_S
from fitglue_formats.rows.fitting import apart_s, legs_of_rows, why_other_workout
from fitglue_formats.rows.garmin_sports import (
    SPORT_OF_TYPE,
    is_indoors,
    readable_title,
    sport_of_type,
    sport_provenance,
)
from fitglue_formats.rows.joining import combine, distance_correction

__all__ = [
    "LEAST_CROP_S",
    "SPORT_OF_TYPE",
    "apart_s",
    "combine",
    "distance_correction",
    "is_indoors",
    "legs_of_rows",
    "readable_title",
    "sport_of_type",
    "sport_provenance",
    "why_other_workout",
]
