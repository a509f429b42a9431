"""What the API says about the athlete: the whole settings with their secrets, the public profile,
the connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.testing.workout import (
    FTP,
    HR_ZONES,
    LTHR,
    MAX_HR,
    P_MAX,
    PACE_ZONES,
    POWER_ZONES,
    THRESHOLD_RUN,
    THRESHOLD_SWIM,
    W_PRIME,
    WEIGHT,
)

if TYPE_CHECKING:
    from fitglue_intervals.testing.values import Row

#: What only ``/athlete/{id}`` answers and nobody may store, log or show: a test searches for these.
SECRETS = (
    "STAND-IN-SECRET-api-key",
    "STAND-IN-SECRET-invite-token",
    "stand-in-secret@example.invalid",
)
#: Platform → whether it feeds the account.
_PLATFORMS = {
    "garmin_health": True,
    "garmin_training": True,
    "polar": False,
    "suunto": True,
    "coros": True,
    "concept2": False,
    "zepp": False,
    "huawei": False,
    "wahoo": True,
    "zwift": True,
    "oura": False,
    "whoop": False,
    "strava": True,
    "dropbox": False,
    "hammerhead": False,
    "tp_virtual": False,
    "rouvy": False,
    "mywhoosh": False,
    "biketerra": False,
    "tymewear": False,
}


def public(athlete_id: str, timezone: str) -> Row:
    """The athlete as the profile shows them."""
    return {
        "id": athlete_id,
        "name": "Ada Stand-in",
        "profile_medium": "https://intervals.icu/avatar.png",
        "city": "Wien",
        "state": None,
        "country": "Austria",
        "timezone": timezone,
        "sex": "F",
        "bio": None,
        "website": None,
        "icu_coach": False,
    }


def profile(athlete_id: str, timezone: str) -> Row:
    """The gentle way to ask whose key it is."""
    return {
        "athlete": public(athlete_id, timezone),
        "sharedFolders": [],
        "customItems": [],
    }


def settings(athlete_id: str, timezone: str) -> Row:
    """Everything, with the secrets among it."""
    api_key, invite_token, email = SECRETS
    return public(athlete_id, timezone) | {
        "firstname": "Ada",
        "lastname": "Stand-in",
        "email": email,
        "icu_api_key": api_key,
        "icu_friend_invite_token": invite_token,
        "measurement_preference": "meters",
        "weight_pref_lb": False,
        "fahrenheit": False,
        "wind_speed": "MPS",
        "rain": "MM",
        "locale": "en",
        "visibility": "PRIVATE",
        "status": "ACTIVE",
        "icu_resting_hr": 49,
        "icu_weight": WEIGHT,
        "height": 1.71,
        "icu_date_of_birth": "1988-04-02",
        "plan": "SUPPORTER",
        "icu_garmin_health": True,
        "icu_garmin_sync_activities": True,
        "strava_authorized": True,
        "strava_sync_activities": True,
        "bikes": [{"id": "b1842", "name": "Canyon Endurace"}],
        "shoes": [{"id": "g977", "name": "Brooks Ghost 15"}],
        "sportSettings": _sports(athlete_id),
        "custom_items": [],
    }


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
    row: Row = {"id": athlete_id}
    for name, is_connected in _PLATFORMS.items():
        row[f"{name}_connected"] = is_connected
    return row


def _sports(athlete_id: str) -> list[Row]:
    shared = {
        "athlete_id": athlete_id,
        "warmup_time": 1200,
        "cooldown_time": 600,
    }
    heart = {
        "lthr": LTHR,
        "max_hr": MAX_HR,
        "hr_zones": HR_ZONES,
        "hr_load_type": "HRSS",
        "load_order": "POWER_HR_PACE",
    }
    power = {
        "ftp": FTP,
        "w_prime": W_PRIME,
        "p_max": P_MAX,
        "power_zones": POWER_ZONES,
    }
    pace = {
        "threshold_pace": THRESHOLD_RUN,
        "pace_zones": PACE_ZONES,
        "pace_units": "MINS_KM",
        "gap_model": "STRAVA_RUN",
    }
    swim = {"threshold_pace": THRESHOLD_SWIM, "pace_units": "SECS_100M"}
    return [
        {
            "id": 811_201,
            "types": ["Ride", "VirtualRide", "GravelRide"],
            **shared,
            **heart,
            **power,
        },
        {
            "id": 811_202,
            "types": ["Run", "VirtualRun", "TrailRun"],
            **shared,
            **heart,
            **pace,
        },
        {
            "id": 811_203,
            "types": ["Swim", "OpenWaterSwim"],
            **shared,
            **heart,
            **swim,
        },
    ]
