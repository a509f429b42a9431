"""A sentence for each level of each comparison, as `fitglue why` and `duplicates` print it."""

from __future__ import annotations

_SENTENCES: dict[str, dict[str, str]] = {
    "time": {
        "same second": "they start in the same second",
        "same minute": "they start within a minute",
        "together": "they start within twenty minutes and mostly overlap",
        "inside": "one lies mostly within the other",
        "in part": "they partly overlap",
        "beside": "they start within twenty minutes but do not overlap",
        "hours to the second": (
            "they start a whole number of half hours apart, to the second, as if a clock were wrong"
        ),
        "hours to the minute": "they start a whole number of half hours apart, to the minute",
        "same day": "only the day of one is known, and it is the same",
        "apart": "they are far apart in time",
        "same second of some zone": "they start in the same second in some time zone",
        "same minute of some zone": "they start within a minute in some time zone",
        "unknown": "one has no start time",
    },
    "account": {
        "one": "both are in the same account",
        "two": "they are in different accounts",
    },
    "sport": {
        "same": "the sport is the same",
        "other": "the sports differ",
    },
    "size": {
        "identical": "distance and duration are identical",
        "equal": "distance and duration are equal",
        "near": "distance and duration are close",
        "one distance": "the distance is close, the duration is not",
        "one duration": "the duration is equal, the distance is not",
        "loose": "distance and duration are roughly similar",
        "a piece": "one is shorter in both distance and duration",
        "a fragment": "one is less than half of the other",
        "other": "neither distance nor duration agrees",
    },
    "duration": {
        "equal": "the duration is equal",
        "near": "the duration is close",
        "far": "the durations differ",
        "a fragment": "one is less than half as long as the other",
    },
    "distance": {
        "equal": "the distance is equal",
        "near": "the distance is close",
        "far": "the distances differ",
    },
    "heart": {
        "equal twice": "average and maximum heart rate are equal",
        "equal": "the average heart rate is equal",
        "near": "the heart rates are close",
        "apart": "the heart rates differ a little",
        "far": "the heart rates differ",
    },
    "power": {
        "equal": "the average power is equal",
        "near": "the average power is close",
        "far": "the average power differs",
    },
    "calories": {
        "equal": "the calories are equal",
        "near": "the calories are close",
        "far": "the calories differ",
    },
    "climb": {
        "equal": "the elevation gain is equal",
        "near": "the elevation gain is close",
        "far": "the elevation gain differs",
    },
    "track": {
        "same points": "their tracks share most points, as copies of one recording do",
        "many points": "their tracks share many points",
        "same way": "their tracks follow the same route with different points",
        "part of the way": "their tracks share part of the route",
        "another way": "their tracks follow different routes",
        "another place": "their tracks are in different places",
    },
    "curve": {
        "one curve": "heart rate or power varies in the same way throughout",
        "alike": "heart rate or power varies in a similar way",
        "another curve": "heart rate or power varies in a different way",
    },
}


def level_sentence(comparison: str, level: str) -> str:
    """Return the sentence for a level of a comparison.

    A stored reason may name a level of another version; for such a level, its names are returned.
    """
    return _SENTENCES.get(comparison, {}).get(level, f"{comparison}: {level}")
