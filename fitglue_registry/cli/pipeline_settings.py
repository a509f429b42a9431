"""Reads the settings of destinations that ``fitglue pipeline new --set`` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.services.entries import Entry

    Settings = dict[str, dict[str, str]]


def settings_of(typed: Iterable[str], entries: Sequence[Entry]) -> Settings:
    """Return id of a destination → its settings.

    Args:
        typed: ``NAME=VALUE`` for each destination that has such a setting, or
            ``DESTINATION.NAME=VALUE`` for one of them.
        entries: The destinations of the pipeline.

    Raises:
        UserMistake: FG-usage for a wrong form, or if no destination has the setting.
    """
    settings: Settings = {}
    for text in typed:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserMistake(
                "FG-usage",
                "--set needs a name and a value",
                fix="write --set NAME=VALUE, such as --set path=~/Workouts",
            )
        found = list(_meant(name, entries))
        if not found:
            raise UserMistake(
                "FG-usage",
                f"no destination of the pipeline has a setting {name!r}",
                why=_known(entries),
                fix="leave it out, or name another setting",
            )
        for id_, field in found:
            settings.setdefault(id_, {})[field] = value
    return settings


def _meant(name: str, entries: Iterable[Entry]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        for field in entry.settings:
            if name in (field.name, f"{entry.id}.{field.name}"):
                yield entry.id, field.name


def _known(entries: Iterable[Entry]) -> str:
    names = [f"{entry.id}.{field.name}" for entry in entries for field in entry.settings]
    return f"their settings are {', '.join(names)}" if names else "they have no settings"
