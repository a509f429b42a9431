"""Reads a column of dates in whatever language and order a service wrote them; what one date leaves
open, the column decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from babel import Locale

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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
_NUMBER = re.compile(r"\d+")
#: Thai vowels and tones are no letters to Python, and tell January from March.
_WORD = re.compile(r"(?:[^\W\d_]|[\u0e31-\u0e4e])+")
#: The Buddhist calendar is 543 years ahead.
_BUDDHIST = 2400
_AHEAD = 543
_NOON_S = 12 * 3600


class _Text(NamedTuple):
    """The text of one date, taken apart: numbers and words of the day, the clock, and whether it
    said a.m. or p.m.
    """

    numbers: tuple[int, ...]
    words: tuple[str, ...]
    clock: tuple[int, int, int]
    afternoon: bool | None


class _Day(NamedTuple):
    """A day of the calendar."""

    year: int
    month: int
    day: int


class DateColumn:
    """The dates of one column; ``read`` gives UTC, which is what they are in."""

    def __init__(self, texts: Iterable[str]) -> None:
        dates = list(filter(None, map(_taken_apart, texts)))
        self._months = _months_of([date for date in dates if len(date.numbers) == 2])
        self._month_first = _is_month_first([date for date in dates if len(date.numbers) == 3])

    def read(self, text: str) -> datetime | None:
        """The moment, or ``None`` where it cannot be understood."""
        date = _taken_apart(text)
        if date is None:
            return None
        day = self._day(date)
        if day is None or day.year < 1000:
            return None
        if day.year > _BUDDHIST:
            day = day._replace(year=day.year - _AHEAD)
        hour, minute, second = date.clock
        if date.afternoon is not None and hour <= 12:
            hour %= 12
            if date.afternoon:
                hour += 12
        try:
            return datetime(*day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None

    def _day(self, date: _Text) -> _Day | None:
        match date.numbers:
            case first, second:
                return self._day_in_words(first, second, date.words)
            case first, second, third if first > 31:
                return _Day(first, second, third)
            case first, second, third if self._month_first:
                return _Day(third, first, second)
            case first, second, third:
                return _Day(third, second, first)
            case _:
                return None

    def _day_in_words(
        self,
        first: int,
        second: int,
        words: Iterable[str],
    ) -> _Day | None:
        """A day whose month is a word."""
        months = filter(None, map(self._months.get, words))
        month = next(months, None)
        if month is None:
            return None
        if first > 31:
            return _Day(first, month, second)
        return _Day(second, month, first)


# -- one text --------------------------------------------------------------------------------------


def _taken_apart(text: str) -> _Text | None:
    text = _folded(text)
    clock = _clock(text)
    if clock is None:
        return None
    hour, minute, second = clock.groups()
    day = text[: clock.start()]
    if not _NUMBER.search(day):
        day = text[clock.end() :]
    words = _WORD.findall(day)
    return _Text(
        numbers=tuple(map(int, _NUMBER.findall(day))),
        words=(*words, "".join(words)),
        clock=(int(hour), int(minute), int(second or 0)),
        afternoon=_is_afternoon(text, clock),
    )


def _folded(text: str) -> str:
    """The text without marks that only say in which direction it is written."""
    letters = unicodedata.normalize("NFKC", text)
    visible = [letter for letter in letters if unicodedata.category(letter) != "Cf"]
    return "".join(visible).casefold()


def _clock(text: str) -> re.Match[str] | None:
    """The time of day: the last one with seconds, else the last one."""
    clocks = list(_TIME.finditer(text))
    with_seconds = [clock for clock in clocks if clock[3]]
    found = with_seconds or clocks
    if not found:
        return None
    return found[-1]


def _is_afternoon(text: str, clock: re.Match[str]) -> bool | None:
    """What is said behind the clock, a zone behind it aside, or in front of it in the east of
    Asia.
    """
    after = _WORD.findall(text[clock.end() :])
    halves = _halves(_LANGUAGES)
    for count in range(len(after), 0, -1):
        word = "".join(after[:count])
        if word in halves:
            return halves[word]
    before = text[: clock.start()]
    last = _NUMBER.split(before)[-1]
    word = "".join(_WORD.findall(last))
    return _halves(_EAST_ASIAN).get(word.removeprefix("日"))


# -- the column ------------------------------------------------------------------------------------


def _is_month_first(dates: Sequence[_Text]) -> bool:
    """Whether 5/3 is a day in May: one date beyond the twelfth says it for all; else only who
    writes a.m. and p.m. has it so.
    """
    if any(date.numbers[0] > 12 for date in dates):
        return False
    if any(date.numbers[1] > 12 for date in dates):
        return True
    return any(date.afternoon is not None for date in dates)


def _months_of(dates: Sequence[_Text]) -> Mapping[str, int]:
    """The months of the language that knows a month in most of the dates."""
    rows = {date.words for date in dates}
    best = _months(_LANGUAGES[0])
    most = 0
    for language in _LANGUAGES:
        months = _months(language)
        known = sum(not months.keys().isdisjoint(words) for words in rows)
        if known > most:
            best = months
            most = known
        if most == len(rows):
            break
    return best


# -- words of a language ---------------------------------------------------------------------------


def _locale(language: str) -> Locale:
    """A language with its names for months and times of the day."""
    return Locale.parse(language)


@lru_cache(maxsize=64)
def _months(language: str) -> Mapping[str, int]:
    """Every word of a language for one month, in whole, cut short, and run together where its name
    is of several ("ม.ค.").
    """
    whole: dict[str, set[int]] = defaultdict(set)
    cut: dict[str, set[int]] = defaultdict(set)
    for number, name in _month_names(language):
        words = _words(name)
        for word in (*words, "".join(words)):
            whole[word].add(number)
            for length in range(3, len(word)):
                cut[word[:length]].add(number)
    return _of_one(cut) | _of_one(whole)


def _month_names(language: str) -> Iterator[tuple[int, str]]:
    for forms in _locale(language).months.values():
        yield from forms["wide"].items()
        yield from forms["abbreviated"].items()


def _of_one(months: Mapping[str, set[int]]) -> dict[str, int]:
    """The words that are of one month: "de" is before every month of a Catalan, and means none of
    them.
    """
    return {word: min(numbers) for word, numbers in months.items() if len(numbers) == 1}


@lru_cache(maxsize=8)
def _halves(languages: tuple[str, ...]) -> Mapping[str, bool]:
    """Words for the halves of the day: whether it is the second one; what means both in two
    languages is left out.
    """
    words: dict[bool, set[str]] = {False: set(), True: set()}
    for language in languages:
        periods = {"am": False, "pm": True}
        periods |= _periods(language)
        for names in _period_names(language):
            for period, is_second in periods.items():
                word = "".join(_words(names.get(period, "")))
                words[is_second].add(word)
    unclear = words[False] & words[True]
    unclear.add("")
    halves = dict.fromkeys(words[False] - unclear, False)
    halves |= dict.fromkeys(words[True] - unclear, True)
    return halves


def _period_names(language: str) -> Iterator[Mapping[str, str]]:
    """The names of the parts of the day, in each context and width."""
    for widths in _locale(language).day_periods.values():
        yield from widths.values()


def _periods(language: str) -> dict[str, bool]:
    """The finer parts of the day that the east of Asia writes (small hours, noon, evening): whether
    each lies in the second half.
    """
    periods: dict[str, bool] = {}
    if language not in _EAST_ASIAN:
        return periods
    rules = _locale(language).day_period_rules.get(None, {})
    for period, times in rules.items():
        for rule in times:
            if "from" in rule:
                periods[period] = rule["from"] >= _NOON_S
    return periods


def _words(name: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", name).casefold())
