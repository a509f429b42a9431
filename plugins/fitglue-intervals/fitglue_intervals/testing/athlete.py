"""What the API says of the athlete: the whole settings with their secrets, the public profile, the
connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.testing.rows import (
    FTP,
    HR_ZONES,
    LTHR,
    MAX_HR,
    PACE_ZONES,
    POWER_ZONES,
    WEIGHT,
)

if TYPE_CHECKING:
    from fitglue_intervals.testing.values import Row

SECRETS = (
    "STAND-IN-SECRET-api-key",
    "STAND-IN-SECRET-invite-token",
    "stand-in-secret@example.invalid",
)
"""What only ``/athlete/{id}`` answers and nobody may store, log or show: a test searches for these."""


def public(athlete_id: str, timezone: str) -> Row:
    """The athlete as the profile shows them."""
    return {
        "id": athlete_id, "name": "Ada Stand-in", "profile_medium": "https://intervals.icu/avatar.png", "city": "Wien",
        "state": None,
        "country": "Austria", "timezone": timezone, "sex": "F", "bio": None, "website": None, "icu_coach": False,
    }  # fmt: skip


def profile(athlete_id: str, timezone: str) -> Row:
    """The gentle way to ask whose key it is."""
    return {"athlete": public(athlete_id, timezone), "sharedFolders": [], "customItems": []}


def settings(athlete_id: str, timezone: str) -> Row:
    """Everything, with the secrets among it."""
    api_key, invite, email = SECRETS
    return public(athlete_id, timezone) | {
        "firstname": "Ada", "lastname": "Stand-in", "email": email, "icu_api_key": api_key, "icu_friend_invite_token": invite,
        "measurement_preference": "meters", "weight_pref_lb": False, "fahrenheit": False, "wind_speed": "MPS", "rain": "MM",
        "locale": "en", "visibility": "PRIVATE", "status": "ACTIVE", "icu_resting_hr": 49, "icu_weight": WEIGHT, "height": 1.71,
        "icu_date_of_birth": "1988-04-02", "plan": "SUPPORTER", "icu_garmin_health": True, "icu_garmin_sync_activities": True,
        "strava_authorized": True, "strava_sync_activities": True, "bikes": [{"id": "b1842", "name": "Canyon Endurace"}],
        "shoes": [{"id": "g977", "name": ("Brooks "
            "Ghost 15")}], "sportSettings": _sports(athlete_id), "custom_items": [],
    }  # fmt: skip


def listed(athlete_id: str, timezone: str) -> Row:
    """The athlete as one of those whom the key may read."""
    return public(athlete_id, timezone) | {
        "icu_permission": "WRITE",
        "icu_tags": [],
        "icu_notes": None,
    }


def connections(athlete_id: str, timezone: str) -> Row:
    """Which platforms feed the account."""
    del timezone
    names = (
        "garmin_health", "garmin_training", "polar", "suunto", "coros", "concept2", "zepp", "huawei", "wahoo", "zwift", "oura",
        "whoop",
        "strava", "dropbox", "hammerhead", "tp_virtual", "rouvy", "mywhoosh", "biketerra", "tymewear",
    )  # fmt: skip
    live = {"garmin_health", "garmin_training", "wahoo", "zwift", "suunto", "coros", "strava"}
    return {"id": athlete_id} | {f"{name}_connected": name in live for name in names}


def _sports(athlete_id: str) -> list[Row]:
    heart = {
        "lthr": LTHR,
        "max_hr": MAX_HR,
        "hr_zones": HR_ZONES,
        "hr_load_type": "HRSS",
        "load_order": "POWER_HR_PACE",
    }
    power = {"ftp": FTP, "w_prime": 15_800, "p_max": 880, "power_zones": POWER_ZONES}
    pace = {
        "threshold_pace": 3.3898,
        "pace_zones": PACE_ZONES,
        "pace_units": "MINS_KM",
        "gap_model": "STRAVA_RUN",
    }
    swim = {"threshold_pace": 0.8333333, "pace_units": "SECS_100M"}
    shared = {"athlete_id": athlete_id, "warmup_time": 1200, "cooldown_time": 600}
    return [
        {"id": 811_201, "types": ["Ride", "VirtualRide", "GravelRide"]} | shared | heart | power,
        {"id": 811_202, "types": ["Run", "VirtualRun", "TrailRun"]} | shared | heart | pace,
        {"id": 811_203, "types": ["Swim", "OpenWaterSwim"]} | shared | heart | swim,
    ]
