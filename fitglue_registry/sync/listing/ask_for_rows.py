"""Asks a plugin for the rows of one window, also where it wants to be asked in smaller ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.plugin_api import Listing, Split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.plugin_api import Window
    from fitglue_registry.sync.context import SyncContext

#: So often may a plugin split a window into pieces, and a piece into smaller ones.
_DEEPEST_SPLIT = 3
_HOOK = "fitglue_list"


def rows_of(context: SyncContext, window: Window) -> list[Listing]:
    """The rows of a window, each record once."""
    rows: dict[str, Listing] = {}
    for row in _rows(context, window, _DEEPEST_SPLIT):
        rows.setdefault(row.external_id, row)
    return list(rows.values())


def _rows(
    context: SyncContext,
    window: Window,
    depth: int,
) -> Iterator[Listing]:
    """A window that is still too much is listed in the pieces that the plugin asks for, whose seams
    may show a row twice.
    """
    for item in ask_for_rows(context, window):
        if isinstance(item, Listing):
            yield item
        elif depth == 0:
            what = "with a Split of what it split again and again"
            raise context.plugin.refuse(_HOOK, what)
        else:
            for piece in item.windows:
                yield from _rows(context, piece, depth - 1)


def ask_for_rows(context: SyncContext, window: Window) -> Iterator[Listing | Split]:
    """The rows of a window, or the one ``Split`` that the plugin answers in their place.

    An external id is what a record is known by for ever, so it comes once.
    """
    answers = context.plugin.iterate(_HOOK, [{"connection": context.view, "window": window}])
    seen: set[str] = set()
    split = False
    for _, item in answers:
        if isinstance(item, FitglueError):
            raise item
        if split or (isinstance(item, Split) and seen):
            what = "with a Split beside other items, which must stand alone"
            raise context.plugin.refuse(_HOOK, what)
        if isinstance(item, Split):
            split = True
        elif item.external_id in seen:
            what = f"with {item.external_id!r} twice in one window"
            raise context.plugin.refuse(_HOOK, what)
        else:
            seen.add(item.external_id)
        yield item
