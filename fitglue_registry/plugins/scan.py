"""Reads the entry points of every distribution of this environment, of which some may be broken,
and some name the same plugin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import Place, PluginFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.errors import FitglueError


def all_entry_points(groups: Iterable[str]) -> tuple[list[Any], list[FitglueError]]:
    """Every entry point of these groups, and what is wrong with the distributions whose own cannot
    be read.
    """
    from importlib.metadata import entry_points

    try:
        every = entry_points()
        return [point for group in groups for point in every.select(group=group)], []
    except Exception:  # noqa: BLE001 - one broken file in the environment: asked one by one, the others answer
        return _one_by_one()


def _one_by_one() -> tuple[list[Any], list[FitglueError]]:
    from importlib.metadata import distributions

    found: list[Any] = []
    errors: list[FitglueError] = []
    seen: set[str] = set()
    for distribution in distributions():
        path = str(getattr(distribution, "_path", "")) or None
        try:
            name = distribution.metadata["Name"]
            if name not in seen:  # the first on the path is the one that is imported
                found += list(distribution.entry_points)
                seen.add(name)
        except Exception as error:  # noqa: BLE001 - whatever a broken file raises
            errors.append(
                PluginFailed(
                    "FG-distribution-broken",
                    "the entry points of an installed distribution cannot be read",
                    at=Place(path),
                    why=f"{type(error).__name__}: {str(error)[:200]}",
                    fix="reinstall it, or remove it",
                )
            )
    return found, errors


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
    errors: list[FitglueError] = []
    for name, several in by_name.items():
        if len(several) > 1:
            several.sort(key=lambda point: (_owner(point) != name, _owner(point), point.value))
            others = ", ".join(f"{_owner(point)} ({point.value})" for point in several[1:])
            errors.append(
                PluginFailed(
                    "FG-plugin-name-taken",
                    f"{others} is left out: {group} {name} is that of {_owner(several[0])} "
                    f"({several[0].value})",
                    fix="remove one of the distributions, or tell its author to name the entry "
                    "point like the distribution",
                )
            )
    return {name: several[0] for name, several in by_name.items()}, errors


def _owner(point: Any) -> str:
    try:
        return str(point.dist.name)
    except Exception:  # noqa: BLE001 - no distribution, or one whose metadata cannot be read
        return "?"
