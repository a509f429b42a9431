"""Parsing of a column of dates in any language and order.

A single date can be ambiguous (5/3/2026, or the abbreviation of a month), so the whole column
decides.
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

#: Languages in CLDR, those of Strava first. In some pairs, one word means different months ("lis"
#: is November in Polish and October in Croatian); the earlier language wins.
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
#: A time of day with colons, points, or the East Asian characters for hour and minute.
_TIME = re.compile(
    r"(?<!\d)(\d{1,2})(?:[:.]|\s?[時时시]\s?)(\d{2})(?:(?:[:.]|\s?[分분]\s?)(\d{2}))?(?!\d)"
)
_NUMBER = re.compile(r"\d+")
#: Python's ``\w`` does not match Thai vowel and tone marks, which distinguish January from March.
_WORD = re.compile(r"(?:[^\W\d_]|[\u0e31-\u0e4e])+")
#: These years are in the Buddhist calendar, which Thai dates use and which is 543 years ahead: 1900
#: to 2156. No workout is of any other year above them.
_BUDDHIST = range(2443, 2700)
_BUDDHIST_OFFSET = 543
_NOON_S = 12 * 3600
#: The characters of the longest text that can be a date.
_LONGEST = 100


class _DateText(NamedTuple):
    """The text of one date, split into the numbers and words of the day, the time of day, and
    whether it says a.m. (``False``) or p.m. (``True``).
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


def _hour_of_day(hour: int, *, afternoon: bool) -> int:
    """Return the hour of a 24-hour clock; an hour above 12 is already in that form."""
    if hour > 12:
        return hour
    hour %= 12  # 12 a.m. is midnight, and 12 p.m. noon
    if afternoon:
        hour += 12
    return hour


class DateColumn:
    """The dates of one column, which are in UTC.

    Args:
        texts: All texts of the column.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        with_words = []
        with_numbers = []
        for date in filter(None, map(_parsed, texts)):
            if len(date.numbers) == 2:
                with_words.append(date)
            elif len(date.numbers) == 3:
                with_numbers.append(date)
        self._months = _months_of(with_words)
        self._month_first = _is_month_first(with_numbers)

    def read(self, text: str) -> datetime | None:
        """Return the time of one text in UTC, or ``None`` if it cannot be understood."""
        date = _parsed(text)
        if date is None:
            return None
        day = self._day(date)
        if day is None or day.year < 1000:
            return None
        if day.year in _BUDDHIST:
            day = day._replace(year=day.year - _BUDDHIST_OFFSET)
        hour, minute, second = date.clock
        if date.afternoon is not None:
            hour = _hour_of_day(hour, afternoon=date.afternoon)
        try:
            return datetime(*day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None

    def _day(self, date: _DateText) -> _Day | None:
        """Return the day of a date; two numbers mean that the month is a word, and three that it is
        not.
        """
        match date.numbers:
            case first, second:
                return self._day_in_words(first, second, date.words)
            case first, second, third if first > 31:  # the year comes first
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
        """Return the day of a date whose month is a word."""
        months = filter(None, map(self._months.get, words))
        month = next(months, None)
        if month is None:
            return None
        if first > 31:
            return _Day(first, month, second)
        return _Day(second, month, first)


# -- one text --------------------------------------------------------------------------------------


def _parsed(text: str) -> _DateText | None:
    """Split the text of one date, or return ``None`` if it has no time of day or is no date."""
    if len(text) > _LONGEST:
        return None
    text = _folded(text)
    clock = _clock(text)
    if clock is None:
        return None
    hour, minute, second = clock.groups()
    # Most languages write the day before the time; Vietnamese writes it after.
    day = text[: clock.start()]
    if not _NUMBER.search(day):
        day = text[clock.end() :]
    words = _WORD.findall(day)
    return _DateText(
        numbers=tuple(map(int, _NUMBER.findall(day))),
        words=(*words, "".join(words)),
        clock=(int(hour), int(minute), int(second or 0)),
        afternoon=_is_afternoon(text, clock),
    )


def _folded(text: str) -> str:
    """Return the text in lower case, with compatible forms unified and invisible characters
    removed.

    The invisible ones are marks for the direction of writing.
    """
    letters = unicodedata.normalize("NFKC", text)
    visible = [letter for letter in letters if unicodedata.category(letter) != "Cf"]
    return "".join(visible).casefold()


def _clock(text: str) -> re.Match[str] | None:
    """Return the time of day: the last one with seconds, or else the last one."""
    clocks = list(_TIME.finditer(text))
    with_seconds = [clock for clock in clocks if clock[3]]
    candidates = with_seconds or clocks
    if not candidates:
        return None
    return candidates[-1]


def _is_afternoon(text: str, clock: re.Match[str]) -> bool | None:
    """Return whether the text says a.m. or p.m., or ``None`` if it says neither.

    The words follow the time, possibly before the name of a zone; in East Asian languages they
    precede it.
    """
    after = _WORD.findall(text[clock.end() :])
    halves = _day_halves(_LANGUAGES)
    for count in range(len(after), 0, -1):
        word = "".join(after[:count])
        if word in halves:
            return halves[word]
    before = text[: clock.start()]
    last = _NUMBER.split(before)[-1]
    word = "".join(_WORD.findall(last))
    # "日" marks the day of the month, and directly precedes the part of the day.
    return _day_halves(_EAST_ASIAN).get(word.removeprefix("日"))


# -- the column ------------------------------------------------------------------------------------


def _is_month_first(dates: Sequence[_DateText]) -> bool:
    """Return whether 5/3 is a day in May.

    One number above 12 decides it for the whole column. If there is none, the month comes first in
    columns with a.m. and p.m., because that is the American order.
    """
    if any(date.numbers[0] > 12 for date in dates):
        return False
    if any(date.numbers[1] > 12 for date in dates):
        return True
    return any(date.afternoon is not None for date in dates)


def _months_of(dates: Sequence[_DateText]) -> Mapping[str, int]:
    """Return the months of the language whose words occur in most of the dates."""
    rows = {date.words for date in dates}
    best = _months(_LANGUAGES[0])
    most = 0
    for language in _LANGUAGES:
        months = _months(language)
        # "More", not "at least as many": among equal languages, the first one wins.
        known = sum(not months.keys().isdisjoint(words) for words in rows)
        if known > most:
            best = months
            most = known
        if most == len(rows):
            break
    return best


# -- words of a language ---------------------------------------------------------------------------


def _locale(language: str) -> Locale:
    """Return the CLDR data of a language."""
    return Locale.parse(language)


@lru_cache(maxsize=64)
def _months(language: str) -> Mapping[str, int]:
    """Return the number of the month for each word of a language that means a single month.

    The words are the names of the months in full, all their abbreviations of three letters or more,
    and the words of a longer name joined together ("ม.ค.").
    """
    full: dict[str, set[int]] = defaultdict(set)
    abbreviated: dict[str, set[int]] = defaultdict(set)
    for number, name in _month_names(language):
        words = _words(name)
        for word in (*words, "".join(words)):
            full[word].add(number)
            for length in range(3, len(word)):
                abbreviated[word[:length]].add(number)
    return _unambiguous(abbreviated) | _unambiguous(full)


def _month_names(language: str) -> Iterator[tuple[int, str]]:
    """Yield the number and name of each month in all forms that a language has."""
    for forms in _locale(language).months.values():
        yield from forms["wide"].items()
        yield from forms["abbreviated"].items()


def _unambiguous(months: Mapping[str, set[int]]) -> dict[str, int]:
    """Return the words that belong to a single month.

    In Catalan, for example, "de" precedes the name of every month and means none of them.
    """
    return {word: min(numbers) for word, numbers in months.items() if len(numbers) == 1}


@lru_cache(maxsize=8)
def _day_halves(languages: tuple[str, ...]) -> Mapping[str, bool]:
    """Return the words for the halves of the day: whether they mean the second half.

    Words that mean different halves in two of the languages are left out.
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
    """Yield the names of the parts of the day, for each context and width in CLDR."""
    for widths in _locale(language).day_periods.values():
        yield from widths.values()


def _periods(language: str) -> dict[str, bool]:
    """Return the finer parts of the day that East Asian languages write, such as "evening": whether
    each of them is in the second half.
    """
    periods: dict[str, bool] = {}
    if language not in _EAST_ASIAN:
        return periods
    rules = _locale(language).day_period_rules.get(None, {})
    for period, times in rules.items():
        for rule in times:
            if "from" in rule:  # seconds after midnight; noon itself has "at"
                periods[period] = rule["from"] >= _NOON_S
    return periods


def _words(name: str) -> list[str]:
    """Return the words of a name, folded like the text of a date."""
    return _WORD.findall(unicodedata.normalize("NFKC", name).casefold())
