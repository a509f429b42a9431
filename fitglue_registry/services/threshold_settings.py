"""The thresholds that an athlete can set, with the values that each of them accepts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.model.sports import SPORTS, canonical_sport, family
from fitglue_registry.validation.wording import nearest

_FAMILIES = frozenset(SPORTS.values())
_NUMBER = re.compile(r"([0-9]{1,4}(?:[.,][0-9]{1,3})?) ?([a-z]*)")


@dataclass(frozen=True, slots=True)
class Threshold:
    """One setting of an athlete with which boosters compare a workout.

    Attributes:
        words: What it is, in words.
        unit: The unit of its values, or empty.
        lowest: The lowest number that it accepts.
        highest: The highest number that it accepts.
        choices: The words that it accepts, in place of numbers.
        by_sport: Whether a value can hold for one family of sports.
        usual_family: The family of sports that is meant if none is named; ``None`` is all of them.
    """

    words: str
    unit: str = ""
    lowest: float = 0.0
    highest: float = 0.0
    choices: tuple[str, ...] = ()
    by_sport: bool = False
    usual_family: str | None = None

    @property
    def accepted(self) -> str:
        """The values that it accepts, in words."""
        if self.choices:
            return " or ".join(self.choices)
        return f"a number from {self.lowest:g} to {self.highest:g} ({self.unit})"


THRESHOLDS: dict[str, Threshold] = {
    "ftp": Threshold(
        "threshold power: the power that you can hold for about an hour",
        "W",
        30,
        700,
        by_sport=True,
        usual_family="cycling",
    ),
    "lthr": Threshold(
        "threshold heart rate: the heart rate that you can hold for about an hour",
        "bpm",
        80,
        230,
        by_sport=True,
    ),
    "max_hr": Threshold(
        "maximum heart rate",
        "bpm",
        100,
        250,
        by_sport=True,
    ),
    "rest_hr": Threshold(
        "resting heart rate",
        "bpm",
        20,
        120,
    ),
    "sex": Threshold(
        "sex, with which the weight of a heart rate differs",
        choices=("female", "male"),
    ),
}
"""The thresholds by the names of their settings."""


def threshold_key(name: str) -> str:
    """Return the name under which a threshold is stored.

    Args:
        name: The setting as it was typed: ``ftp``, ``max-hr``, or with a sport, ``ftp.running``.

    Raises:
        UserMistake: FG-setting-unknown if no threshold has this name, FG-sport-unknown for an
            unknown sport, FG-value-refused if it is the same for all sports.
    """
    typed, _, sport = name.partition(".")
    key = typed.replace("-", "_").lower()
    if key not in THRESHOLDS:
        raise _unknown(typed)
    if not sport:
        return key
    threshold = THRESHOLDS[key]
    if not threshold.by_sport:
        raise UserMistake(
            "FG-value-refused",
            f"the {threshold.words} cannot be set for one sport",
            at=Place(field=key),
            fix="leave the sport out",
        )
    named = _family(sport)
    if named == threshold.usual_family:
        return key
    return f"{key}.{named}"


def threshold_value(key: str, text: str) -> str:
    """Return a value of a threshold as it is stored.

    Args:
        key: The name under which it is stored.
        text: The value as it was typed, with or without its unit.

    Raises:
        UserMistake: FG-value-refused if the threshold cannot have it.
    """
    threshold = THRESHOLDS[key.partition(".")[0]]
    typed = text.strip().lower()
    if threshold.choices:
        if typed in threshold.choices:
            return typed
        raise _refused(key, text, threshold)
    match = _NUMBER.fullmatch(typed)
    if match is None or match[2] not in ("", threshold.unit.lower()):
        raise _refused(key, text, threshold)
    # Many Europeans type a decimal comma.
    number = float(match[1].replace(",", "."))
    if not threshold.lowest <= number <= threshold.highest:
        raise _refused(key, text, threshold)
    return f"{number:g}"


def _family(sport: str) -> str:
    """Return the family of sports that a word names."""
    word = sport.strip()
    if word.lower() in _FAMILIES:
        return word.lower()
    known = canonical_sport(word)
    if known != "Other" or word.lower() == "other":
        return family(known)
    near = nearest(word.lower(), _FAMILIES)
    families = ", ".join(sorted(_FAMILIES))
    raise UserMistake(
        "FG-sport-unknown",
        f"no sport is called {word!r}",
        why=f"the families of sports are {families}",
        fix=f"did you mean {near}?" if near else "type one of them, such as running",
    )


def _unknown(name: str) -> UserMistake:
    near = nearest(name, THRESHOLDS)
    return UserMistake(
        "FG-setting-unknown",
        f"an athlete has no setting {name!r}",
        why=f"the settings are timezone, {', '.join(THRESHOLDS)}",
        fix=f"did you mean {near}?" if near else "type one of them",
    )


def _refused(
    key: str,
    text: str,
    threshold: Threshold,
) -> UserMistake:
    return UserMistake(
        "FG-value-refused",
        f"{key} cannot be {text!r}",
        at=Place(field=key),
        why=f"it is {threshold.accepted}",
        fix=f"type {threshold.accepted}",
    )
