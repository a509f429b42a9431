"""Each level of each line of evidence as a person reads it."""

from __future__ import annotations

_SENTENCES: dict[str, dict[str, str]] = {
    "time": {
        "same second": "they start in the same second",
        "same minute": "they start within a minute",
        "together": "they start within twenty minutes and run together",
        "inside": "one runs inside the other",
        "in part": "they overlap in part",
        "beside": "one starts soon after the other, without an overlap",
        "hours to the second": (
            "they start whole half hours apart, to the second, as a clock that is off would"
        ),
        "hours to the minute": "they start whole half hours apart, to the minute",
        "same day": "one knows the day alone, and it is the same",
        "apart": "they lie apart in time",
        "same second of some zone": (
            "they start in the same second, if the zone between them is right"
        ),
        "same minute of some zone": "they start within a minute, if the zone between them is right",
        "unknown": "one has no start",
    },
    "account": {"one": "both are in one account", "two": "they are in two accounts"},
    "sport": {"same": "the sport is the same", "other": "the sports differ"},
    "size": {
        "identical": "distance and duration are the very same",
        "equal": "distance and duration are equal",
        "near": "distance and duration are close",
        "one distance": "the distance is close, the duration is not",
        "one duration": "the duration is equal, the distance is not",
        "loose": "distance and duration are roughly alike",
        "a piece": "one is shorter in both distance and duration",
        "a fragment": "one is less than half of the other",
        "other": "neither distance nor duration fits",
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
        "equal twice": "average and highest heart rate are equal",
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
        "equal": "the climb is equal",
        "near": "the climb is close",
        "far": "the climbs differ",
    },
    "track": {
        "same points": "their tracks share most points, as copies of one recording do",
        "many points": "their tracks share many points",
        "same way": "their tracks go the same way by other points",
        "part of the way": "their tracks share part of the way",
        "another way": "their tracks go other ways",
        "another place": "their tracks lie in other places",
    },
    "curve": {
        "one curve": "heart rate or power runs alike all through",
        "alike": "heart rate or power runs somewhat alike",
        "another curve": "heart rate or power runs otherwise",
    },
}


def sentence(line: str, level: str) -> str:
    """What a level of agreement says; one that this version does not know is told by its names."""
    return _SENTENCES.get(line, {}).get(level, f"{line}: {level}")
