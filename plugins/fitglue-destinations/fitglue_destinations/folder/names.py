"""Makes the name of a file from a template: a name that every system accepts, in the folder."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fitglue_registry.plugin_api import Delivery

DEFAULT = "{date}-{sport}-{number}"
"""The template of a folder that states none."""

#: A system accepts 255 bytes; a number and the ending come after the name.
_LONGEST = 200
_FIELD = re.compile(r"\{([a-z]+)\}")
_UNTITLED = "untitled"
_UNDATED = "undated"
#: Characters that Windows or a shell gives a meaning; the slash separates folders everywhere.
_RESERVED = frozenset('/\\:*?"<>|{}')
#: Names of devices, which Windows opens in place of a file, with any ending.
_DEVICES = frozenset(
    (
        "con",
        "prn",
        "aux",
        "nul",
        *(f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789"),
    )
)


class BadTemplate(ValueError):
    """Raised for a template that leads to no file in the folder; the text says why."""


def file_name(template: str, delivery: Delivery) -> str:
    """Return the path of a file below its folder, without the ending.

    Args:
        template: The template; ``{date}``, ``{time}``, ``{year}``, ``{month}``, ``{day}``,
            ``{sport}``, ``{title}`` and ``{number}`` are replaced, and a slash begins a subfolder.
        delivery: The delivery, whose activity has the values.

    Raises:
        BadTemplate: A field is unknown, or a part of the template is empty or leads elsewhere.
    """
    values = _values(delivery)
    parts = []
    for part in template.split("/"):
        unknown = [name for name in _FIELD.findall(part) if name not in values]
        if unknown:
            raise BadTemplate(f"{{{unknown[0]}}} is not one of {', '.join(sorted(values))}")
        if part.strip() in ("", ".", ".."):
            raise BadTemplate("a part of the path is empty, or leads out of the folder")
        filled = _FIELD.sub(lambda match: values[match[1]], part)
        parts.append(safe_name(filled))
    return "/".join(parts)


def safe_name(text: str) -> str:
    """Return a text as the name of a file or a folder that every system accepts.

    Args:
        text: Any text, such as the title of a workout.
    """
    shown = [_safe(character) for character in unicodedata.normalize("NFC", text)]
    name = " ".join("".join(shown).split())
    # A dot at the beginning hides a file, and Windows removes dots and blanks at the end.
    name = _cut(name.lstrip(". ")).rstrip(". ")
    if name.partition(".")[0].strip().casefold() in _DEVICES:
        name = f"_{name}"
    return name or _UNTITLED


def _safe(character: str) -> str:
    """Return a character, or what takes its place in a name."""
    if character in _RESERVED:
        return "-"
    # Control characters, invisible ones that change the direction of a text, and surrogates.
    if character.isspace():
        return " "
    if unicodedata.category(character).startswith("C"):
        return ""
    return character


def _cut(name: str) -> str:
    """Return the beginning of a name, with whole characters."""
    # A character that is cut in its middle is no UTF-8, and is left out.
    return name.encode()[:_LONGEST].decode(errors="ignore")


def _values(delivery: Delivery) -> dict[str, str]:
    """Return the values of the fields, without anything that could be a path."""
    activity = delivery.activity
    # On the athlete's clock, by which people remember a workout.
    start = activity.start_local or activity.start_utc
    values = {
        "sport": activity.sport or "Other",
        "title": activity.title or _UNTITLED,
        "number": str(delivery.number),
        **_moments(start),
    }
    return {name: value.replace("/", "-") for name, value in values.items()}


def _moments(start: datetime | None) -> dict[str, str]:
    names = {"date": "%Y-%m-%d", "time": "%H%M%S", "year": "%Y", "month": "%m", "day": "%d"}
    if start is None:
        return dict.fromkeys(names, _UNDATED)
    return {name: start.strftime(form) for name, form in names.items()}
