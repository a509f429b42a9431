"""Reads the entry points of every distribution of this environment, of which some may be broken,
and some name the same plugin.
"""

from __future__ import annotations

from importlib.metadata import distributions, entry_points
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import Place, PluginFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.errors import FitglueError


def all_entry_points(groups: Iterable[str]) -> tuple[list[Any], list[FitglueError]]:
    """Every entry point of these groups, and what is wrong with the distributions whose own cannot
    be read.
    """
    points: list[Any] = []
    try:
        by_group = entry_points()
        for group in groups:
            points += by_group.select(group=group)
    # One broken file in the environment: asked one by one, the others answer.
    except Exception:  # noqa: BLE001
        return _one_by_one()
    return points, []


def _one_by_one() -> tuple[list[Any], list[FitglueError]]:
    points: list[Any] = []
    errors: list[FitglueError] = []
    seen: set[str] = set()
    for distribution in distributions():
        try:
            name = distribution.metadata["Name"]
            if name not in seen:  # the first on the path is the one that is imported
                points += list(distribution.entry_points)
                seen.add(name)
        except Exception as error:  # noqa: BLE001 - whatever a broken file raises
            errors.append(_broken(distribution, error))
    return points, errors


def _broken(distribution: object, error: Exception) -> PluginFailed:
    path = str(getattr(distribution, "_path", "")) or None
    return PluginFailed(
        "FG-distribution-broken",
        "the entry points of an installed distribution cannot be read",
        at=Place(path),
        why=f"{type(error).__name__}: {str(error)[:200]}",
        fix="reinstall it, or remove it",
    )


def one_of_each_name(
    points: Iterable[Any], group: str
) -> tuple[dict[str, Any], list[FitglueError]]:
    """The entry points of a group by their names; of several the one that is called like its
    distribution, or else the first by name.
    """
    by_name: dict[str, list[Any]] = {}
    for point in points:
        if point.group == group:
            by_name.setdefault(point.name, []).append(point)
    chosen: dict[str, Any] = {}
    errors: list[FitglueError] = []
    for name, rivals in by_name.items():
        if len(rivals) > 1:  # else their owner need not be known, which reads a file of metadata
            rivals.sort(key=_precedence)
            errors.append(_left_out(rivals[0], rivals[1:]))
        chosen[name] = rivals[0]
    return chosen, errors


def _precedence(point: Any) -> tuple[bool, str, str]:
    owner = _owner(point)
    return owner != point.name, owner, point.value


def _left_out(chosen: Any, others: Sequence[Any]) -> PluginFailed:
    listed = ", ".join(map(_named, others))
    return PluginFailed(
        "FG-plugin-name-taken",
        f"{listed} is left out: {chosen.group} {chosen.name} is that of {_named(chosen)}",
        fix="remove one of the distributions, or tell its author to name the entry point like the "
        "distribution",
    )


def _named(point: Any) -> str:
    return f"{_owner(point)} ({point.value})"


def _owner(point: Any) -> str:
    """The name of the distribution that an entry point is part of."""
    try:
        return str(point.dist.name)
    except Exception:  # noqa: BLE001 - no distribution, or one whose metadata cannot be read
        return "?"
