"""Tests that every regular expression that meets text from outside takes linear time."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from fitglue_registry.sync.listing.revisions import _any_of
from tests.hostile_text import END, hostile_texts
from tests.pattern_uses import Use, uses_in_code, uses_in_merge_rules, uses_in_schemas

#: Patterns that exist only while the program runs, and why they need no measurement.
_BUILT = {
    "fitglue_registry.dedupe.titles._compiled": "the patterns of merge.yaml are measured below",
    "fitglue_registry.redaction.redactor.add": "an alternation of literals without repetition",
    "fitglue_registry.registry.entry_flaws._extracting_pattern": "compiled to count its groups",
    "fitglue_registry.registry.pattern.fault_of": "compiled as a check and never matched",
    "fitglue_registry.registry.pattern.search": "limited in time, or a short text",
    "fitglue_registry.registry.pattern.matches": "limited in time, or a short text",
    "fitglue_registry.sync.listing.revisions._any_of": "measured below with globs",
    "fitglue_registry.testing.service.route": "routes that the author of a test writes",
    "fitglue_registry.testing.service._set_fault": "routes that the author of a test writes",
    "fitglue_registry.validation.explainer._pattern": "the patterns of schemas are measured below",
    "fitglue_registry.validation.explainer._unknown_keys": "the same patterns of schemas",
    "fitglue_formats.safe_xml._pieces": "the same pattern as xml_document._ROOTS",
}
#: A quadratic pattern takes four times as long for twice the text, and a linear one twice as long;
#: the machine can be busy, so the best of several runs counts.
_RATIO = 3.2
_RUNS = 2
#: Seconds. Shorter times are noise.
_NOISE_S = 0.003
#: A pattern that is very slow is found with a shorter text, which takes less time.
_LENGTHS = (4_000, 20_000)
_FEW = (12, 18)
_SEARCHING = {"search", "sub", "subn", "split", "findall", "finditer"}

_GLOBS = ("gear.distance", "icu_rolling_*", "*.*", "a*b*c*d*e")

_USES = [*uses_in_code(), *uses_in_schemas(), *uses_in_merge_rules()]


def seconds(use: Use, text: str) -> float:
    """Return the CPU time that a pattern takes for a text, with the methods that are used."""
    pattern: Any = use.pattern
    subject: Any = text
    if isinstance(pattern.pattern, bytes):
        subject = text.encode("utf-8", "surrogatepass")
    times = []
    for _ in range(_RUNS):
        begin = time.process_time()
        if "match" in use.methods:
            pattern.match(subject)
        if "fullmatch" in use.methods:
            pattern.fullmatch(subject)
        if use.methods & _SEARCHING:
            sum(1 for _ in pattern.finditer(subject))
        times.append(time.process_time() - begin)
        if times[-1] < _NOISE_S:
            break
    return min(times)


def slow_text(use: Use) -> tuple[str, str] | None:
    """Return the beginning and the unit of a text of which twice as much takes over twice as long.

    For a text of this length, a quadratic pattern takes five milliseconds or more.
    """
    for start, unit in hostile_texts(use.pattern):
        # An exponential pattern would not come to an end with a long text.
        if any(seconds(use, start + unit * number + END) > _NOISE_S for number in _FEW):
            return start, unit
        for length in _LENGTHS:
            repeated = unit * (length // len(unit))
            once = seconds(use, start + repeated + END)
            if once >= _NOISE_S and seconds(use, start + repeated * 2 + END) > once * _RATIO:
                return start, unit
    return None


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(use, id=f"{number}-{use.place}")
        for number, use in enumerate(_USES)
        if use.pattern
    ],
)
def test_every_pattern_takes_linear_time(use):
    """Twice as much hostile text takes each pattern of each package about twice as long."""
    assert slow_text(use) is None


def test_the_globs_of_an_entry_take_linear_time():
    """The pattern of the globs that an entry lists as volatile takes linear time, too."""
    assert slow_text(Use("globs", _any_of(_GLOBS), frozenset({"match"}))) is None


def test_a_pattern_that_cannot_be_measured_has_a_reason():
    """Each pattern that exists only while the program runs is listed, with the reason."""
    assert {use.place for use in _USES if use.pattern is None} == set(_BUILT)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?s)<!--.*?-->",
        r"[ \t]*\n",
        r"<title[^>]*>",
        r"(\d+)\Z",
        r"\w+@\w+",
        r"(a|a)*\Z",
    ],
)
def test_a_slow_pattern_is_found(pattern):
    """The measurement recognizes patterns that take quadratic or exponential time."""
    assert slow_text(Use("slow", re.compile(pattern), frozenset({"search"}))) is not None


def test_a_pattern_that_is_only_matched_is_not_searched_for():
    """A pattern that is slow in a search may be used with ``match``, which begins only once."""
    pattern = re.compile(r"(\d+)\Z")
    assert slow_text(Use("matched", pattern, frozenset({"match"}))) is None
