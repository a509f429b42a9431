"""The options of a sync.

This module imports nothing at run time, because the command imports it to print its help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class Options:
    """What to sync; the default is everything that is due.

    Attributes:
        since: The first day to list, in the athlete's local time. A first sync also stores it as
            the horizon of the connection: later syncs leave out the history before it.
        until: The last day to list, included. With it, only these days are listed.
        full: Walk through the whole history, even if no full walk is due, and remove the horizon.
        streams: Fetch streams.
        files: Fetch original files, also of records that have never been asked for one (``True``),
            or none (``False``). ``None`` is what the athlete has chosen for the connection
            (``connections.choose``), or else what the entry says.
        dry_run: Report what a sync would do, and store nothing.
        confirm_deletions: Delete the records whose deletion an earlier sync has held, however many
            they are. For records that vanish in this sync, the limit holds as ever.
        leave: The resolved paths of files that are not read this time, because a program is still
            writing them.
    """

    since: date | None = None
    until: date | None = None
    full: bool = False
    streams: bool = True
    files: bool | None = None
    dry_run: bool = False
    confirm_deletions: bool = False
    leave: frozenset[str] = frozenset()

    def choice(self, option: str | None) -> bool | None:
        """Return whether this sync fetches the part of an option, or ``None`` if it does not say.

        Args:
            option: The option of the part, as its entry names it.
        """
        # A third party's entry can have options that no sync knows; those are only chosen.
        return self.files if option == "files" else None
