"""The athlete's part of the API: the settings with their secrets, the public profile, and the
connected platforms.
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

#: Values that only ``/athlete/{id}`` returns and that nobody may store, log or show. Public clients
#: show that the real endpoint returns the API key and the e-mail address, too. A test searches for
#: these texts in everything that the host writes.
SECRETS = (
    "STAND-IN-SECRET-api-key",
    "STAND-IN-SECRET-invite-token",
    "stand-in-secret@example.invalid",
)
#: Platform → whether the athlete connected it; the names are those of the July 2026 specification.
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


def public_profile(athlete_id: str, timezone: str) -> Row:
    """Return the athlete without secrets and settings."""
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
    """Return the response of ``/profile``, which names the owner of a key without any secret."""
    return {
        "athlete": public_profile(athlete_id, timezone),
        "sharedFolders": [],
        "customItems": [],
    }


def settings(athlete_id: str, timezone: str) -> Row:
    """Return the response of ``/athlete/{id}``, which contains the secrets."""
    api_key, invite_token, email = SECRETS
    return public_profile(athlete_id, timezone) | {
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


def list_entry(athlete_id: str, timezone: str) -> Row:
    """Return the athlete as an item of ``/athletes``, the list of those whom the key may read."""
    return public_profile(athlete_id, timezone) | {
        "icu_permission": "WRITE",
        "icu_tags": [],
        "icu_notes": None,
    }


def connections(athlete_id: str, timezone: str) -> Row:
    """Return the response of ``/connections``: which platforms the athlete connected."""
    del timezone  # the endpoints of the athlete share one signature
    row: Row = {"id": athlete_id}
    for name, is_connected in _PLATFORMS.items():
        row[f"{name}_connected"] = is_connected
    return row


def _sports(athlete_id: str) -> list[Row]:
    """Return ``sportSettings``; FTP, zones and thresholds exist only here, per group of sports."""
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
    # Documented: these ids are numbers, while those of athletes and activities are texts.
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
