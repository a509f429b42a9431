"""Collects every kind of archive that this plugin reads, and says which archives there are among
some members.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from fitglue_files.archives import kinds
from fitglue_files.archives.archive_kind import Archive, ArchiveKind
from fitglue_files.layout import is_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_files.containers import Box
    from fitglue_files.layout import Layout
    from fitglue_files.members import Found


def collect_kinds() -> tuple[ArchiveKind, ...]:
    """The ``KIND`` of each module in the package ``kinds``, in the order that the kinds declare."""
    collected = []
    # Not a listing of the folder: the package may also lie in a zip.
    for module in pkgutil.iter_modules(kinds.__path__, f"{kinds.__name__}."):
        kind = getattr(import_module(module.name), "KIND", None)
        assert isinstance(kind, ArchiveKind), (
            f"{module.name} has no KIND that is an ArchiveKind; "
            f"a module that is no kind of archive does not belong in {kinds.__name__}"
        )
        collected.append(kind)
    return tuple(sorted(collected, key=_place))


def _place(kind: ArchiveKind) -> tuple[int, str]:
    return kind.order, kind.id


KINDS = collect_kinds()


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
