"""The rules for a pipeline that a schema cannot express."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from fitglue_registry.model import SPORTS
from fitglue_registry.pipeline.conversion import seconds_of
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.validation.violation import KeyPath

LONGEST_WAIT_S = 7 * 86_400
"""The longest time that a workout can wait for its copies, in seconds."""

SPORT_NAMES = frozenset(SPORTS) | frozenset(SPORTS.values())
"""What a filter can name as a sport: sports and their families."""


def pipeline_flaws(document: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield every flaw of a document that meets the schema.

    Args:
        document: Plain value of the document.
    """
    yield from _wait(document)
    yield from _names(document)
    for path, key, value in _conditions(document):
        if key == "sport":
            yield from _sports(path, value)
        elif key == "dates":
            yield from _dates(path, value)
        elif isinstance(value, Mapping):
            yield from _range(path, value)


def _wait(document: Mapping[str, Any]) -> Iterator[Flaw]:
    wait = document.get("wait")
    if wait is not None and seconds_of(wait) > LONGEST_WAIT_S:
        yield Flaw(
            "FG-pipeline-wait",
            ("wait",),
            f"{wait} is longer than 7 days",
            "a workout that waits longer for its copies is sent too late to be of use",
            "shorten it, or remove it to wait until all connections were synced",
        )


def _names(document: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield a flaw for each destination whose name another one has already."""
    first: dict[str, int] = {}
    for number, step in enumerate(document["destinations"]):
        # Without a name, a step has the id of its destination as its name.
        key = next(key for key in ("name", "to") if key in step)
        name = step[key]
        if first.setdefault(name, number) == number:
            continue
        yield Flaw(
            "FG-pipeline-name-twice",
            ("destinations", number, key),
            f"two destinations have the name {name}",
            f"destinations[{first[name]}] already has it, and deliveries are kept under this name",
            f"give one of them another name, such as {name}-2",
        )


# -- conditions ------------------------------------------------------------------------------------


def _conditions(document: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str, Any]]:
    """Yield the path, the key and the value of each single condition of the filter."""
    wanted = document.get("filter", {})
    todo: list[tuple[KeyPath, Mapping[str, Any]]] = [(("filter",), wanted)]
    while todo:
        path, condition = todo.pop()
        for key, value in condition.items():
            here = (*path, key)
            if key == "not":
                todo.append((here, value))
            elif key in ("all", "any"):
                for number, part in enumerate(value):
                    todo.append(((*here, number), part))
            else:
                yield here, key, value


def _sports(path: KeyPath, value: Any) -> Iterator[Flaw]:
    if isinstance(value, str):
        yield from _sport(path, value)
        return
    for number, name in enumerate(value):
        yield from _sport((*path, number), name)


def _sport(path: KeyPath, name: str) -> Iterator[Flaw]:
    if name in SPORT_NAMES:
        return
    near = nearest(name, sorted(SPORT_NAMES))
    fix = "docs/pipelines-reference.md lists them"
    if near:
        fix = f"did you mean {near}?"
    yield Flaw(
        "FG-pipeline-unknown-sport",
        path,
        f"{name!r} is neither a sport nor a family of sports",
        fix=fix,
    )


def _range(path: KeyPath, value: Mapping[str, Any]) -> Iterator[Flaw]:
    minimum = value.get("min", 0)
    maximum = value.get("max", math.inf)
    if minimum > maximum:
        yield _empty_range(path, minimum, maximum)


def _dates(path: KeyPath, value: Mapping[str, str]) -> Iterator[Flaw]:
    for key, day in value.items():
        if not _exists(day):
            yield Flaw(
                "FG-pipeline-no-such-day",
                (*path, key),
                f"the day {day} does not exist",
            )
    # Days as text are in the order of the days.
    since = value.get("since", "")
    until = value.get("until", "~")
    if since > until:
        yield _empty_range(path, since, until)


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _empty_range(
    path: KeyPath,
    first: object,
    last: object,
) -> Flaw:
    return Flaw(
        "FG-pipeline-empty-range",
        path,
        f"nothing is from {first} to {last}",
        "the first value is larger than the last one",
        "exchange the two values, or remove one of them",
    )
