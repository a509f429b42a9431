"""Every regular expression that meets text from outside takes linear time."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

import fitglue_files
import fitglue_formats

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Beginnings that bring a pattern into its middle, each followed by one unit many times. The end
#: keeps the pattern from matching.
_UNITS = (
    " ",
    "a",
    "0",
    "\t \n",
    "<",
    "<!--",
    "<?xml ",
    " xmlns",
    "</gpx ",
    "<a:",
    '"',
    "'a",
    "=",
    ":00",
    ":00.0",
    "1,",
    "1.",
    "-",
    "_",
    "/",
    ".fit",
    "workouts",
    "activities/",
    "é",
)
_STARTS = ("", "<?xml encoding=", "activities/", "12:00:00")
#: These patterns are only used with ``match``, which does not begin again at each character.
_ONLY_MATCHED = (
    "fitglue_files.archives.garmin_summaries._NAME",
    "fitglue_files.archives.strava_table._FILE",
    "fitglue_files.archives.trainingpeaks_table._NAME",
)
_END = "\x01"
#: A quadratic pattern takes four times as long for twice the text, and a linear one twice as long;
#: the machine can be busy, so the best of several runs counts.
_RATIO = 3.2
_RUNS = 3
#: Seconds. Shorter times are noise.
_NOISE_S = 0.004
_LENGTH = 6_000


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Yield the name and the value of each pattern of the packages that read foreign files."""
    for package in (fitglue_formats, fitglue_files):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                values = value.values() if isinstance(value, dict) else [value]
                for pattern in values:
                    if isinstance(pattern, re.Pattern):
                        yield f"{found.name}.{name}", pattern


def seconds(pattern: re.Pattern[Any], text: str, *, searched: bool = True) -> float:
    """Return the CPU time of a match in a text, and of a search."""
    subject: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
    times = []
    for _ in range(_RUNS):
        begin = time.process_time()
        pattern.match(subject)
        pattern.fullmatch(subject)
        if searched:
            pattern.search(subject)
        times.append(time.process_time() - begin)
        if times[-1] < _NOISE_S:
            break
    return min(times)


def is_linear(pattern: re.Pattern[Any], start: str, unit: str, *, searched: bool = True) -> bool:
    """Return whether a pattern takes about twice as long for twice the text.

    For a text of this length, a quadratic pattern takes ten milliseconds or more.
    """
    repeated = unit * (_LENGTH // len(unit))
    one = seconds(pattern, start + repeated + _END, searched=searched)
    if one < _NOISE_S:
        return True
    two = seconds(pattern, start + repeated * 2 + _END, searched=searched)
    return two <= one * _RATIO


@pytest.mark.parametrize(
    ("name", "pattern"),
    [pytest.param(*found, id=f"{found[0]}-{number}") for number, found in enumerate(patterns())],
)
def test_every_pattern_takes_linear_time(name, pattern):
    """Twice as much hostile text takes each pattern about twice as long."""
    searched = name not in _ONLY_MATCHED
    slow = []
    for start in _STARTS:
        for unit in _UNITS:
            if not is_linear(pattern, start, unit, searched=searched):
                slow.append((start, unit))
    assert slow == []


def test_a_quadratic_pattern_is_found():
    """The measurement recognizes a pattern that takes quadratic time."""
    assert not is_linear(re.compile(r"<!--.*?-->", re.DOTALL), "", "<!--")
