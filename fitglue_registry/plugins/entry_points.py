"""Reads the entry points of all installed distributions, even if some are broken or conflict."""

from __future__ import annotations

from importlib.metadata import distributions, entry_points
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import Place, PluginFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.errors import FitglueError


def all_entry_points(groups: Iterable[str]) -> tuple[list[Any], list[FitglueError]]:
    """Return all entry points of these groups, and an error for each unreadable distribution."""
    points: list[Any] = []
    try:
        by_group = entry_points()
        for group in groups:
            points += by_group.select(group=group)
    # One broken metadata file makes the fast function fail for all distributions, so each
    # distribution is read on its own. The result may contain further groups.
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
            if name not in seen:  # the first distribution on sys.path is the one that is imported
                points += list(distribution.entry_points)
                seen.add(name)
        except Exception as error:  # noqa: BLE001 - a broken file may raise anything
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


def choose_by_name(points: Iterable[Any], group: str) -> tuple[dict[str, Any], list[FitglueError]]:
    """Return the entry points of a group by name, and an error for each name that occurs twice.

    Of several entry points with one name, the one that has the name of its distribution is chosen,
    otherwise the one whose distribution is first in alphabetical order.
    """
    by_name: dict[str, list[Any]] = {}
    for point in points:
        if point.group == group:
            by_name.setdefault(point.name, []).append(point)
    chosen: dict[str, Any] = {}
    errors: list[FitglueError] = []
    for name, rivals in by_name.items():
        if len(rivals) > 1:  # only then, because finding the distribution reads a metadata file
            rivals.sort(key=_precedence)
            errors.append(_ignored(rivals[0], rivals[1:]))
        chosen[name] = rivals[0]
    return chosen, errors


def _precedence(point: Any) -> tuple[bool, str, str]:
    owner = _owner(point)
    return owner != point.name, owner, point.value


def _ignored(chosen: Any, others: Sequence[Any]) -> PluginFailed:
    listed = ", ".join(map(_named, others))
    return PluginFailed(
        "FG-plugin-name-taken",
        f"{listed} is ignored, because {_named(chosen)} also provides {chosen.group} {chosen.name}",
        fix="remove one of the distributions, or ask its author to name the entry point like the "
        "distribution",
    )


def _named(point: Any) -> str:
    return f"{_owner(point)} ({point.value})"


def _owner(point: Any) -> str:
    """Return the name of the distribution that contains an entry point."""
    try:
        return str(point.dist.name)
    except Exception:  # noqa: BLE001 - it has no distribution, or one with unreadable metadata
        return "?"
