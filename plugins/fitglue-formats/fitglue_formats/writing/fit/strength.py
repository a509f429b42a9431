"""The sets of strength training as messages, and the names of their exercises."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats.writing.fit.fields import put, put_all
from fitglue_formats.writing.fit.leg import seconds_of
from fitglue_formats.writing.fit.sdk import SET, numbers_of
from fitglue_formats.writing.texts import cut_to_bytes, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_formats.writing.fit.sdk import Message
    from fitglue_registry.model import StrengthSet

#: FIT profile, type ``exercise_category``: the category of an exercise that it does not know.
_UNKNOWN = "unknown"
_SUFFIX = "_exercise_name"
_LONGEST_TITLE = 100
_REST = "rest"


class Exercise(NamedTuple):
    """An exercise by its category and its number in the category."""

    category: str
    number: int


@cache
def _known_exercises() -> Mapping[str, Exercise]:
    """Return the exercises of the profile by their names, without case and separators."""
    exercises: dict[str, Exercise] = {}
    for category in numbers_of("exercise_category"):
        for name, number in numbers_of(category + _SUFFIX).items():
            exercises.setdefault(_folded(name), Exercise(category, number))
    return exercises


def _folded(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


class Exercises:
    """The exercises of a file; those that the profile does not know get a number of their own."""

    def __init__(self) -> None:
        self._by_name: dict[str, Exercise] = {}
        self._titles: dict[Exercise, str] = {}

    def of(self, name: str) -> Exercise:
        """Return the exercise with a name."""
        if name not in self._by_name:
            known = _known_exercises().get(_folded(name))
            # Two spellings of one exercise each keep their own.
            if known is None or known in self._titles:
                known = Exercise(_UNKNOWN, len(self._by_name))
            self._by_name[name] = known
            self._titles[known] = name
        return self._by_name[name]

    def titles(self) -> list[Message]:
        """Return the messages with the names of all exercises, as the athlete wrote them."""
        messages: list[Message] = []
        for index, (exercise, title) in enumerate(self._titles.items()):
            message: Message = {
                "message_index": index,
                "exercise_category": exercise.category,
                "exercise_name": exercise.number,
                "wkt_step_name": cut_to_bytes(one_line(title) or "?", _LONGEST_TITLE),
            }
            messages.append(message)
        return messages


def set_messages(
    sets: Sequence[StrengthSet],
    exercises: Exercises,
) -> list[Message]:
    """Return the messages of the sets of a leg.

    Args:
        sets: The sets.
        exercises: The exercises of the file, to which those of the sets are added.
    """
    return [_message(index, performed, exercises) for index, performed in enumerate(sets)]


def _message(
    index: int,
    performed: StrengthSet,
    exercises: Exercises,
) -> Message:
    message: Message = {}
    put(
        message,
        SET,
        "message_index",
        index,
    )
    if performed.start_utc is not None:
        at = seconds_of(performed.start_utc)
        put(
            message,
            SET,
            "start_time",
            at,
        )
        put(
            message,
            SET,
            "timestamp",
            at + round(performed.elapsed_s or 0.0),
        )
    put(
        message,
        SET,
        "duration",
        performed.elapsed_s,
    )
    if performed.kind == _REST:
        message["set_type"] = _REST
        return message
    message["set_type"] = "active"
    put_all(
        message,
        SET,
        [("repetitions", performed.reps), ("weight", performed.weight_kg)],
    )
    exercise = exercises.of(performed.exercise)
    message["category"] = exercise.category
    message["category_subtype"] = exercise.number
    return message
