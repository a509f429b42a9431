"""Every kind of archive that this plugin reads, and which archives there are among some members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_files.archives import garmin, strava, trainingpeaks
from fitglue_files.archives.kind import Archive
from fitglue_files.layout import is_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_files.containers import Box
    from fitglue_files.layout import Layout
    from fitglue_files.members import Found

#: A new kind is a module of its own in this package, with its ``KIND`` named here.
KINDS = (
    strava.KIND,
    garmin.KIND,
    trainingpeaks.KIND,
)


def archives_in(box: Box, layout: Layout) -> list[Archive]:
    """Every archive among the members; of one that has several tables, one."""
    archives: dict[Archive, None] = {}
    for kind in KINDS:
        for root in kind.roots(box, layout):
            archives[Archive(kind, root)] = None
    return list(archives)


def outside(layout: Layout, archives: Sequence[Archive]) -> list[Found]:
    """What belongs to no archive."""
    return [member for member in layout.members if not is_in(archives, member)]
