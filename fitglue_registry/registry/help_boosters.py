"""The sections of a help article that only a booster has: what it gives, needs and can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.registry.entry import Entry


#: Kind → the sentence before the table of its settings.
_INTRODUCTIONS = {
    "enricher": "A pipeline can state these values for its booster; none of them is needed.",
    "destination": "A pipeline states these values in the `settings` of its destination.",
}


def given_by(entry: Entry) -> Iterator[str]:
    """Yield the table of what an enricher computes or changes."""
    if not entry.gives:
        return
    yield "| Value | Field | Notes |"
    yield "|---|---|---|"
    for given in entry.gives:
        yield _row(given.field, f"`{given.path}`", given.note)
    yield ""
    yield (
        "What it computes is stored beside the activity, is used only where no source states a "
        "value of its own, and is computed again when something that it needs has changed."
    )


def needed_by(entry: Entry) -> Iterator[str]:
    """Yield what an enricher needs of an activity and of its athlete."""
    if entry.kind != "enricher":
        return
    if entry.needs:
        yield f"- Of the activity, where it has them: {_codes(entry.needs)}"
    if entry.athlete_settings:
        commands = [f"fitglue settings {key.replace('_', '-')}" for key in entry.athlete_settings]
        yield f"- Of the athlete, for the day of the activity: {_codes(commands)}"


def settings_of(entry: Entry) -> Iterator[str]:
    """Yield the table of what a pipeline can tell an enricher or a destination."""
    if entry.kind not in _INTRODUCTIONS or not entry.settings:
        return
    yield _INTRODUCTIONS[entry.kind]
    yield ""
    yield "| Setting | Meaning | Default |"
    yield "|---|---|---|"
    for setting in entry.settings:
        meaning = f"{setting.label}. {setting.help}".strip()
        default = f"`{setting.default}`" if setting.default else ""
        yield _row(f"`{setting.name}`", meaning, default)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(*cells: str) -> str:
    # A pipe in a text would begin another cell.
    row = " | ".join(cell.replace("|", "/") for cell in cells)
    return f"| {row} |".replace("|  |", "| |")
