"""Reads a column of dates in whatever language and order a service wrote them; what one date leaves
open, the column decides.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Languages, those of Strava first: two share a month's word for different months ("lis", "srp"),
#: and then the first one is meant.
_LANGUAGES = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "ru",
    "sv",
    "da",
    "nb",
    "pl",
    "cs",
    "tr",
    "id",
    "fi",
    "hu",
    "uk",
    "sk",
    "el",
    "ro",
    "ca",
    "th",
    "bg",
    "vi",
    "hr",
    "sl",
    "et",
    "lv",
    "lt",
    "ar",
    "he",
)
_EAST_ASIAN = ("zh", "zh_Hant", "ja", "ko")
_TIME = re.compile(
    r"(?<!\d)(\d{1,2})(?:[:.]|\s?[時时시]\s?)(\d{2})(?:(?:[:.]|\s?[分분]\s?)(\d{2}))?(?!\d)"
)
#: Thai vowels and tones are no letters to Python, and tell January from March.
_NUMBER, _WORD = re.compile(r"\d+"), re.compile(r"(?:[^\W\d_]|[\u0e31-\u0e4e])+")
#: The Buddhist calendar is 543 years ahead.
_BUDDHIST, _AHEAD = 2400, 543
_NOON_S = 12 * 3600


class _Date(NamedTuple):
    """One date, taken apart: numbers and words of the day, the clock, and whether it said a.m. or
    p.m.
    """

    numbers: tuple[int, ...]
    words: tuple[str, ...]
    clock: tuple[int, int, int]
    afternoon: bool | None


class DateColumn:
    """The dates of one column; ``read`` gives UTC, which is what they are in."""

    def __init__(self, texts: Iterable[str]) -> None:
        dates = [date for date in map(_apart, texts) if date is not None]
        self._months = _language([date.words for date in dates if len(date.numbers) == 2])
        self._month_first = _is_month_first([date for date in dates if len(date.numbers) == 3])

    def read(self, text: str) -> datetime | None:
        """The moment, or ``None`` where it cannot be understood."""
        date = _apart(text)
        day = self._day(date) if date is not None else None
        if date is None or day is None:
            return None
        hour, minute, second = date.clock
        if date.afternoon is not None and hour <= 12:
            hour = hour % 12 + (12 if date.afternoon else 0)
        try:
            return datetime(*day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None

    def _day(self, date: _Date) -> tuple[int, int, int] | None:
        match date.numbers:
            case first, second:
                month = next((found for found in map(self._months.get, date.words) if found), None)
                year, day = (first, second) if first > 31 else (second, first)
            case first, second, third if first > 31:
                year, month, day = first, second, third
            case first, second, third:
                month, day = (first, second) if self._month_first else (second, first)
                year = third
            case _:
                return None
        if month is None or year < 1000:
            return None
        return year - _AHEAD if year > _BUDDHIST else year, month, day


def _apart(text: str) -> _Date | None:
    text = "".join(
        letter
        for letter in unicodedata.normalize("NFKC", text)
        if unicodedata.category(letter) != "Cf"
    ).casefold()
    clocks = [found for found in _TIME.finditer(text) if found[3]] or list(_TIME.finditer(text))
    if not clocks:
        return None
    found = clocks[-1]
    day = text[: found.start()] if _NUMBER.search(text[: found.start()]) else text[found.end() :]
    clock = (int(found[1]), int(found[2]), int(found[3] or 0))
    words = _WORD.findall(day)
    return _Date(
        tuple(map(int, _NUMBER.findall(day))),
        (*words, "".join(words)),
        clock,
        _is_afternoon(text, found),
    )


def _is_afternoon(text: str, clock: re.Match[str]) -> bool | None:
    """What stands behind the clock, a zone behind it aside, or in front of it in the east of
    Asia.
    """
    after = _WORD.findall(text[clock.end() :])
    known = _halves(_LANGUAGES)
    half = next(
        (
            known[word]
            for many in range(len(after), 0, -1)
            if (word := "".join(after[:many])) in known
        ),
        None,
    )
    before = "".join(_WORD.findall(_NUMBER.split(text[: clock.start()])[-1]))
    return half if half is not None else _halves(_EAST_ASIAN).get(before.removeprefix("日"))


def _is_month_first(dates: Sequence[_Date]) -> bool:
    """Whether 5/3 is a day in May: one date beyond the twelfth says it for all; else only who
    writes a.m. and p.m. has it so.
    """
    if any(date.numbers[0] > 12 for date in dates):
        return False
    return any(date.numbers[1] > 12 for date in dates) or any(
        date.afternoon is not None for date in dates
    )


def _language(rows: Sequence[tuple[str, ...]]) -> Mapping[str, int]:
    """The months of the language that knows a month in most of the rows."""
    best, most = _months(_LANGUAGES[0]), 0
    words = dict.fromkeys(rows)
    for language in _LANGUAGES:
        months = _months(language)
        known = sum(1 for row in words if any(word in months for word in row))
        if known > most:
            best, most = months, known
        if most == len(words):
            break
    return best


@lru_cache(maxsize=64)
def _months(language: str) -> Mapping[str, int]:
    """Every word of a language for one month, in whole, cut short, and run together where its name
    is of several ("ม.ค.").
    """
    from babel import Locale

    whole: dict[str, set[int]] = {}
    cut: dict[str, set[int]] = {}
    for forms in Locale.parse(language).months.values():
        for width in ("wide", "abbreviated"):
            for number, name in forms[width].items():
                words = _WORD.findall(unicodedata.normalize("NFKC", name).casefold())
                for word in (*words, "".join(words)):
                    whole.setdefault(word, set()).add(number)
                    for length in range(3, len(word)):
                        cut.setdefault(word[:length], set()).add(number)
    # "de" stands before every month of a Catalan, and means none of them.
    return {
        word: min(numbers)
        for known in (cut, whole)
        for word, numbers in known.items()
        if len(numbers) == 1
    }


@lru_cache(maxsize=8)
def _halves(languages: tuple[str, ...]) -> Mapping[str, bool]:
    """Words for the halves of the day: whether it is the second one; what means both in two
    languages is left out.
    """
    from babel import Locale

    found: dict[bool, set[str]] = {False: set(), True: set()}
    for language in languages:
        for widths in Locale.parse(language).day_periods.values():
            for names in widths.values():
                for period, half in {"am": False, "pm": True, **_periods(language)}.items():
                    found[half].add(
                        "".join(
                            _WORD.findall(
                                unicodedata.normalize("NFKC", names.get(period, "")).casefold()
                            )
                        )
                    )
    both = (found[False] & found[True]) | {""}
    return {word: half for half, words in found.items() for word in words - both}


def _periods(language: str) -> dict[str, bool]:
    """The finer parts of the day that the east of Asia writes (small hours, noon, evening): whether
    each lies in the second half.
    """
    from babel import Locale

    if language not in _EAST_ASIAN:
        return {}
    rules = Locale.parse(language).day_period_rules.get(None, {})
    return {
        period: rule["from"] >= _NOON_S
        for period, times in rules.items()
        for rule in times
        if "from" in rule
    }
