"""Names of files that are made from workouts by a template, and that every system accepts."""

from __future__ import annotations

import re
import unicodedata
from string import Formatter
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fitglue_registry.model import SourceActivity

FIELDS = {
    "date": "the local date, such as 2026-05-01",
    "time": "the local time of the start, such as 063000",
    "year": "the year, such as 2026",
    "month": "the month, such as 05",
    "day": "the day of the month, such as 01",
    "sport": "the sport, such as Ride",
    "title": "the title",
    "number": "the number of the activity",
}
"""The fields of a template, with what each of them becomes."""

DEFAULT_NAME = "{date}-{number}-{sport}"
"""The template of an export; the number makes the names distinct."""

#: Windows refuses these characters in a name; the slash is refused everywhere.
_REFUSED = re.compile(r'[<>:"/\\|?*]')
#: Invisible characters that reverse the direction of a text, by which a name can show another
#: ending than it has.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Windows gives these names to devices, with any ending.
_DEVICES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])\Z", re.IGNORECASE)
#: Most file systems accept 255 bytes. The rest is for an ending, and for numbers and temporary
#: names.
_LONGEST = 180
#: What an empty field leaves behind: separators beside each other, or at the ends.
_DOUBLED = re.compile(r"([-_ ])[-_ ]+")
_ENDS = "-_. ~"
_NAMELESS = "workout"


def check_template(template: str) -> None:
    """Refuse a template that names a field that does not exist, or that is no name of a file.

    Args:
        template: Text with fields in braces, such as ``{date}-{sport}``.

    Raises:
        UserMistake: FG-name-template.
    """
    for _ in _parts(template):
        pass


def name_fields(
    activity: SourceActivity,
    number: int | None = None,
) -> dict[str, str]:
    """Return the fields of a template for an activity; those that are unknown are left out.

    Args:
        activity: The activity.
        number: The number that the athlete types for it.
    """
    fields: dict[str, str] = {}
    start = activity.start_local or activity.start_utc
    if start is not None:
        fields["date"] = f"{start:%Y-%m-%d}"
        fields["year"], fields["month"], fields["day"] = fields["date"].split("-")
        if activity.start_precision != "day":
            fields["time"] = f"{start:%H%M%S}"
    if activity.sport is not None:
        fields["sport"] = activity.sport
    if activity.title is not None:
        fields["title"] = activity.title
    if number is not None:
        fields["number"] = str(number)
    return fields


def file_name(
    template: str,
    fields: Mapping[str, str],
    suffix: str,
) -> str:
    """Return the name of a file that every system accepts.

    Characters that a system refuses become hyphens, and a long name is cut. A field without a value
    becomes nothing, and so do the separators around it.

    Args:
        template: Text with fields in braces, such as ``{date}-{sport}``.
        fields: The values of the fields.
        suffix: The ending, such as ``.fit``.

    Raises:
        UserMistake: FG-name-template if the template is wrong.
    """
    parts = []
    for literal, field in _parts(template):
        parts.append(literal)
        if field is not None:
            parts.append(fields.get(field, ""))
    return _safe("".join(parts)) + suffix


def distinct_names(names: Iterable[str]) -> list[str]:
    """Return names of which no two are the same on any system; the order decides, so it is stable.

    The first file of a name keeps it, and the next ones get ``-2``, ``-3`` and so on before their
    endings. Systems that ignore case see ``Ride.fit`` and ``ride.fit`` as one name.

    Args:
        names: The names.
    """
    wanted = list(names)
    taken = {_folded(name) for name in wanted}
    given: set[str] = set()
    distinct = []
    for name in wanted:
        chosen = name
        if _folded(name) in given:
            chosen = next(other for other in _numbered(name) if _folded(other) not in taken)
            taken.add(_folded(chosen))
        given.add(_folded(chosen))
        distinct.append(chosen)
    return distinct


def _numbered(name: str) -> Iterator[str]:
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    number = 2
    while True:
        yield f"{stem}-{number}{dot}{ending}"
        number += 1


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


# -- templates -------------------------------------------------------------------------------------


def _parts(template: str) -> Iterator[tuple[str, str | None]]:
    """Yield the texts of a template, each with the field after it."""
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise _wrong(template, f"its braces do not match: {error}") from error
    if not template.strip():
        raise _wrong(template, "it is empty")
    for literal, field, form, conversion in parsed:
        if "/" in literal or "\\" in literal:
            raise _wrong(template, "it is a name of a file and contains no folders")
        if field is not None and (field not in FIELDS or form or conversion):
            raise _wrong(template, f"it has no field {{{field}}}")
        yield literal, field


def _wrong(template: str, why: str) -> UserMistake:
    listed = ", ".join(f"{{{name}}}" for name in FIELDS)
    return UserMistake(
        "FG-name-template",
        "the template for names of files cannot be used",
        at=Place(field=template[:100]),
        why=why,
        fix=f"use these fields: {listed}",
    )


# -- safe names ------------------------------------------------------------------------------------


def _safe(name: str) -> str:
    """Return a name without what a system refuses, and without what misleads people."""
    normalized = unicodedata.normalize("NFC", name)
    visible = "".join(map(_visible, normalized))
    hyphened = _REFUSED.sub("-", visible)
    joined = _DOUBLED.sub(r"\1", " ".join(hyphened.split()))
    cut = joined.strip(_ENDS).encode()[:_LONGEST].decode(errors="ignore")
    # The cut can leave a separator at the end, which Windows removes from a name.
    stem = cut.rstrip(_ENDS) or _NAMELESS
    if _DEVICES.match(stem.partition(".")[0].rstrip()):
        return f"_{stem}"
    return stem


def _visible(character: str) -> str:
    """Return a character, a blank for one that is none, or nothing for a change of direction."""
    if character in _DIRECTIONS:
        return ""
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return " "
    return character
