"""Finds the function that writes a file format, among the entry points of all distributions.

The group is ``fitglue.formats``: the name of an entry point is the format, and its value a function
of an activity with its streams, and of a text that identifies the file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from fitglue_registry.errors import FitglueError, Place, PluginFailed, UserMistake
from fitglue_registry.plugins.entry_points import all_entry_points, choose_by_name

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity

GROUP = "fitglue.formats"
Writer: TypeAlias = Callable[["SourceActivity", str], bytes]


def writer_of(file_format: str) -> Writer:
    """Return the function that writes a format.

    Args:
        file_format: The name of the format, such as ``fit``.

    Raises:
        UserMistake: FG-format-unknown if no installed distribution writes it.
        PluginFailed: FG-format-broken if the function cannot be imported, or later if it fails.
    """
    points, _ = all_entry_points([GROUP])
    by_name, _ = choose_by_name(points, GROUP)
    point = by_name.get(file_format)
    if point is None:
        raise UserMistake(
            "FG-format-unknown",
            f"no installed distribution writes files of the format {file_format}",
            fix="pip install fitglue-formats"
            if not by_name
            else f"use one of these: {', '.join(sorted(by_name))}",
        )
    try:
        write: Callable[..., Any] = point.load()
    except Exception as error:
        raise _broken(point, error) from error
    return _guarded(point, write)


def _guarded(point: Any, write: Callable[..., Any]) -> Writer:
    """Return a writer whose failures name the entry point that it comes from."""

    def guarded(activity: SourceActivity, identity: str) -> bytes:
        try:
            content = write(activity, identity)
        except FitglueError:
            raise
        except Exception as error:
            raise _broken(point, error) from error
        if type(content) is not bytes:
            raise _broken(point, TypeError(f"it returned {type(content).__name__}, not bytes"))
        return content

    return guarded


def _broken(point: Any, error: Exception) -> PluginFailed:
    return PluginFailed(
        "FG-format-broken",
        f"the writer of the format {point.name} failed",
        at=Place(field=point.value),
        why=f"{type(error).__name__}: {str(error)[:200]}",
        fix="reinstall the distribution that contains it, or report this to its author",
    )
