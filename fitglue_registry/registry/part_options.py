"""Which parts a connection fetches: the parts of its source, and what the athlete has chosen.

An athlete can choose each part that has an ``option``. The choice is a setting of the connection
with the name of the option, so an entry need not declare it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from fitglue_registry.errors import Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.registry.entry import Entry

_TEXTS = {True: "yes", False: "no"}
_CHOICES = {
    "yes": True,
    "true": True,
    "on": True,
    "1": True,
    "no": False,
    "false": False,
    "off": False,
    "0": False,
}


def options_of(source: Entry) -> list[str]:
    """Return the names of the options with which an athlete chooses parts of a source."""
    options = []
    for part in source.parts:
        if part.option and part.comes_from == "fetch":
            options.append(part.option)
    return options


def choices_in(
    source: Entry,
    settings: Mapping[str, str],
) -> dict[str, bool]:
    """Return what an athlete has chosen: option → whether its part is fetched.

    Options that are not chosen are left out: the entry decides about their parts.

    Args:
        source: The entry of the source.
        settings: The settings of a connection. A value that another program has written is ignored
            if it means neither yes nor no.
    """
    choices = {}
    for option in options_of(source):
        text = settings.get(option, "")
        choice = _CHOICES.get(text.strip().lower())
        if choice is not None:
            choices[option] = choice
    return choices


def choice_texts(
    choices: Mapping[str, bool],
) -> dict[str, str]:
    """Return choices as they are stored in the settings of a connection."""
    return {option: _TEXTS[choice] for option, choice in choices.items()}


def read_choices(
    source: Entry,
    values: Mapping[str, str],
) -> dict[str, bool]:
    """Return the choices among values that somebody typed; empty ones are ignored.

    Args:
        source: The entry of the source.
        values: Name → its value.

    Raises:
        UserMistake: FG-field-refused if a value means neither yes nor no.
    """
    for option in options_of(source):
        text = values.get(option, "").strip()
        if text and text.lower() not in _CHOICES:
            raise UserMistake(
                "FG-field-refused",
                f"{option} does not have the right form",
                at=Place(field=option),
                why="it is neither yes nor no",
                fix=f"type {option}=yes or {option}=no",
            )
    return choices_in(source, values)


def with_choices(
    source: Entry,
    choices: Mapping[str, bool],
) -> Entry:
    """Return the entry of a source whose default parts are those that the athlete has chosen."""
    if not choices:
        return source
    parts = []
    for part in source.parts:
        default = choices.get(part.option or "", part.default)
        if default != part.default:
            part = replace(part, default=default)
        parts.append(part)
    return replace(source, parts=tuple(parts))


def refused_parts(
    source: Entry,
    choices: Mapping[str, bool],
) -> frozenset[str]:
    """Return the names of the parts that the athlete does not want."""
    refused = set()
    for part in source.parts:
        if part.option and choices.get(part.option) is False:
            refused.add(part.name)
    return frozenset(refused)
