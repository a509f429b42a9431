"""Prints what a pipeline would do with workouts, one line for each, without sending anything."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fitglue_registry.cli.layout import DETAIL, NEXT_STEP, Hanging
from fitglue_registry.cli.text import count, short_title
from fitglue_registry.services.events import event_as_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.services.events import ActivityDecided

#: The outcomes of a step, as the events have them.
PLANNED = "planned"
_TAKEN = "taken"


class Preview:
    """What a pipeline would do with several workouts."""

    def __init__(self) -> None:
        self.workouts = 0
        self.sent = 0
        self.by_destination: Counter[str] = Counter()

    def take(self, decided: ActivityDecided) -> None:
        """Count what was decided about a workout."""
        self.workouts += 1
        planned = [step["step"] for step in decided.steps if step["outcome"] == PLANNED]
        self.sent += bool(planned)
        self.by_destination.update(planned)

    @property
    def places(self) -> str:
        """Where how much would be sent, such as ``12 to icu and 13 to disk``."""
        texts = [f"{number:,} to {name}" for name, number in self.by_destination.items()]
        return ", ".join(texts)


def show_preview(cli: CliContext, decisions: Iterable[ActivityDecided]) -> None:
    """Print one line for each workout, and how many would be sent."""
    preview = Preview()
    for decided in decisions:
        preview.take(decided)
        if cli.as_json:
            cli.lines([event_as_json(decided)])
        else:
            cli.show(line_of(decided))
    if preview.workouts == 0:
        cli.note("There is no workout on these days.")
        return
    would = preview.places or "nothing would be sent"
    of = f"{preview.sent:,} of {count(preview.workouts, 'workout')}"
    cli.note(f"{of} would be sent or changed: {would}. Nothing was sent.")


def line_of(decided: ActivityDecided) -> Hanging:
    """Return the line about one workout: what would be done, or why nothing would."""
    is_planned = any(step["outcome"] == PLANNED for step in decided.steps)
    said = [f"{step['step']}: {step['what']}" for step in decided.steps if _is_told(step)]
    number = f"{decided.number}  " if decided.number else ""
    workout = f"{number}{decided.day or ''}  {short_title(decided.title)}"
    return Hanging(
        NEXT_STEP if is_planned else DETAIL,
        f"{workout} – {'; '.join(said)}",
        indent=0,
    )


def _is_told(step: object) -> bool:
    """Return whether a step is worth words: that a filter took a workout is not."""
    return not (isinstance(step, dict) and step["outcome"] == _TAKEN)
