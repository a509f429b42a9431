"""Asks a plugin for the rows of one window, in smaller windows if the plugin requests that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.plugin_api import Listing, Location, Split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.plugin_api import Window
    from fitglue_registry.sync.context import SyncContext

#: How many times a plugin may split a window and then its pieces. The limit stops a plugin that
#: answers every window with a split.
_MAX_SPLIT_DEPTH = 3
_HOOK = "fitglue_list"


def rows_of(context: SyncContext, window: Window) -> list[Listing]:
    """Return the rows of a window, with each record once.

    Raises:
        FitglueError: The plugin failed, or its answer breaks the rules of ``fitglue_list``.
    """
    rows: dict[str, Listing] = {}
    for row in _rows(context, window, _MAX_SPLIT_DEPTH):
        # Both ends of a window are included, so a record at the border of two pieces may be listed
        # in both.
        rows.setdefault(row.external_id, row)
    return list(rows.values())


def _rows(
    context: SyncContext,
    window: Window,
    depth: int,
) -> Iterator[Listing]:
    """Yield the rows of a window, or of the pieces into which the plugin splits it."""
    for item in ask_for_rows(context, window):
        if isinstance(item, Listing):
            yield item
        elif depth == 0:
            what = f"with a Split of a window that it had split {_MAX_SPLIT_DEPTH} times"
            raise context.plugin.refuse(_HOOK, what)
        else:
            for piece in item.windows:
                yield from _rows(context, piece, depth - 1)


def ask_for_rows(context: SyncContext, window: Window) -> Iterator[Listing | Split]:
    """Yield the rows of a window, or the single ``Split`` that the plugin yields instead of rows.

    Raises:
        FitglueError: The plugin failed, or its answer breaks the rules of ``fitglue_list``.
    """
    answers = context.plugin.iterate(_HOOK, [{"connection": context.view, "window": window}])
    seen: set[str] = set()
    split = False
    for _, item in answers:
        if isinstance(item, FitglueError):
            raise item
        if isinstance(item, Location):
            what = "with a Location, which is only for entries with the hook fitglue_read"
            raise context.plugin.refuse(_HOOK, what)
        # If a Split came with rows, it would be unclear whether these are all rows of the window,
        # and therefore whether other records of the window have vanished.
        if split or (isinstance(item, Split) and seen):
            what = "with a Split among other items; a Split must be the only item"
            raise context.plugin.refuse(_HOOK, what)
        if isinstance(item, Split):
            split = True
        # The external id is the key of a record, so two rows with one id would overwrite each
        # other, and every sync would see the record as changed.
        elif item.external_id in seen:
            what = f"with {item.external_id!r} twice in one window"
            raise context.plugin.refuse(_HOOK, what)
        else:
            _check_without(context, item)
            seen.add(item.external_id)
        yield item


def _check_without(context: SyncContext, row: Listing) -> None:
    fetched = {part.name for part in context.entry.parts if part.comes_from == "fetch"}
    for name in row.without:
        if name not in fetched:
            what = f"for {row.external_id!r} with a without that names {name!r}, which is no part "
            raise context.plugin.refuse(_HOOK, f"{what}that the entry fetches")
