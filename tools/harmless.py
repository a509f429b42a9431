"""What of a recorded response may stay: the keys and the words that say nothing about a person.

Everything else is replaced, so that a key that a service adds tomorrow is not published by mistake.
"""

from __future__ import annotations

import re
from zoneinfo import available_timezones


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Parameters of requests whose values are days, numbers of rows, or words of the service.
PARAMETERS = _words(
    "endDate excludeChildren fields intervals limit newest oldest sortBy sortOrder start startDate "
    "types"
)
#: Ids that mean the same for everybody, such as the id of a sport.
SERVICE_IDS = _words("formatId parentTypeId sportTypeId typeId unitId")
_LARGEST_SERVICE_ID = 9_999
#: A larger number is no measurement; it could be a telephone number.
_LARGEST_MEASUREMENT = 1e7

_TIMES = _words(
    "analyzed beginTimestamp created endTimeGMT endTimeLocal end_date end_date_local icu_sync_date "
    "lastUpdateDate startTimeGMT startTimeLocal start_date start_date_local updated "
    "uploadedDate"
)
_TIMESTAMPS = frozenset(["beginTimestamp"])
_ZONES = frozenset(["timeZone", "timezone", "unitKey"])
_UNITS = _words("centimeter foot kilometer meter mile yard")
#: Keys whose values are words of a list that the service documents.
_WORDS = _words(
    "antplusDeviceType category childActivityTypes file_type formatKey gap_model hr_load_type "
    "manufacturer measurementSystem pace_load_type power_field preferredLocale source splitType "
    "stream_types subCategory sub_type tiz_order trainingEffectLabel type typeKey"
)
#: Keys of measurements with words that are also in keys about a person.
_MEASUREMENTS = _words("activityTrainingLoad kg_lifted maxWeight vO2MaxValue")
#: The words of which keys of measurements consist. Those about a body (weight, height, age, birth,
#: resting), a person, a device, a place or an id are missing on purpose.
_OF_MEASUREMENTS = _words(
    "above active adjusted aerobic altitude anaerobic atl average avg balance battery below "
    "best bike biking body bottom bpm cadence calories carbs climbed clouds compliance consumed "
    "contact cooldown count cp ctl decoupling deg delta depletion depth descended difference "
    "direct distance double duration effect efficiency elapsed elevation end estimated exertion "
    "exponent factor fastest feel feels file fixed floors flow ftp functional gain gap garmin "
    "gct grade gradient grit ground gust headwind heart heartrate hr hrr hrv icu in index "
    "intensity interval intervals joules jump lactate lap laps left length lengths lifted like "
    "load loss lthr max median min minute minutes moderate moving no norm normalized o of "
    "oscillation p pace per perceived percent pm polarization pool potential power prevailing "
    "prime rain rate ratio recording recovery reps respiration rev right rolling rope rpe run "
    "running s score seconds secs session set sets smooth snow speed spike split splits spo "
    "sport spot stamina stance start step steps stops strain stress stride stroke strokes "
    "surface sweet swim swolf tailwind temp temperature threshold time times torque total "
    "training trimp tss twenty unit used v variability velocity vertical vigorous vo volume w "
    "warmup water watts wbal weather weighted wheelchair wind wmin work workout z zone zones"
)
#: Words of measurements that alone are no measurement.
_NOT_ALONE = _words("body contact direct e end file garmin icu in no o of p per s start unit v w z")
_COORDINATES = _words("lat latitude latlng lng lon longitude")

_PART_OF_KEY = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_KEY = re.compile(r"_?[a-z]\w{0,60}|TSS|PercentWmin|VO2MaxGarmin", re.ASCII)
_ID = re.compile(r"[a-z]{0,2}[0-9]+|.*[0-9]{6}.*")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_WORD_OF_SERVICE = re.compile(r"[a-z][a-z0-9]*([A-Z][a-z0-9]+)*(_[A-Za-z0-9]+)*|[A-Z0-9_]{2,40}")
#: Types of Intervals.icu that are one capitalized word; others are seen to be two.
_SPORTS = _words(
    "Badminton Canoeing Crossfit Elliptical Golf Handcycle Hike Hockey Kayaking Kitesurf Other "
    "Padel Pickleball Pilates Racquetball Ride Rowing Rugby Run Sail Skateboard Snowboard Snowshoe "
    "Soccer Squash Surfing Swim Tennis Transition Velomobile Walk Wheelchair Windsurf Workout "
    "Yoga"
)
_TWO_WORDS = re.compile(r"(E|[A-Z][a-z]+)([A-Z][a-z]+|[A-Z]{2,})+")
_NUMBER = re.compile(r"[+-]?[0-9]{1,7}(\.[0-9]+)?|NaN|-?Infinity")


def is_coordinate(key: str) -> bool:
    """Return whether a key, or the type of a stream, is about a place on the earth."""
    return not _COORDINATES.isdisjoint(_parts(key))


def is_harmless_key(key: str) -> bool:
    """Return whether a key has the form of those of the services, and is no name or id itself."""
    if _is_measurement(key):
        return True
    return _KEY.fullmatch(key) is not None and _ID.fullmatch(key) is None


def is_harmless_text(key: str, text: str) -> bool:
    """Return whether a text under a key is a time, a time zone, a measurement or a known word."""
    if key in _TIMES:
        return _TIME.fullmatch(text) is not None
    if key in _ZONES:
        return text in _UNITS or text in available_timezones()
    if key in _WORDS:
        is_word = _WORD_OF_SERVICE.fullmatch(text) or _TWO_WORDS.fullmatch(text)
        return is_word is not None or text in _SPORTS
    return _is_measurement(key) and _NUMBER.fullmatch(text) is not None


def is_harmless_number(key: str, number: float) -> bool:
    """Return whether a number under a key is a measurement, a moment or an id of the service."""
    if key in SERVICE_IDS:
        return 0 <= number <= _LARGEST_SERVICE_ID
    if key in _TIMESTAMPS:
        return True
    return _is_measurement(key) and abs(number) < _LARGEST_MEASUREMENT


def is_stream(kind: object) -> bool:
    """Return whether a stream of this type has measurements."""
    return isinstance(kind, str) and _is_measurement(kind)


def _is_measurement(key: str) -> bool:
    parts = _parts(key)
    return key in _MEASUREMENTS or (parts <= _OF_MEASUREMENTS and not parts <= _NOT_ALONE)


def _parts(key: str) -> set[str]:
    """Return the words of a key: of ``averageHR`` and of ``average_hr``, *average* and *hr*."""
    return {part.lower() for part in _PART_OF_KEY.findall(key)}
