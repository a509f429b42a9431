"""The names of the columns that repeat values of an activity's document.

Worker processes encode activities with them, and do not need SQLAlchemy for that, which takes
100 ms to import.
"""

from __future__ import annotations

#: The columns with texts. Lists, views and the matcher read them, and the numbers below, so that
#: they need not decode the document.
TEXTS = (
    "title",
    "sport",
    "start_utc",
    "start_local",
    "timezone",
    "power_kind",
)
#: The columns with numbers.
NUMBERS = (
    "elapsed_s",
    "moving_s",
    "distance_m",
    "elevation_gain_m",
    "calories_kcal",
    "average_heartrate_bpm",
    "max_heartrate_bpm",
    "average_watts",
    "weighted_average_watts",
    "average_cadence_rpm",
    "average_speed_mps",
    "training_load",
    "rpe",
)
ACTIVITY_COLUMNS = (*TEXTS, *NUMBERS)
#: The columns that are written from a document: ``day`` is the date of the local start, or of the
#: UTC start if no local time is known.
DOCUMENT_COLUMNS = (*ACTIVITY_COLUMNS, "day")
