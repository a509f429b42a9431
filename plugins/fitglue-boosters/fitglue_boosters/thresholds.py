"""What a workout is compared with: the athlete's thresholds and heart rates on its day.

A value comes from the settings of the booster, else from those of the athlete, else from what a
source states for this workout. If nobody states it, the command that sets it is named: nothing is
assumed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_boosters.heart_rate import FACTORS, Heart
from fitglue_registry.model import family

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from fitglue_registry.model import SourceActivity

    #: Returns the value of a setting on the day of the workout, or ``None``.
    Lookup = Callable[[str], str | None]

#: Setting → the metrics in which sources state the same value for one workout.
_METRICS = {
    "ftp": ("ftp_watts", "threshold_watts"),
    "lthr": ("lthr_bpm",),
    "max_hr": ("athlete_max_heartrate_bpm",),
}
#: The settings that an athlete can set for a family of sports, and whether the value without one
#: holds for all of them. Threshold power differs between sports; it means cycling if none is named.
_BY_FAMILY = {"ftp": False, "lthr": True, "max_hr": True}
_USUAL_FAMILY = "cycling"


@dataclass(frozen=True, slots=True)
class Lacking:
    """Something without which a figure cannot be computed.

    Attributes:
        what: What is lacking, as a sentence without its point.
        fix: The command that sets it, or ``None`` if no setting helps.
    """

    what: str
    fix: str | None = None

    def __str__(self) -> str:
        if self.fix is None:
            return self.what
        return f"{self.what}: `{self.fix}`"


class Thresholds:
    """The thresholds of the athlete on the day of a workout.

    Args:
        activity: The workout.
        day: Its local day; ``None`` if it is not known.
        settings: The settings of the booster, which take precedence.
        lookup: The settings of the athlete on that day.
    """

    def __init__(
        self,
        activity: SourceActivity,
        day: date | None,
        settings: Mapping[str, str],
        lookup: Lookup,
    ) -> None:
        self._metrics = activity.metrics
        self._day = day
        self._settings = settings
        self._lookup = lookup
        self._family = family(activity.sport or "Other")

    def power(self) -> float | Lacking:
        """Return the threshold power of the sport, in watts."""
        watts = self._number("ftp")
        if watts is not None:
            return watts
        value = "ftp 250"
        if self._family != _USUAL_FAMILY:
            value += f" --sport {self._family}"
        return self._no(f"threshold power in {self._family}", value)

    def threshold_heart_rate(self) -> float | None:
        """Return the heart rate at the lactate threshold, in beats per minute, if it is known."""
        return self._number("lthr")

    def heart(self) -> Heart | Lacking:
        """Return what heart rates are compared with."""
        rest = self._number("rest_hr")
        highest = self._number("max_hr")
        sex = self._text("sex")
        if rest is None:
            return self._no("resting heart rate", "rest-hr 55")
        if highest is None:
            return self._no("maximum heart rate", "max-hr 185")
        if sex not in FACTORS:
            what = "no sex is set, and the factors of men and women differ"
            return Lacking(what, "fitglue settings sex female")
        if highest <= rest:
            what = f"the maximum heart rate {highest:g} is not above the resting one, {rest:g}"
            return Lacking(what, "fitglue settings max-hr 185")
        return Heart(rest, highest, sex)

    def _no(self, name: str, example: str) -> Lacking:
        command = f"fitglue settings {example}"
        if self._day is None:
            return Lacking(f"no {name}", command)
        return Lacking(f"no {name} for {self._day}", f"{command} --from {self._day.year}-01-01")

    def _number(self, key: str) -> float | None:
        text = self._text(key)
        if text is not None:
            return _positive(text)
        for name in _METRICS.get(key, ()):
            stated = self._metrics.get(name)
            if stated:
                return stated
        return None

    def _text(self, key: str) -> str | None:
        own = self._settings.get(key)
        if own:
            return own
        if key in _BY_FAMILY:
            value = self._lookup(f"{key}.{self._family}")
            holds_for_all = _BY_FAMILY[key] or self._family == _USUAL_FAMILY
            if value is not None or not holds_for_all:
                return value
        return self._lookup(key)


def _positive(text: str) -> float | None:
    """Return a positive number, or ``None`` for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    if not 0.0 < number < math.inf:
        return None
    return number
